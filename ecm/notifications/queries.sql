-- name: concerned
SELECT candidate_id, branch_id, type, state, client, aware_at, event_at, document, version, decided_by, decided_at,
    decided_reason
FROM candidates
WHERE provider_id = $1
AND (candidate_id = ANY ($2::uuid[]) OR branch_id = ANY ($3::text[]) AND aware_at >= $4);

-- name: write
INSERT INTO candidates (
    provider_id, candidate_id, branch_id, type, state, client, aware_at, event_at, document, version
)
SELECT $1, candidate_id, branch_id, type, state, client, aware_at, event_at, document, version
FROM unnest(
    $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::jsonb[],
    $10::integer[]
) AS given (candidate_id, branch_id, type, state, client, aware_at, event_at, document, version)
ON CONFLICT (provider_id, candidate_id) DO UPDATE SET
    state = EXCLUDED.state, client = EXCLUDED.client, aware_at = EXCLUDED.aware_at, event_at = EXCLUDED.event_at,
    document = EXCLUDED.document, version = EXCLUDED.version;

-- name: candidate
SELECT candidate_id, branch_id, type, state, client, aware_at, event_at, document, version, decided_by, decided_at,
    decided_reason
FROM candidates WHERE provider_id = $1 AND candidate_id = $2;

-- name: listed
SELECT candidate_id, branch_id, type, state, client, aware_at, event_at, document, version, decided_by, decided_at,
    decided_reason
FROM candidates WHERE provider_id = $1 AND ($2::text[] IS NULL OR state = ANY ($2))
AND aware_at <= coalesce($3::timestamptz, 'infinity')
AND (aware_at < coalesce($3::timestamptz, 'infinity') OR candidate_id > $4::uuid)
ORDER BY aware_at DESC, candidate_id
LIMIT $5;

-- name: open_first
SELECT candidate_id, branch_id, type, state, client, aware_at, event_at, document, version, decided_by, decided_at,
    decided_reason
FROM candidates WHERE provider_id = $1 AND ($3 OR state = ANY ($2::text[]))
ORDER BY state = ANY ($2) DESC, aware_at DESC, candidate_id
OFFSET $4 LIMIT $5;

-- name: counts
SELECT count(*) FILTER (WHERE state = ANY ($2::text[])) AS open, count(*) AS every
FROM candidates WHERE provider_id = $1;

-- name: dismiss
UPDATE candidates
SET state = 'dismissed', decided_by = $3, decided_at = $4, decided_reason = $5, version = version + 1
WHERE provider_id = $1 AND candidate_id = $2;

-- name: branches_waiting
SELECT DISTINCT branch_id FROM alerts
WHERE provider_id = $1 AND state = 'open' AND kind = 'missed_visit' AND level < 2 AND raised_at <= $2
AND NOT EXISTS (
    SELECT FROM alert_facts
    WHERE alert_facts.provider_id = alerts.provider_id AND alert_facts.alert_id = alerts.alert_id
    AND alert_facts.kind = 'welfare_contact'
);

-- name: circumstances_of_clients
SELECT client, lives_alone, lacks_capacity FROM clients WHERE provider_id = $1 AND client = ANY ($2::text[]);

-- name: time_critical
SELECT visit
FROM visits JOIN commissions USING (provider_id, commission)
WHERE provider_id = $1 AND visit = ANY ($2::text[]) AND time_critical;
