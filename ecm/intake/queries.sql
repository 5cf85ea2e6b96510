-- name: store_check_ins
-- In the order of their keys, so that two batches with the same rows cannot wait for each other. IS TRUE keeps the
-- planner, which cannot know how long the array is, from comparing every row with every other.
WITH given AS (
    SELECT * FROM unnest($1::given_check_in[]) ORDER BY provider_id, device_id, check_in_id
),
stored AS (
    INSERT INTO check_ins (
        provider_id, device_id, check_in_id, sequence, direction, carer, client, visit_hint,
        device_at, received_at, skew_seconds, occurred_at, evidence, tag_id,
        verdict, distance_m, a95_m, chance_inside, grade,
        doubts, message_digest, link_digest, previous_digest, signed_part
    )
    SELECT
        provider_id, device_id, check_in_id, sequence, direction, carer, client, visit_hint,
        device_at, received_at, skew_seconds, occurred_at, string_to_array(evidence, ','), tag_id,
        verdict, distance_m, a95_m, chance_inside, grade,
        string_to_array(doubts, ','), message_digest, link_digest, previous_digest, signed_part
    FROM given
    ON CONFLICT DO NOTHING
    RETURNING provider_id, device_id, check_in_id
),
located AS (
    INSERT INTO check_in_locations (provider_id, device_id, check_in_id, received_at, disclosure)
    SELECT provider_id, device_id, check_in_id, received_at, disclosure
    FROM given
    WHERE disclosure IS NOT NULL
        AND ((provider_id, device_id, check_in_id) IN (SELECT provider_id, device_id, check_in_id FROM stored)) IS TRUE
),
requested AS (
    INSERT INTO fold_requests (provider_id, client, around, device_id, check_in_id, link_digest, check_signature)
    SELECT provider_id, fold_client, occurred_at, device_id, check_in_id, link_digest, check_signature
    FROM given
    WHERE ((provider_id, device_id, check_in_id) IN (SELECT provider_id, device_id, check_in_id FROM stored)) IS TRUE
)
SELECT provider_id, device_id, check_in_id FROM given
WHERE (provider_id, device_id, check_in_id) NOT IN (SELECT provider_id, device_id, check_in_id FROM stored);

-- name: first_answers
-- The message, which nobody reads, gives this statement a COMMIT of its own to wait for: where a standby must confirm,
-- a row that can be seen may not have reached it yet, and `duplicate` is a promise too.
WITH confirmed AS MATERIALIZED (SELECT pg_logical_emit_message(true, 'ecm', ''))
SELECT provider_id, device_id, check_in_id, message_digest, received_at
FROM check_ins JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS asked (provider_id, device_id, check_in_id)
USING (provider_id, device_id, check_in_id)
CROSS JOIN confirmed;

-- name: store_conflicts
INSERT INTO check_in_conflicts (provider_id, device_id, check_in_id, message_digest, received_at, message)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::timestamptz[], $6::text[])
ON CONFLICT DO NOTHING;

-- name: store_refusals
INSERT INTO refusals (slot, received_at, reason, detail, device_id, message_digest, signed_part, provider_id)
SELECT nextval('refusal_slots'), * FROM unnest(
    $1::timestamptz[], $2::text[], $3::text[], $4::uuid[], $5::bytea[], $6::text[], $7::uuid[]
)
ON CONFLICT (slot) DO UPDATE SET
    received_at = EXCLUDED.received_at, reason = EXCLUDED.reason, detail = EXCLUDED.detail,
    device_id = EXCLUDED.device_id, message_digest = EXCLUDED.message_digest, signed_part = EXCLUDED.signed_part,
    provider_id = EXCLUDED.provider_id;

-- name: clients
SELECT provider_id, client, shape
FROM unnest($1::uuid[], $2::text[]) AS named (provider_id, client)
JOIN clients USING (provider_id, client)
LEFT JOIN fences USING (provider_id, client);

-- name: carers
SELECT provider_id, carer
FROM unnest($1::uuid[], $2::text[]) AS named (provider_id, carer) JOIN carers USING (provider_id, carer);

-- name: tags
SELECT provider_id, tag_id, kind, client
FROM unnest($1::uuid[], $2::uuid[]) AS named (provider_id, tag_id) JOIN tags USING (provider_id, tag_id);

-- name: tag_keys
SELECT provider_id, tag_key FROM provider_keys WHERE provider_id = ANY ($1::uuid[]);

