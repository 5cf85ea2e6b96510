-- Imports know other systems' column names, keep what was planned before they changed it, and have a history.

-- By another system's column names ours, or null for a column that is left out; one for each branch and kind of file.
CREATE TABLE import_mappings (
    provider_id uuid NOT NULL,
    branch_id text NOT NULL,
    kind text NOT NULL,
    columns jsonb NOT NULL,
    dates text,
    stored_at timestamptz NOT NULL,
    stored_by text NOT NULL,
    PRIMARY KEY (provider_id, branch_id, kind),
    CONSTRAINT import_mappings_branch_known FOREIGN KEY (provider_id, branch_id) REFERENCES branches
);

-- What was planned until `changed_at`. Written once: a plan that changes leaves what it was.
CREATE TABLE planned_visit_versions (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    change_id uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    reason text,
    client text NOT NULL,
    commission text,
    start_at timestamptz NOT NULL,
    minutes integer NOT NULL,
    carers text[] NOT NULL,
    carers_needed integer NOT NULL,
    cancelled text,
    PRIMARY KEY (provider_id, visit, change_id)
);

-- Every file that was stored; `undoes` names the import that this one took back.
CREATE TABLE imports (
    provider_id uuid NOT NULL,
    import_id uuid NOT NULL,
    kind text NOT NULL,
    file_name text,
    digest bytea NOT NULL,
    imported_at timestamptz NOT NULL,
    imported_by text NOT NULL,
    new integer NOT NULL,
    changed integer NOT NULL,
    unchanged integer NOT NULL,
    taken_off integer NOT NULL,
    undoes uuid,
    PRIMARY KEY (provider_id, import_id),
    CONSTRAINT imports_undone_once UNIQUE (provider_id, undoes)
);

-- What each import changed: the record before (null for a new one) and after, without names, addresses and places.
CREATE TABLE import_changes (
    provider_id uuid NOT NULL,
    import_id uuid NOT NULL,
    code text NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    PRIMARY KEY (provider_id, import_id, code),
    CONSTRAINT import_changes_import_known FOREIGN KEY (provider_id, import_id) REFERENCES imports
);

GRANT SELECT, INSERT, UPDATE ON import_mappings TO ecm_service;
GRANT SELECT, INSERT ON planned_visit_versions, imports, import_changes TO ecm_service;

DO $$
DECLARE
    rows_of text;
BEGIN
    FOREACH rows_of IN ARRAY ARRAY['import_mappings', 'planned_visit_versions', 'imports', 'import_changes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', rows_of);
        EXECUTE format(
            'CREATE POLICY own_provider ON %I TO ecm_service'
            ' USING (provider_id = nullif(current_setting(''ecm.provider_id'', true), '''')::uuid)',
            rows_of
        );
    END LOOP;
END
$$;
