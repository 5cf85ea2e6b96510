-- What the pool and the migrations runner ask of the server itself.

-- name: durability
SELECT current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS full_page_writes,
       current_setting('synchronous_commit') AS synchronous_commit,
       role.rolname AS role,
       role.rolsuper AS superuser,
       role.rolbypassrls AS bypasses_row_security,
       EXISTS (
           SELECT FROM pg_shdepend AS owned
           WHERE owned.deptype = 'o'
             AND owned.refclassid = 'pg_authid'::regclass
             AND owned.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
             AND pg_has_role(role.oid, owned.refobjid, 'USAGE')
       ) AS owns_something
FROM pg_roles AS role
WHERE role.rolname = current_user;

-- name: lock_migrations
SELECT pg_advisory_lock(hashtextextended('ecm.schema_migrations', 0));

-- name: history_exists
SELECT to_regclass('schema_migrations') IS NOT NULL;

-- name: create_roles
-- Roles belong to the whole cluster, so another database's migrator may be making them at this moment.
DO $$
DECLARE
    wanted text;
    may_set text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['ecm_owner', 'ecm_service', 'ecm_intake'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        IF NOT pg_has_role(session_user, wanted, may_set) THEN
            EXECUTE format('GRANT %I TO %I', wanted, session_user);
        END IF;
    END LOOP;
    IF NOT has_schema_privilege('ecm_owner', 'public', 'CREATE') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO ecm_owner;
    END IF;
    IF NOT has_database_privilege('ecm_owner', current_database(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO ecm_owner', current_database());
    END IF;
END
$$;

-- name: create_history
CREATE TABLE schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL
);

-- name: grant_history
GRANT SELECT ON schema_migrations TO ecm_service;

-- name: applied_migrations
SELECT version, name, sha256 FROM schema_migrations ORDER BY version;

-- name: record_migration
INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4);
