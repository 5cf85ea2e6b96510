-- name: insert_account
INSERT INTO accounts (account_id, username, username_key, role, provider_id, council_id, password_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: insert_token
INSERT INTO api_tokens (token_hash, account_id, created_at) VALUES ($1, $2, $3);

-- name: account_by_token
SELECT account_id, username, role, provider_id, council_id
FROM api_tokens JOIN accounts USING (account_id)
WHERE token_hash = $1 AND revoked_at IS NULL;

-- name: account_by_session
SELECT account_id, username, role, provider_id, council_id
FROM sessions JOIN accounts USING (account_id)
WHERE session_hash = $1 AND expires_at > $2;

-- name: account_by_username
-- As it is written goes first: two that differ in their capitals only may be left from before they were one.
SELECT account_id, username, role, provider_id, council_id, password_hash
FROM accounts
WHERE username = $1 OR username_key = $2
ORDER BY username = $1 DESC
LIMIT 1;

-- name: insert_session
INSERT INTO sessions (session_hash, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4);

-- name: delete_session
DELETE FROM sessions WHERE session_hash = $1;

-- name: delete_expired_sessions
DELETE FROM sessions WHERE expires_at <= $1;

-- name: revoke_tokens
UPDATE api_tokens SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL RETURNING true;
