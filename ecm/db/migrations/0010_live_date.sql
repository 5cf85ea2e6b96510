-- A provider's visits are watched from its live date on; null stands for the day on which the provider was stored.
ALTER TABLE providers ADD COLUMN live_on date;

-- Who closed an alert: a username, or `service` where it ended by itself and may be opened again. Null for what was
-- closed before this was kept, which only people did.
ALTER TABLE alerts ADD COLUMN closed_by text;

-- From when on a missed visit counted as missed when its alert was raised: what is planned differently afterwards does not
-- move it. Null for other alerts, and for those raised before this was kept.
ALTER TABLE alerts ADD COLUMN missed_from timestamptz;
