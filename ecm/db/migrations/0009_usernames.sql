-- People type JO for jo. An account is found by its key, the username in small letters (the service also folds widths
-- and blanks), and no two may share one.
--
-- The version before knows nothing of the key: stop it, then start this one. No release has gone out that would need
-- the expand and contract pair.

ALTER TABLE accounts ADD COLUMN username_key text;

-- Where two names differ in their capitals only, one has the key: the one in small letters, else the oldest. The
-- others keep their own spelling as their key, so that they are found when it is typed just so.
UPDATE accounts SET username_key = CASE WHEN ranked.place = 1 THEN lower(ranked.username) ELSE ranked.username END
FROM (
    SELECT account_id, username, row_number() OVER (
        PARTITION BY lower(username) ORDER BY username = lower(username) DESC, created_at, account_id
    ) AS place
    FROM accounts
) AS ranked
WHERE accounts.account_id = ranked.account_id;

ALTER TABLE accounts ALTER COLUMN username_key SET NOT NULL;
ALTER TABLE accounts ADD CONSTRAINT accounts_username_key_once UNIQUE (username_key);
