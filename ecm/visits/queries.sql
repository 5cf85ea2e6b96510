-- name: lock_clients
SELECT client, council_id FROM clients
WHERE provider_id = $1 AND client = ANY ($2::text[])
ORDER BY client
FOR NO KEY UPDATE;

-- name: clients_with_long_visits
-- Those folded count too: a visit that was long until now has left its mark as far away.
SELECT DISTINCT span.client
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS span (client, from_at, until_at)
WHERE EXISTS (
    SELECT FROM planned_visits
    WHERE provider_id = $1 AND planned_visits.client = span.client AND start_at >= from_at AND start_at < until_at
    AND minutes > $5
)
OR EXISTS (
    SELECT FROM visits
    WHERE provider_id = $1 AND visits.client = span.client
    AND day >= (from_at AT TIME ZONE 'Europe/London')::date AND day <= (until_at AT TIME ZONE 'Europe/London')::date
    AND planned_minutes > $5
);

-- name: planned_visits
-- OFFSET 0, here and below: whatever the planner believes of the tables (and before they were ever analysed it believes
-- that they are empty), it goes through the index once for each span and never through all rows of the provider.
SELECT planned.*, (
    SELECT council_id FROM commissions WHERE commissions.provider_id = $1 AND commissions.commission = planned.commission
) AS council_id
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS span (client, from_at, until_at)
CROSS JOIN LATERAL (
    SELECT visit, planned_visits.client, commission, start_at, minutes, carers, carers_needed, cancelled
    FROM planned_visits
    WHERE provider_id = $1 AND planned_visits.client = span.client AND start_at >= from_at AND start_at < until_at
    OFFSET 0
) AS planned;

-- name: check_ins
-- Those of a client by what the phone said, and those that the office has attached to the client, whose latest home
-- counts. Only what named no client that there was can have been attached, so the look for that is for the few.
SELECT tapped.*
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS span (client, from_at, until_at)
CROSS JOIN LATERAL (
    SELECT device_id, check_in_id, carer, check_ins.client, direction, occurred_at, grade,
        CASE WHEN 'client_from_tag' = ANY (doubts) THEN array_remove(doubts, 'unknown_client') ELSE doubts END,
        distance_m, visit_hint, sequence
    FROM check_ins
    WHERE provider_id = $1 AND check_ins.client = span.client AND occurred_at >= from_at AND occurred_at < until_at
    AND direction IN ('in', 'out')
    AND ('unknown_client' <> ALL (doubts) OR NOT EXISTS (
        SELECT FROM check_in_homes AS home
        WHERE home.provider_id = $1 AND home.device_id = check_ins.device_id
        AND home.check_in_id = check_ins.check_in_id
    ))
    OFFSET 0
) AS tapped
UNION ALL
SELECT attached.*
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS span (client, from_at, until_at)
CROSS JOIN LATERAL (
    SELECT device_id, check_in_id, carer, home.client, home.direction, home.occurred_at,
        CASE WHEN home.told THEN 'declared' ELSE grade END,
        array_append(array_remove(doubts, 'unknown_client'), 'attached_by_office'),
        distance_m, coalesce(home.visit, visit_hint), sequence
    FROM check_in_homes AS home JOIN check_ins USING (provider_id, device_id, check_in_id)
    WHERE home.provider_id = $1 AND home.client = span.client
    AND home.occurred_at >= from_at AND home.occurred_at < until_at
    AND NOT EXISTS (
        SELECT FROM check_in_homes AS later
        WHERE later.provider_id = $1 AND later.device_id = home.device_id AND later.check_in_id = home.check_in_id
        AND (later.attached_at, later.home_id) > (home.attached_at, home.home_id)
    )
    OFFSET 0
) AS attached;

-- name: amendments
-- Those that count: withdrawn ones are left out.
SELECT amendment_id, visit, carer, in_at, out_at, made_at, made_by, reason, memo
FROM amendments
WHERE provider_id = $1 AND visit = ANY ($2::text[]) AND NOT EXISTS (
    SELECT FROM amendment_withdrawals AS withdrawn
    WHERE withdrawn.provider_id = amendments.provider_id AND withdrawn.amendment_id = amendments.amendment_id
)
ORDER BY made_at, amendment_id;

