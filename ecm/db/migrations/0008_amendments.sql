-- What a person types is held to the visit, and can be taken back in the open.
--
-- This widens a primary key in place: stop the version before, then start this one.

-- That an amendment does not count: an event of its own. The amendment stays as it was written.
CREATE TABLE amendment_withdrawals (
    provider_id uuid NOT NULL,
    amendment_id uuid NOT NULL,
    withdrawn_by text NOT NULL,
    withdrawn_at timestamptz NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (provider_id, amendment_id),
    CONSTRAINT amendment_withdrawals_amendment_known FOREIGN KEY (provider_id, amendment_id) REFERENCES amendments
);
GRANT SELECT, INSERT ON amendment_withdrawals TO ecm_service;
ALTER TABLE amendment_withdrawals ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_provider ON amendment_withdrawals TO ecm_service
    USING (provider_id = nullif(current_setting('ecm.provider_id', true), '')::uuid);
CREATE POLICY own_council ON amendment_withdrawals FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM amendments
        WHERE amendments.provider_id = amendment_withdrawals.provider_id
        AND amendments.amendment_id = amendment_withdrawals.amendment_id
    )
);

-- An amendment of an unplanned visit follows the check-in that the visit is named after; `device_id` is the phone of
-- that check-in, null where the visit was planned. So a council that may see the check-in sees who amended it, and why,
-- also when a roster imported later has made it part of a planned visit.
ALTER TABLE amendments ADD COLUMN device_id uuid;
UPDATE amendments SET device_id = check_ins.device_id
FROM check_ins
WHERE check_ins.provider_id = amendments.provider_id AND amendments.visit = 'unplanned:' || check_ins.check_in_id;
CREATE POLICY own_council_unplanned ON amendments FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM check_ins
        WHERE check_ins.provider_id = amendments.provider_id AND check_ins.device_id = amendments.device_id
        AND check_ins.check_in_id
            = CASE WHEN amendments.visit LIKE 'unplanned:%' THEN substr(amendments.visit, 11)::uuid END
    )
);

-- An acknowledgement belongs to the visit as it was planned then: `occurrence` is that planned start, and 1970 for one
-- that was not planned.
ALTER TABLE acknowledgements ADD COLUMN occurrence timestamptz;
UPDATE acknowledgements SET occurrence = coalesce(
    (
        SELECT planned_start FROM visits
        WHERE visits.provider_id = acknowledgements.provider_id AND visits.visit = acknowledgements.visit
    ),
    '1970-01-01T00:00:00Z'
);
ALTER TABLE acknowledgements ALTER COLUMN occurrence SET NOT NULL;
ALTER TABLE acknowledgements DROP CONSTRAINT acknowledgements_pkey;
ALTER TABLE acknowledgements ADD CONSTRAINT acknowledgements_pkey
    PRIMARY KEY (provider_id, visit, exception, carer, occurrence);
