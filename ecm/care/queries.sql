-- name: insert_council
INSERT INTO councils (council_id, name) VALUES ($1, $2)
ON CONFLICT (council_id) DO NOTHING
RETURNING true;

-- name: lock_council
SELECT name FROM councils WHERE council_id = $1 FOR NO KEY UPDATE;

-- name: rename_council
UPDATE councils SET name = $2 WHERE council_id = $1;

-- name: insert_contract
INSERT INTO contracts (council_id, contract, version, document, stored_at) VALUES ($1, $2, $3, $4::jsonb, $5)
ON CONFLICT (council_id, contract, version) DO NOTHING
RETURNING true;

-- name: contract_document
SELECT document::text FROM contracts WHERE council_id = $1 AND contract = $2 AND version = $3;

-- name: contract_documents
SELECT document::text FROM contracts ORDER BY council_id, contract, version;

-- name: council_contract_documents
SELECT document::text FROM contracts WHERE council_id = $1 ORDER BY contract, version;

-- name: clients_contract_documents
SELECT document::text FROM contracts
WHERE council_id IN (SELECT council_id FROM clients WHERE provider_id = $1)
ORDER BY council_id, contract, version;

-- name: insert_provider
INSERT INTO providers (provider_id, name, stored_at) VALUES ($1, $2, $3)
ON CONFLICT (provider_id) DO NOTHING
RETURNING true;

-- name: rename_provider
UPDATE providers SET name = $2 WHERE provider_id = $1;

-- name: provider
SELECT name, live_on FROM providers WHERE provider_id = $1;

-- name: set_live_on
UPDATE providers SET live_on = $2 WHERE provider_id = $1;

-- name: live_days
SELECT provider_id, live_on, stored_at FROM providers WHERE provider_id = ANY ($1::uuid[]);

-- name: branches
SELECT branch_id AS branch, name, cqc_provider_id AS cqc_provider, cqc_location_id AS cqc_location
FROM branches WHERE provider_id = $1 ORDER BY branch_id;

-- name: insert_tag_key
INSERT INTO provider_keys (provider_id, tag_key) VALUES ($1, $2) ON CONFLICT (provider_id) DO NOTHING;

