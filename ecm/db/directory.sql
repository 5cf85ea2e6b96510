-- name: raise_version
INSERT INTO directory_versions (provider_id, version) VALUES ($1, 1)
ON CONFLICT (provider_id) DO UPDATE SET version = directory_versions.version + 1;

-- name: versions
SELECT provider_id, version FROM directory_versions;
