-- Where the office says that a check-in belongs which found no home by itself; the latest of a check-in counts. Without
-- a client it belongs to nobody. Nothing is ever changed or taken away here. `direction` and `occurred_at` are the
-- check-in's own, unless they could not be read: then `told` is true, and they are the office's word.
CREATE TABLE check_in_homes (
    provider_id uuid NOT NULL REFERENCES providers,
    home_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    client text,
    visit text,
    direction text NOT NULL,
    occurred_at timestamptz NOT NULL,
    told boolean NOT NULL,
    attached_by text NOT NULL,
    attached_at timestamptz NOT NULL,
    memo text NOT NULL,
    PRIMARY KEY (provider_id, home_id),
    CONSTRAINT check_in_homes_check_in_known FOREIGN KEY (provider_id, device_id, check_in_id) REFERENCES check_ins,
    CONSTRAINT check_in_homes_client_known FOREIGN KEY (provider_id, client) REFERENCES clients,
    CONSTRAINT check_in_homes_visit_has_client CHECK (visit IS NULL OR client IS NOT NULL),
    CONSTRAINT check_in_homes_direction_known CHECK (client IS NULL OR direction IN ('in', 'out'))
);
CREATE INDEX check_in_homes_by_client ON check_in_homes (provider_id, client, occurred_at);
CREATE INDEX check_in_homes_by_check_in ON check_in_homes (provider_id, device_id, check_in_id, attached_at, home_id);

-- The few that may have found no home: no client, none of that code, no direction, or a time that no visit can have.
CREATE INDEX check_ins_homeless ON check_ins (provider_id, received_at, check_in_id)
WHERE client IS NULL OR 'unknown_client' = ANY (doubts) OR direction NOT IN ('in', 'out')
    OR occurred_at < '2000-01-01 00:00:00+00' OR occurred_at >= '2100-01-01 00:00:00+00';

CREATE INDEX check_in_conflicts_by_age ON check_in_conflicts (provider_id, received_at);

-- A refusal is shown to the one provider with which the phone is enrolled that the message names; to nobody where there
-- is none, or several.
ALTER TABLE refusals ADD COLUMN provider_id uuid;
CREATE INDEX refusals_by_provider ON refusals (provider_id, device_id, reason);

GRANT SELECT, INSERT ON check_in_homes TO ecm_service;

ALTER TABLE check_in_homes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_provider ON check_in_homes TO ecm_service
    USING (provider_id = nullif(current_setting('ecm.provider_id', true), '')::uuid);
CREATE POLICY own_council ON check_in_homes FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM clients
        WHERE clients.provider_id = check_in_homes.provider_id AND clients.client = check_in_homes.client
    )
);

ALTER TABLE refusals ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_provider ON refusals FOR SELECT TO ecm_service
    USING (provider_id = nullif(current_setting('ecm.provider_id', true), '')::uuid);
CREATE POLICY intake ON refusals TO ecm_intake USING (true) WITH CHECK (true);

-- A council reads the evidence of the visits it pays for, also where the office had to say whose it is.
CREATE POLICY own_council_attached ON check_ins FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM check_in_homes
        WHERE check_in_homes.provider_id = check_ins.provider_id
        AND check_in_homes.device_id = check_ins.device_id
        AND check_in_homes.check_in_id = check_ins.check_in_id
    )
);
