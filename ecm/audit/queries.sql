-- name: insert_events
INSERT INTO audit_events (provider_id, event_id, at, tag, actor, subject, detail)
SELECT $1, event_id, at, tag, actor, subject, detail
FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
AS event (event_id, at, tag, actor, subject, detail);

-- name: insert_service_event
INSERT INTO service_events (event_id, at, tag, actor, subject, before, after)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb);

-- name: ensure_log_head
INSERT INTO log_heads (provider_id, tree_size) VALUES ($1, 0) ON CONFLICT DO NOTHING;

-- name: lock_log_head
SELECT tree_size FROM log_heads WHERE provider_id = $1 FOR UPDATE;

-- name: append_leaves
-- OFFSET 0, here and below: one look into the index for each check-in, whatever the planner believes of the table.
WITH fresh AS MATERIALIZED (
    SELECT device_id, check_in_id, leaf_hash, row_number() OVER (ORDER BY given) AS turn
    FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) WITH ORDINALITY AS leaf (device_id, check_in_id, leaf_hash, given)
    LEFT JOIN LATERAL (
        SELECT true AS is_there FROM log_entries
        WHERE provider_id = $1 AND log_entries.device_id = leaf.device_id
        AND log_entries.check_in_id = leaf.check_in_id
        OFFSET 0
    ) AS sealed ON true
    WHERE is_there IS NULL
),
appended AS (
    INSERT INTO log_entries (provider_id, leaf_index, device_id, check_in_id, leaf_hash)
    SELECT $1, tree_size + turn - 1, device_id, check_in_id, leaf_hash
    FROM fresh JOIN log_heads ON provider_id = $1
),
head AS (
    UPDATE log_heads SET tree_size = tree_size + (SELECT count(*) FROM fresh)
    WHERE provider_id = $1 AND EXISTS (SELECT FROM fresh)
)
SELECT count(*) FROM fresh;

-- name: leaf_index
SELECT leaf_index FROM log_entries WHERE provider_id = $1 AND device_id = $2 AND check_in_id = $3;

-- name: leaf_indexes
SELECT device_id, check_in_id, leaf_index
FROM log_entries
JOIN unnest($2::uuid[], $3::uuid[]) AS asked (device_id, check_in_id) USING (device_id, check_in_id)
WHERE provider_id = $1;

-- name: log_size
SELECT tree_size FROM log_heads WHERE provider_id = $1;

-- name: leaves
SELECT leaf_hash FROM log_entries WHERE provider_id = $1 ORDER BY leaf_index;

-- name: check_ins
SELECT device_id, check_in_id, sequence, direction, carer, client, visit_hint, device_at, received_at, skew_seconds,
    occurred_at, evidence, tag_id, verdict, distance_m, a95_m, chance_inside, grade,
    CASE WHEN EXISTS (
        SELECT FROM signature_failures
        WHERE signature_failures.provider_id = $1
        AND signature_failures.device_id = check_ins.device_id
        AND signature_failures.check_in_id = check_ins.check_in_id
    ) THEN doubts || 'signature_bad'::text ELSE doubts END AS doubts,
    encode(message_digest, 'hex') AS message_digest, encode(link_digest, 'hex') AS link_digest,
    encode(previous_digest, 'hex') AS previous_digest
FROM check_ins JOIN unnest($2::uuid[], $3::uuid[]) AS asked (device_id, check_in_id) USING (device_id, check_in_id)
WHERE provider_id = $1
ORDER BY occurred_at, check_in_id, device_id;

-- name: signed_check_ins
SELECT signed.*, (
    SELECT public_key::text FROM devices WHERE devices.provider_id = $1 AND devices.device_id = signed.device_id
) AS public_key
FROM unnest($2::uuid[], $3::uuid[]) AS asked (device_id, check_in_id)
CROSS JOIN LATERAL (
    SELECT check_ins.device_id, check_ins.check_in_id, signed_part FROM check_ins
    WHERE provider_id = $1 AND check_ins.device_id = asked.device_id AND check_ins.check_in_id = asked.check_in_id
    OFFSET 0
) AS signed;

-- name: insert_signature_failures
INSERT INTO signature_failures (provider_id, device_id, check_in_id, found_at)
SELECT $1, device_id, check_in_id, $4 FROM unnest($2::uuid[], $3::uuid[]) AS failed (device_id, check_in_id)
ON CONFLICT DO NOTHING;