-- name: written_amendments
SELECT amendment_id, visit, carer, in_at, out_at, made_at, made_by, amendments.reason, memo, recorded_at,
    withdrawn_by, withdrawn_at, amendment_withdrawals.reason AS withdrawal_reason
FROM amendments LEFT JOIN amendment_withdrawals USING (provider_id, amendment_id)
WHERE provider_id = $1 AND visit = ANY ($2::text[])
ORDER BY made_at, amendment_id;

-- name: withdrawal
SELECT amendment_id, withdrawn_by, withdrawn_at, reason
FROM amendment_withdrawals WHERE provider_id = $1 AND amendment_id = $2;

-- name: insert_withdrawal
-- Only of an amendment that there is.
INSERT INTO amendment_withdrawals (provider_id, amendment_id, withdrawn_by, withdrawn_at, reason)
SELECT provider_id, amendment_id, $3, $4, $5 FROM amendments WHERE provider_id = $1 AND amendment_id = $2
ON CONFLICT (provider_id, amendment_id) DO NOTHING
RETURNING amendment_id;

-- name: visits_of_days
SELECT kept.*
FROM unnest($2::text[], $3::date[]) AS folding (client, day)
CROSS JOIN LATERAL (
    SELECT visit, visits.client, visits.day, council_id, folded
    FROM visits WHERE provider_id = $1 AND visits.client = folding.client AND visits.day = folding.day
    OFFSET 0
) AS kept;

-- name: write_visits
INSERT INTO visits (
    provider_id, visit, client, council_id, commission, day, planned_start, planned_minutes, begins_at, first_in_at,
    cancelled, folded, version, changed_at
)
SELECT $1, visit, client, council_id, commission, day, planned_start, planned_minutes, begins_at, first_in_at,
    cancelled, folded, 1, $2
FROM unnest(
    $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::timestamptz[], $9::integer[], $10::timestamptz[],
    $11::timestamptz[], $12::text[], $13::json[]
) AS folded (
    visit, client, council_id, commission, day, planned_start, planned_minutes, begins_at, first_in_at, cancelled, folded
)
ON CONFLICT (provider_id, visit) DO UPDATE SET
    client = EXCLUDED.client, council_id = EXCLUDED.council_id, commission = EXCLUDED.commission, day = EXCLUDED.day,
    planned_start = EXCLUDED.planned_start, planned_minutes = EXCLUDED.planned_minutes,
    begins_at = EXCLUDED.begins_at, first_in_at = EXCLUDED.first_in_at, cancelled = EXCLUDED.cancelled,
    folded = EXCLUDED.folded, version = visits.version + 1, changed_at = EXCLUDED.changed_at
RETURNING visit, version;

-- name: remove_visits
DELETE FROM visits USING unnest($2::text[], $3::text[], $4::date[]) AS gone (visit, client, day)
WHERE provider_id = $1 AND visits.visit = gone.visit AND visits.client = gone.client AND visits.day = gone.day
RETURNING visits.visit;

-- name: visits_of_day
SELECT provider_id, council_id, folded, version, changed_at, (
    SELECT min(following.planned_start) FROM visits AS following
    WHERE following.provider_id = visits.provider_id AND following.client = visits.client
    AND following.day = visits.day AND following.planned_start > visits.planned_start AND following.cancelled IS NULL
) AS next_start, (
    SELECT json_agg(json_build_object(
        'kind', kind, 'handling', 'acknowledge', 'carer', carer, 'between', contradictions.between, 'other_visit', other_visit
    ) ORDER BY kind, carer, contradictions.between)
    FROM contradictions
    WHERE contradictions.provider_id = visits.provider_id AND contradictions.visit = visits.visit
) AS contradictions
FROM visits
WHERE day = $1 AND ($2::uuid IS NULL OR provider_id = $2) AND ($3::text IS NULL OR council_id = $3)
ORDER BY coalesce(planned_start, begins_at), visit, provider_id;

-- name: visit
SELECT provider_id, council_id, folded, version, changed_at, (
    SELECT min(following.planned_start) FROM visits AS following
    WHERE following.provider_id = visits.provider_id AND following.client = visits.client
    AND following.day = visits.day AND following.planned_start > visits.planned_start AND following.cancelled IS NULL
) AS next_start, (
    SELECT json_agg(json_build_object(
        'kind', kind, 'handling', 'acknowledge', 'carer', carer, 'between', contradictions.between, 'other_visit', other_visit
    ) ORDER BY kind, carer, contradictions.between)
    FROM contradictions
    WHERE contradictions.provider_id = visits.provider_id AND contradictions.visit = visits.visit
) AS contradictions
FROM visits WHERE provider_id = $1 AND visit = $2;

