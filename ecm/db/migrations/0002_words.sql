-- One word a thing: a branch is a provider's registered place of business and a location only where a phone was, what
-- intake remembers is reference data, and a carer is at home for a stay.
--
-- This renames in place: stop the version before, then start this one. No release has gone out that would need the
-- expand and contract pair.

ALTER TABLE locations RENAME TO branches;
ALTER TABLE branches RENAME COLUMN location_id TO branch_id;
ALTER TABLE branches RENAME CONSTRAINT locations_pkey TO branches_pkey;
ALTER TABLE branches RENAME CONSTRAINT locations_provider_id_fkey TO branches_provider_id_fkey;
ALTER TABLE carers RENAME COLUMN location_id TO branch_id;
ALTER TABLE carers RENAME CONSTRAINT carers_location_known TO carers_branch_known;
ALTER TABLE clients RENAME COLUMN location_id TO branch_id;
ALTER TABLE clients RENAME CONSTRAINT clients_location_known TO clients_branch_known;
ALTER TABLE alerts RENAME COLUMN location_id TO branch_id;
ALTER TABLE alerts RENAME CONSTRAINT alerts_location_known TO alerts_branch_known;
ALTER INDEX alerts_by_location RENAME TO alerts_by_branch;
ALTER TABLE candidates RENAME COLUMN location_id TO branch_id;

ALTER TABLE directory_versions RENAME TO reference_versions;
ALTER TABLE reference_versions RENAME CONSTRAINT directory_versions_pkey TO reference_versions_pkey;
ALTER TABLE reference_versions RENAME CONSTRAINT directory_versions_provider_id_fkey
    TO reference_versions_provider_id_fkey;

-- PostgreSQL 18 names what must not be null after its table and column; earlier ones do not name it.
DO $$
DECLARE
    named record;
    new_name text;
BEGIN
    FOR named IN
        SELECT conrelid::regclass AS rows_of, conname AS old_name
        FROM pg_constraint
        WHERE contype = 'n' AND conrelid IN (
            'branches'::regclass, 'carers'::regclass, 'clients'::regclass, 'alerts'::regclass, 'candidates'::regclass,
            'reference_versions'::regclass
        )
    LOOP
        new_name := regexp_replace(named.old_name, '^locations_', 'branches_');
        new_name := regexp_replace(new_name, '^directory_versions_', 'reference_versions_');
        new_name := regexp_replace(new_name, '_location_id_not_null$', '_branch_id_not_null');
        new_name := replace(new_name, 'cqc_branch_id', 'cqc_location_id');
        IF new_name <> named.old_name THEN
            EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', named.rows_of, named.old_name, new_name);
        END IF;
    END LOOP;
END
$$;

-- Member names are followed by a colon and texts inside the document hold no quotation mark, so this meets the member
-- only; as text, so that the next fold finds each document as it would write it.
UPDATE visits SET folded = replace(folded::text, ',"calls":[', ',"stays":[')::json;