-- name: waiting
-- Steps from one waiting provider to the next, so that those with nothing to fold cost nothing.
WITH RECURSIVE waiting AS (
    (SELECT provider_id FROM fold_requests ORDER BY provider_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT following.provider_id FROM fold_requests AS following
        WHERE following.provider_id > waiting.provider_id ORDER BY following.provider_id LIMIT 1
    )
    FROM waiting WHERE waiting.provider_id IS NOT NULL
)
SELECT last_value AS asked, ARRAY(SELECT provider_id FROM waiting WHERE provider_id IS NOT NULL) AS providers
FROM fold_requests_request_id_seq;

-- name: backlog
-- The oldest of a provider is the first in its order; what is not about a check-in has no time of arrival.
SELECT (SELECT count(*) FROM fold_requests) AS requests, min(check_ins.received_at) AS oldest_at
FROM unnest($1::uuid[]) AS waiting (provider_id)
CROSS JOIN LATERAL (
    SELECT device_id, check_in_id FROM fold_requests
    WHERE fold_requests.provider_id = waiting.provider_id
    ORDER BY request_id
    LIMIT 1
) AS first
JOIN check_ins USING (provider_id, device_id, check_in_id);

-- name: take_fold_requests
WITH taken AS MATERIALIZED (
    SELECT request_id FROM fold_requests
    WHERE provider_id = $1
    ORDER BY request_id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
DELETE FROM fold_requests USING taken
WHERE fold_requests.provider_id = $1 AND fold_requests.request_id = taken.request_id
RETURNING fold_requests.request_id, client, around, device_id, check_in_id, link_digest,
    check_signature;

-- name: take_fold_requests_of_client
-- Without SKIP LOCKED: whoever is folding some of them has changed the visits by the time that this returns.
WITH taken AS MATERIALIZED (
    SELECT request_id FROM fold_requests
    WHERE provider_id = $1 AND client = $2
    ORDER BY request_id
    FOR UPDATE
)
DELETE FROM fold_requests USING taken
WHERE fold_requests.provider_id = $1 AND fold_requests.request_id = taken.request_id
RETURNING fold_requests.request_id, client, around, device_id, check_in_id, link_digest,
    check_signature;

-- name: request_folds
INSERT INTO fold_requests (provider_id, client, around)
SELECT $1, client, around FROM unnest($2::text[], $3::timestamptz[]) AS given (client, around);

-- name: request_folds_of_commissions
INSERT INTO fold_requests (provider_id, client, around)
SELECT provider_id, client, min(start_at)
FROM planned_visits
WHERE provider_id = $1 AND commission = ANY ($2::text[])
GROUP BY provider_id, client, (start_at AT TIME ZONE 'Europe/London')::date;

-- name: request_folds_of_clients
INSERT INTO fold_requests (provider_id, client, around)
SELECT provider_id, client, min(around)
FROM (
    SELECT provider_id, client, occurred_at AS around
    FROM check_ins WHERE provider_id = $1 AND client = ANY ($2::text[])
    UNION ALL
    SELECT provider_id, client, start_at
    FROM planned_visits WHERE provider_id = $1 AND client = ANY ($2::text[])
) AS touched
GROUP BY provider_id, client, (around AT TIME ZONE 'Europe/London')::date;

-- name: providers
SELECT provider_id FROM providers ORDER BY provider_id;

-- name: purge_locations
WITH old AS MATERIALIZED (
    SELECT device_id, check_in_id FROM check_in_locations
    WHERE provider_id = $1 AND received_at < $2
    ORDER BY received_at
    LIMIT $3
)
DELETE FROM check_in_locations USING old
WHERE check_in_locations.provider_id = $1
AND check_in_locations.device_id = old.device_id
AND check_in_locations.check_in_id = old.check_in_id
RETURNING check_in_locations.check_in_id;

-- name: homeless
-- The first condition is that of the index over the few that may be homeless; a client may have become known since.
SELECT device_id, check_in_id, received_at, device_at, occurred_at, direction, carer, client, visit_hint, evidence,
    grade, doubts
FROM check_ins
WHERE provider_id = $1 AND (
    check_ins.client IS NULL OR 'unknown_client' = ANY (doubts) OR direction NOT IN ('in', 'out')
    OR occurred_at < '2000-01-01 00:00:00+00' OR occurred_at >= '2100-01-01 00:00:00+00'
)
AND (
    direction NOT IN ('in', 'out') OR occurred_at < '2000-01-01 00:00:00+00' OR occurred_at >= '2100-01-01 00:00:00+00'
    OR NOT EXISTS (SELECT FROM clients WHERE clients.provider_id = $1 AND clients.client = check_ins.client)
)
AND NOT EXISTS (
    SELECT FROM check_in_homes AS home
    WHERE home.provider_id = $1 AND home.device_id = check_ins.device_id AND home.check_in_id = check_ins.check_in_id
)
AND ($2::timestamptz IS NULL OR (received_at, check_in_id) < ($2, $3::uuid))
ORDER BY received_at DESC, check_in_id DESC
LIMIT $4 OFFSET $5;

-- name: count_homeless
SELECT count(*) FROM check_ins
WHERE provider_id = $1 AND (
    check_ins.client IS NULL OR 'unknown_client' = ANY (doubts) OR direction NOT IN ('in', 'out')
    OR occurred_at < '2000-01-01 00:00:00+00' OR occurred_at >= '2100-01-01 00:00:00+00'
)
AND (
    direction NOT IN ('in', 'out') OR occurred_at < '2000-01-01 00:00:00+00' OR occurred_at >= '2100-01-01 00:00:00+00'
    OR NOT EXISTS (SELECT FROM clients WHERE clients.provider_id = $1 AND clients.client = check_ins.client)
)
AND NOT EXISTS (
    SELECT FROM check_in_homes AS home
    WHERE home.provider_id = $1 AND home.device_id = check_ins.device_id AND home.check_in_id = check_ins.check_in_id
);

-- name: attachable
SELECT device_id, check_in_id, received_at, device_at, occurred_at, direction, carer, client, visit_hint, evidence,
    grade, doubts
FROM check_ins
WHERE provider_id = $1 AND device_id = $2 AND check_in_id = $3 AND (
    check_ins.client IS NULL OR 'unknown_client' = ANY (doubts) OR direction NOT IN ('in', 'out')
    OR occurred_at < '2000-01-01 00:00:00+00' OR occurred_at >= '2100-01-01 00:00:00+00'
);

-- name: insert_home
INSERT INTO check_in_homes (
    provider_id, home_id, device_id, check_in_id, client, visit, direction, occurred_at, told, attached_by, attached_at,
    memo
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (provider_id, home_id) DO NOTHING
RETURNING home_id;

-- name: home
SELECT home_id, device_id, check_in_id, client, visit, direction, occurred_at, told, attached_by, attached_at, memo
FROM check_in_homes WHERE provider_id = $1 AND home_id = $2;

-- name: homes_of_check_in
SELECT home_id, device_id, check_in_id, client, visit, direction, occurred_at, told, attached_by, attached_at, memo
FROM check_in_homes WHERE provider_id = $1 AND device_id = $2 AND check_in_id = $3
ORDER BY attached_at, home_id;

-- name: client_of_visit
SELECT client FROM planned_visits WHERE provider_id = $1 AND visit = $2;

-- name: client_known
SELECT EXISTS (SELECT FROM clients WHERE provider_id = $1 AND client = $2);

-- name: refused
-- By phone and reason, since what a phone did wrong once it does wrong often.
SELECT device_id, reason, count(*) AS number, min(received_at) AS first_at, max(received_at) AS last_at
FROM refusals WHERE provider_id = $1
GROUP BY device_id, reason
ORDER BY last_at DESC, device_id, reason
LIMIT $2 OFFSET $3;

-- name: count_refused
SELECT count(*) AS kinds, coalesce(sum(number), 0)::bigint AS items
FROM (SELECT count(*) AS number FROM refusals WHERE provider_id = $1 GROUP BY device_id, reason) AS refused;

-- name: conflicting
SELECT device_id, check_in_id, conflict.received_at, first.received_at AS first_at, first.carer, first.client,
    first.direction, first.occurred_at
FROM check_in_conflicts AS conflict JOIN check_ins AS first USING (provider_id, device_id, check_in_id)
WHERE provider_id = $1
ORDER BY conflict.received_at DESC, device_id, check_in_id, conflict.message_digest
LIMIT $2 OFFSET $3;

-- name: count_conflicting
SELECT count(*) FROM check_in_conflicts WHERE provider_id = $1;
