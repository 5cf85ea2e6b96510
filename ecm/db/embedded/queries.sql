-- What the embedded server asks of itself.

-- name: database_exists
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1);
