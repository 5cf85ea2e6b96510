-- name: insert_enrolment
INSERT INTO enrolments (provider_id, code_hash, carer, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: provider_of_enrolment
SELECT provider_id FROM enrolments WHERE code_hash = $1;

-- name: use_enrolment
UPDATE enrolments SET device_id = $3
WHERE provider_id = $1 AND code_hash = $2 AND device_id IS NULL AND expires_at > $4
RETURNING carer;

-- name: enrolment_device
SELECT device_id FROM enrolments WHERE provider_id = $1 AND code_hash = $2;

-- name: insert_device
INSERT INTO devices (provider_id, device_id, carer, public_key, enrolled_at) VALUES ($1, $2, $3, $4::jsonb, $5);

-- name: device
SELECT provider_id, device_id, carer, public_key::text, enrolled_at, revoked_at
FROM devices WHERE provider_id = $1 AND device_id = $2;

-- name: devices
SELECT provider_id, device_id, carer, public_key::text, enrolled_at, revoked_at
FROM devices WHERE provider_id = $1
ORDER BY carer, enrolled_at, device_id;

-- name: devices_of_ids
SELECT provider_id, device_id, carer, public_key::text, enrolled_at, revoked_at
FROM devices WHERE device_id = ANY ($1::uuid[])
ORDER BY device_id, provider_id;

-- name: revoke_device
UPDATE devices SET revoked_at = $3 WHERE provider_id = $1 AND device_id = $2 AND revoked_at IS NULL
RETURNING true;
