-- name: rehearsed_until
SELECT now FROM rehearsal_clock;

-- name: keep_rehearsed
INSERT INTO rehearsal_clock (now) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET now = EXCLUDED.now;