-- name: upsert_branch
INSERT INTO branches (provider_id, branch_id, name, cqc_provider_id, cqc_location_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (provider_id, branch_id) DO UPDATE SET
    name = EXCLUDED.name, cqc_provider_id = EXCLUDED.cqc_provider_id, cqc_location_id = EXCLUDED.cqc_location_id;

-- name: providers
SELECT provider_id, name FROM providers ORDER BY name, provider_id;

-- name: council_providers
SELECT provider_id, name FROM providers
WHERE provider_id IN (SELECT provider_id FROM commissions WHERE council_id = $1)
ORDER BY name, provider_id;

-- name: insert_tag
INSERT INTO tags (provider_id, tag_id, kind, client, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (provider_id, tag_id) DO NOTHING
RETURNING true;

-- name: tag
SELECT tag_id, kind, client FROM tags WHERE provider_id = $1 AND tag_id = $2;

-- name: tag_key
SELECT tag_key FROM provider_keys WHERE provider_id = $1;

-- name: lock_provider
SELECT provider_id FROM providers WHERE provider_id = $1 FOR NO KEY UPDATE;

-- name: branch_codes
SELECT branch_id AS code FROM branches WHERE provider_id = $1;

-- name: carer_codes
SELECT carer AS code FROM carers WHERE provider_id = $1;

-- name: council_codes
SELECT council_id AS code FROM councils;

-- name: contract_codes
SELECT DISTINCT council_id, contract FROM contracts;

-- name: commission_clients
SELECT commission, client, carers FROM commissions WHERE provider_id = $1;

-- name: carers
SELECT carer AS code, branch_id AS branch FROM carers WHERE provider_id = $1 ORDER BY carer;

-- name: stored_carers
SELECT carer, branch_id FROM carers WHERE provider_id = $1 AND carer = ANY ($2::text[]);

-- name: stored_clients
SELECT client, branch_id, council_id, council_reference, lives_alone, lacks_capacity, name, address, postcode, uprn,
    coalesce(shape::text, '') AS shape
FROM clients
LEFT JOIN client_identities USING (provider_id, client)
LEFT JOIN fences USING (provider_id, client)
WHERE provider_id = $1 AND client = ANY ($2::text[]);

-- name: stored_commissions
SELECT commission, client, council_id, contract, service, start_date, end_date, days, start_time, minutes, carers,
    time_critical, short_visit_agreed
FROM commissions WHERE provider_id = $1 AND commission = ANY ($2::text[]);

-- name: stored_roster
SELECT visit, client, commission, start_at, minutes, carers, carers_needed, cancelled
FROM planned_visits WHERE provider_id = $1 AND visit = ANY ($2::text[]);

-- name: upsert_carers
INSERT INTO carers (provider_id, carer, branch_id)
SELECT $1, code, branch FROM jsonb_to_recordset($2::jsonb) AS given (code text, branch text)
ON CONFLICT (provider_id, carer) DO UPDATE SET branch_id = EXCLUDED.branch_id;

-- name: upsert_clients
INSERT INTO clients (provider_id, client, branch_id, council_id, council_reference, lives_alone, lacks_capacity)
SELECT $1, code, branch, council, council_reference, lives_alone, lacks_capacity
FROM jsonb_to_recordset($2::jsonb) AS given (
    code text, branch text, council text, council_reference text, lives_alone boolean, lacks_capacity boolean
)
ON CONFLICT (provider_id, client) DO UPDATE SET
    branch_id = EXCLUDED.branch_id, council_id = EXCLUDED.council_id,
    council_reference = EXCLUDED.council_reference, lives_alone = EXCLUDED.lives_alone,
    lacks_capacity = EXCLUDED.lacks_capacity;

-- name: upsert_client_identities
INSERT INTO client_identities (provider_id, client, name, address, postcode, uprn)
SELECT $1, code, name, address, postcode, uprn
FROM jsonb_to_recordset($2::jsonb) AS given (code text, name text, address text, postcode text, uprn text)
ON CONFLICT (provider_id, client) DO UPDATE SET
    name = EXCLUDED.name, address = EXCLUDED.address, postcode = EXCLUDED.postcode, uprn = EXCLUDED.uprn;

-- name: upsert_fences
INSERT INTO fences (provider_id, client, shape)
SELECT $1, code, fence::jsonb FROM jsonb_to_recordset($2::jsonb) AS given (code text, fence text)
ON CONFLICT (provider_id, client) DO UPDATE SET shape = EXCLUDED.shape;

-- name: upsert_commissions
INSERT INTO commissions (
    provider_id, commission, client, council_id, contract, service, start_date, end_date, days, start_time, minutes,
    carers, time_critical, short_visit_agreed
)
SELECT
    $1, code, client, council, contract, service, start_date, end_date, days, start_time, minutes,
    carers, time_critical, short_visit_agreed
FROM jsonb_to_recordset($2::jsonb) AS given (
    code text, client text, council text, contract text, service text, start_date date, end_date date, days text,
    start_time time, minutes integer, carers integer, time_critical boolean, short_visit_agreed boolean
)
ON CONFLICT (provider_id, commission) DO UPDATE SET
    client = EXCLUDED.client, council_id = EXCLUDED.council_id, contract = EXCLUDED.contract,
    service = EXCLUDED.service, start_date = EXCLUDED.start_date, end_date = EXCLUDED.end_date, days = EXCLUDED.days,
    start_time = EXCLUDED.start_time, minutes = EXCLUDED.minutes, carers = EXCLUDED.carers,
    time_critical = EXCLUDED.time_critical, short_visit_agreed = EXCLUDED.short_visit_agreed;

-- name: upsert_roster
INSERT INTO planned_visits (
    provider_id, visit, client, commission, start_at, minutes, carers, carers_needed, cancelled
)
SELECT $1, code, client, commission, start_at, minutes, carers, carers_needed, cancelled
FROM jsonb_to_recordset($2::jsonb) AS given (
    code text, client text, commission text, start_at timestamptz, minutes integer, carers text[],
    carers_needed integer, cancelled text
)
ON CONFLICT (provider_id, visit) DO UPDATE SET
    client = EXCLUDED.client, commission = EXCLUDED.commission, start_at = EXCLUDED.start_at,
    minutes = EXCLUDED.minutes, carers = EXCLUDED.carers, carers_needed = EXCLUDED.carers_needed,
    cancelled = EXCLUDED.cancelled;

-- name: stored_uprns
SELECT uprn, latitude, longitude FROM uprns WHERE uprn = ANY ($1::text[]);

-- name: upsert_uprns
INSERT INTO uprns (uprn, latitude, longitude)
SELECT code, latitude, longitude
FROM jsonb_to_recordset($1::jsonb) AS given (code text, latitude double precision, longitude double precision)
ON CONFLICT (uprn) DO UPDATE SET latitude = EXCLUDED.latitude, longitude = EXCLUDED.longitude;

-- name: client_branches
SELECT client, branch_id FROM clients WHERE provider_id = $1;

-- name: visit_codes_of_clients
SELECT visit AS code FROM planned_visits WHERE provider_id = $1 AND client = ANY ($2::text[]);

-- name: commission_codes
SELECT commission AS code FROM commissions WHERE provider_id = $1;

-- name: some_fences
SELECT shape::text AS shape FROM fences WHERE provider_id = $1 ORDER BY client LIMIT 500;

-- name: begun_visits
SELECT visit, 'its times were amended' AS why FROM amendments WHERE provider_id = $1 AND visit = ANY ($2::text[])
UNION
SELECT visit, 'somebody came to it' AS why FROM visits
WHERE provider_id = $1 AND visit = ANY ($2::text[])
AND (first_in_at IS NOT NULL OR jsonb_path_exists(folded::jsonb, '$.stays[*]'));

-- name: roster_of_days
SELECT visit, client, commission, start_at, minutes, carers, carers_needed, cancelled
FROM planned_visits JOIN clients USING (provider_id, client)
WHERE provider_id = $1 AND branch_id = ANY ($2::text[]) AND start_at >= $3 AND start_at < $4 AND cancelled IS NULL
ORDER BY start_at, visit;

-- name: lock_planned_visit
SELECT visit, client, commission, start_at, minutes, carers, carers_needed, cancelled
FROM planned_visits WHERE provider_id = $1 AND visit = $2 FOR NO KEY UPDATE;

-- name: keep_planned_visits
INSERT INTO planned_visit_versions (
    provider_id, visit, change_id, changed_at, changed_by, reason, client, commission, start_at, minutes, carers,
    carers_needed, cancelled
)
SELECT $1, visit, $3, $4, $5, $6, client, commission, start_at, minutes, carers, carers_needed, cancelled
FROM planned_visits WHERE provider_id = $1 AND visit = ANY ($2::text[]);

-- name: planned_visit_versions
SELECT visit, change_id, changed_at, changed_by, reason, client, commission, start_at, minutes, carers, carers_needed,
    cancelled
FROM planned_visit_versions WHERE provider_id = $1 AND visit = $2 ORDER BY changed_at, change_id;

-- name: import_mappings
SELECT branch_id, columns::text AS columns, dates FROM import_mappings
WHERE provider_id = $1 AND kind = $2 ORDER BY stored_at DESC, branch_id;

-- name: upsert_import_mapping
INSERT INTO import_mappings (provider_id, branch_id, kind, columns, dates, stored_at, stored_by)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7)
ON CONFLICT (provider_id, branch_id, kind) DO UPDATE SET
    columns = EXCLUDED.columns, dates = EXCLUDED.dates,
    stored_at = EXCLUDED.stored_at, stored_by = EXCLUDED.stored_by;

-- name: insert_import
INSERT INTO imports (
    provider_id, import_id, kind, file_name, digest, imported_at, imported_by, new, changed, unchanged, taken_off,
    undoes
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (provider_id, undoes) DO NOTHING
RETURNING true;

-- name: insert_import_changes
INSERT INTO import_changes (provider_id, import_id, code, before, after)
SELECT $1, $2, code, nullif(before, 'null'::jsonb), after
FROM jsonb_to_recordset($3::jsonb) AS given (code text, before jsonb, after jsonb);

-- name: imports
SELECT import_id, kind, file_name, encode(digest, 'hex') AS digest, imported_at, imported_by, new, changed, unchanged,
    taken_off, undoes
FROM imports WHERE provider_id = $1 ORDER BY imported_at DESC, import_id LIMIT $2 OFFSET $3;

-- name: count_imports
SELECT count(*) FROM imports WHERE provider_id = $1;

-- name: import_of
SELECT import_id, kind, file_name, encode(digest, 'hex') AS digest, imported_at, imported_by, new, changed, unchanged,
    taken_off, undoes
FROM imports WHERE provider_id = $1 AND import_id = $2;

-- name: undone_by
SELECT import_id FROM imports WHERE provider_id = $1 AND undoes = $2;

-- name: import_changes
SELECT code, before::text AS before, after::text AS after
FROM import_changes WHERE provider_id = $1 AND import_id = $2 ORDER BY code;

-- name: homes
SELECT asked.one, asked.other, one_identity.uprn, other_identity.uprn, one_fence.shape::text, other_fence.shape::text
FROM unnest($2::text[], $3::text[]) AS asked (one, other)
LEFT JOIN client_identities AS one_identity ON one_identity.provider_id = $1 AND one_identity.client = asked.one
LEFT JOIN client_identities AS other_identity ON other_identity.provider_id = $1 AND other_identity.client = asked.other
LEFT JOIN fences AS one_fence ON one_fence.provider_id = $1 AND one_fence.client = asked.one
LEFT JOIN fences AS other_fence ON other_fence.provider_id = $1 AND other_fence.client = asked.other;
