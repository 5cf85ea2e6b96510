-- name: raise_version
INSERT INTO reference_versions (provider_id, version) VALUES ($1, 1)
ON CONFLICT (provider_id) DO UPDATE SET version = reference_versions.version + 1;

-- name: versions
SELECT provider_id, version FROM reference_versions;
