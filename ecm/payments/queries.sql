-- name: council_name
SELECT name FROM councils WHERE council_id = $1;

-- name: provider_name
SELECT name FROM providers WHERE provider_id = $1;

-- name: councils_of_provider
SELECT council_id, name FROM councils
WHERE council_id IN (SELECT council_id FROM commissions WHERE provider_id = $1)
ORDER BY name, council_id;

-- name: contract_documents
SELECT document::text FROM contracts WHERE council_id = $1 ORDER BY contract, version;

-- name: deals
SELECT EXISTS (SELECT FROM commissions WHERE provider_id = $1 AND council_id = $2)
    OR EXISTS (SELECT FROM visits WHERE provider_id = $1 AND council_id = $2);

-- name: commissions
SELECT commission AS code, client, council_id AS council, contract, service, start_date, end_date, days, start_time,
    minutes, carers, time_critical, short_visit_agreed
FROM commissions
WHERE provider_id = $1 AND council_id = $2 AND start_date <= $4 AND (end_date IS NULL OR end_date >= $3)
ORDER BY commission;

-- name: visits
SELECT folded, (
    SELECT min(following.planned_start) FROM visits AS following
    WHERE following.provider_id = visits.provider_id AND following.client = visits.client
    AND following.day = visits.day AND following.planned_start > visits.planned_start AND following.cancelled IS NULL
) AS next_start, (
    SELECT json_agg(json_build_object(
        'kind', kind, 'handling', 'acknowledge', 'carer', carer, 'between', contradictions.between,
        'other_visit', other_visit
    ) ORDER BY kind, carer, contradictions.between)
    FROM contradictions
    WHERE contradictions.provider_id = visits.provider_id AND contradictions.visit = visits.visit
) AS contradictions
FROM visits
WHERE provider_id = $1 AND council_id = $2 AND day BETWEEN $3 AND $4
ORDER BY day, visit;