-- name: acknowledged_on_day
SELECT provider_id, acknowledgements.visit, exception, carer
FROM acknowledgements JOIN visits USING (provider_id, visit)
WHERE day = $1 AND ($2::uuid IS NULL OR provider_id = $2) AND ($3::text IS NULL OR council_id = $3)
    AND occurrence = coalesce(planned_start, '1970-01-01T00:00:00Z');

-- name: acknowledgements
SELECT exception, carer, acknowledged_by, acknowledged_at, memo, occurrence
FROM acknowledgements WHERE provider_id = $1 AND visit = $2
ORDER BY acknowledged_at, exception, carer;

-- name: insert_amendment
INSERT INTO amendments (
    provider_id, amendment_id, visit, carer, in_at, out_at, made_at, made_by, reason, memo, recorded_at, device_id
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (provider_id, amendment_id) DO NOTHING
RETURNING amendment_id;

-- name: amendment
SELECT amendment_id, visit, carer, in_at, out_at, made_at, made_by, reason, memo
FROM amendments WHERE provider_id = $1 AND amendment_id = $2;

-- name: carer_known
SELECT EXISTS (SELECT FROM carers WHERE provider_id = $1 AND carer = $2);

-- name: insert_acknowledgement
INSERT INTO acknowledgements (
    provider_id, visit, exception, carer, acknowledged_by, acknowledged_at, memo, occurrence
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (provider_id, visit, exception, carer, occurrence) DO NOTHING
RETURNING visit;

-- name: claims_of_visits
SELECT visit, kind, who, carer, client, council_id, from_at, until_at, from_ref, until_ref, from_sequence,
    until_sequence
FROM claims WHERE provider_id = $1 AND visit = ANY ($2::text[]);

-- name: claims_in_stretches
SELECT claimed.*
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS stretch (who, first, last)
CROSS JOIN LATERAL (
    SELECT visit, kind, claims.who, carer, client, council_id, from_at, until_at, from_ref, until_ref, from_sequence,
        until_sequence
    FROM claims WHERE provider_id = $1 AND claims.who = stretch.who AND from_at BETWEEN stretch.first AND stretch.last
    OFFSET 0
) AS claimed;

-- name: remove_claims
DELETE FROM claims USING unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS gone (visit, kind, who, from_ref)
WHERE provider_id = $1 AND claims.visit = gone.visit AND claims.kind = gone.kind AND claims.who = gone.who
AND claims.from_ref = gone.from_ref;

-- name: insert_claims
INSERT INTO claims (
    provider_id, visit, kind, who, carer, client, council_id, from_at, until_at, from_ref, until_ref, from_sequence,
    until_sequence
)
SELECT $1, claimed.*
FROM unnest(
    $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[],
    $10::text[], $11::text[], $12::bigint[], $13::bigint[]
) AS claimed
ON CONFLICT DO NOTHING;

-- name: contradictions_in_stretches
SELECT found.*
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS stretch (who, first, last)
CROSS JOIN LATERAL (
    SELECT visit, council_id, kind, carer, other_visit, contradictions.between, contradictions.who, at
    FROM contradictions
    WHERE provider_id = $1 AND contradictions.who = stretch.who AND at BETWEEN stretch.first AND stretch.last
    OFFSET 0
) AS found;

-- name: remove_contradictions
DELETE FROM contradictions
USING unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS gone (visit, kind, carer, own, other)
WHERE provider_id = $1 AND contradictions.visit = gone.visit AND contradictions.kind = gone.kind
AND contradictions.carer = gone.carer AND contradictions.between = ARRAY[gone.own, gone.other];

-- name: insert_contradictions
INSERT INTO contradictions (
    provider_id, visit, council_id, kind, carer, other_visit, between, who, at, found_at
)
SELECT $1, visit, council_id, kind, carer, other_visit, ARRAY[own, other], who, at, $2
FROM unnest(
    $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::timestamptz[]
) AS found (visit, council_id, kind, carer, other_visit, own, other, who, at)
ON CONFLICT DO NOTHING;
