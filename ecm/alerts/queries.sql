-- name: providers
SELECT provider_id FROM providers ORDER BY provider_id;

-- name: live_day
SELECT live_on, stored_at FROM providers WHERE provider_id = $1;

-- name: lock_overdue
-- Alerts of a former start of a visit are not counted: as planned now it has its own.
-- A client of whom something waits to be folded is left out: a check-in may be stored that began the visit.
SELECT folded, next_start
FROM visits
CROSS JOIN LATERAL (
    SELECT min(following.planned_start) AS next_start FROM visits AS following
    WHERE following.provider_id = visits.provider_id AND following.client = visits.client
    AND following.day = visits.day AND following.planned_start > visits.planned_start AND following.cancelled IS NULL
) AS after_it
WHERE provider_id = $1 AND first_in_at IS NULL AND cancelled IS NULL
AND planned_start < $2 AND (planned_start, visit) > ($3, $4)
AND 2 > (
    SELECT count(*) FROM alerts
    WHERE alerts.provider_id = visits.provider_id AND alerts.visit = visits.visit
    AND alerts.source = 'watcher' AND alerts.occurred_at = visits.planned_start
    AND (alerts.state = 'open' OR alerts.state = 'closed' AND alerts.closed_by IS DISTINCT FROM 'service')
)
AND client NOT IN (SELECT client FROM fold_requests WHERE provider_id = $1 AND client IS NOT NULL)
ORDER BY planned_start, visit
LIMIT $5
FOR UPDATE OF visits SKIP LOCKED;

-- name: of_visits
SELECT alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, state, state_reason,
    memo, level, signed_part, closed_by, missed_from
FROM alerts WHERE provider_id = $1 AND visit = ANY ($2::text[]) AND source = 'watcher'
ORDER BY alert_id;

-- name: branches_of_clients
SELECT client, branch_id FROM clients WHERE provider_id = $1 AND client = ANY ($2::text[]);

-- name: branches_of_alerts
SELECT DISTINCT branch_id FROM alerts WHERE provider_id = $1 AND alert_id = ANY ($2::uuid[]);

-- name: branch_of_carer
SELECT branch_id FROM carers WHERE provider_id = $1 AND carer = $2;

-- name: branches
SELECT branch_id FROM branches WHERE provider_id = $1 ORDER BY branch_id;

-- name: client_of_visit
SELECT client FROM visits WHERE provider_id = $1 AND visit = $2;

-- name: raise
INSERT INTO alerts (
    provider_id, alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, state,
    memo, level, signed_part, missed_from
)
SELECT $1, alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, 'open',
    memo, 0, signed_part, missed_from
FROM unnest(
    $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
    $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::timestamptz[]
) AS raised (
    alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, memo, signed_part,
    missed_from
)
ON CONFLICT (provider_id, alert_id) DO UPDATE SET
    state = 'open', state_reason = NULL, closed_by = NULL, occurred_at = EXCLUDED.occurred_at, carer = EXCLUDED.carer,
    client = EXCLUDED.client, branch_id = EXCLUDED.branch_id
WHERE (alerts.state = 'withdrawn' OR alerts.state = 'closed' AND alerts.closed_by = 'service')
AND alerts.source = 'watcher' AND EXCLUDED.source = 'watcher'
RETURNING alert_id;

-- name: withdraw
UPDATE alerts SET state = 'withdrawn', state_reason = given.reason, closed_by = NULL
FROM unnest($2::uuid[], $3::text[]) AS given (alert_id, reason)
WHERE alerts.provider_id = $1 AND alerts.alert_id = given.alert_id
AND (alerts.state = 'open' OR alerts.state = 'closed' AND alerts.closed_by = 'service')
RETURNING alerts.alert_id;

-- name: close
UPDATE alerts SET state = 'closed', state_reason = given.reason, closed_by = $4
FROM unnest($2::uuid[], $3::text[]) AS given (alert_id, reason)
WHERE alerts.provider_id = $1 AND alerts.alert_id = given.alert_id AND alerts.state = 'open'
RETURNING alerts.alert_id;

-- name: alert
SELECT alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, state, state_reason,
    memo, level, signed_part, closed_by, missed_from
FROM alerts WHERE provider_id = $1 AND alert_id = $2;

-- name: listed
SELECT alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, state, state_reason,
    memo, level, signed_part, closed_by, missed_from
FROM alerts WHERE provider_id = $1 AND ($2::text IS NULL OR state = $2)
AND occurred_at <= coalesce($3::timestamptz, 'infinity')
AND (occurred_at < coalesce($3::timestamptz, 'infinity') OR alert_id > $4::uuid)
ORDER BY occurred_at DESC, alert_id
LIMIT $5;

-- name: gravest_first
SELECT alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, state, state_reason,
    memo, level, signed_part, closed_by, missed_from
FROM alerts WHERE provider_id = $1 AND state = 'open'
ORDER BY level DESC, occurred_at DESC, alert_id
OFFSET $2 LIMIT $3;

-- name: count
SELECT count(*) FROM alerts WHERE provider_id = $1 AND ($2::text IS NULL OR state = $2);

-- name: of_visit
SELECT alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, state, state_reason,
    memo, level, signed_part, closed_by, missed_from
FROM alerts WHERE provider_id = $1 AND visit = $2
ORDER BY occurred_at DESC, alert_id;

-- name: lock_branches
SELECT FROM branches
WHERE provider_id = $1 AND branch_id = ANY ($2::text[])
ORDER BY branch_id
FOR NO KEY UPDATE;

-- name: of_branches
SELECT alert_id, branch_id, kind, client, visit, carer, source, occurred_at, raised_at, raised_by, state, state_reason,
    memo, level, signed_part, closed_by, missed_from
FROM alerts WHERE provider_id = $1 AND branch_id = ANY ($2::text[]) AND raised_at >= $3
ORDER BY occurred_at, alert_id;

-- name: set_levels
UPDATE alerts SET level = given.level
FROM unnest($2::uuid[], $3::integer[]) AS given (alert_id, level)
WHERE alerts.provider_id = $1 AND alerts.alert_id = given.alert_id;

-- name: facts
SELECT alert_id, fact_id, kind, at, memo, cause, recorded_by, recorded_at
FROM alert_facts WHERE provider_id = $1 AND alert_id = ANY ($2::uuid[])
ORDER BY at, fact_id;

-- name: insert_fact
INSERT INTO alert_facts (provider_id, alert_id, fact_id, kind, at, memo, cause, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (provider_id, alert_id, fact_id) DO NOTHING
RETURNING fact_id;

-- name: try_watcher_lock
SELECT pg_try_advisory_lock(hashtextextended('ecm.watcher', 0));
