-- Stays fill slots now, by limits that follow from each visit: whatever was folded before is folded once more.
INSERT INTO fold_requests (provider_id, client, around)
SELECT DISTINCT ON (provider_id, client, day) provider_id, client, begins_at
FROM visits
ORDER BY provider_id, client, day, begins_at;
