-- The whole house at once. Rules of this schema: provider_id comes first in every key of rows that belong to a
-- provider; no triggers; ids and times come from the application.

-- Reference rows: what every provider and council may know.

CREATE TABLE councils (
    council_id text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE contracts (
    council_id text NOT NULL REFERENCES councils,
    contract text NOT NULL,
    version integer NOT NULL,
    document jsonb NOT NULL,
    stored_at timestamptz NOT NULL,
    PRIMARY KEY (council_id, contract, version)
);

CREATE TABLE providers (
    provider_id uuid PRIMARY KEY,
    name text NOT NULL,
    stored_at timestamptz NOT NULL
);

CREATE TABLE uprns (
    uprn text PRIMARY KEY,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL
);

-- Accounts are looked up before anybody's provider is known, so they stand outside row-level security.
CREATE TABLE accounts (
    account_id uuid PRIMARY KEY,
    username text NOT NULL CONSTRAINT accounts_username_once UNIQUE,
    role text NOT NULL CHECK (role IN ('coordinator', 'registered_manager', 'council_officer', 'operator')),
    provider_id uuid REFERENCES providers,
    council_id text REFERENCES councils,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT accounts_scope_fits_role CHECK (
        CASE role
            WHEN 'operator' THEN provider_id IS NULL AND council_id IS NULL
            WHEN 'council_officer' THEN provider_id IS NULL AND council_id IS NOT NULL
            ELSE provider_id IS NOT NULL AND council_id IS NULL
        END
    )
);

CREATE TABLE api_tokens (
    token_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE sessions (
    session_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

-- What could not be read or authenticated, in a ring of fixed size; it belongs to no provider for certain.
CREATE SEQUENCE refusal_slots MINVALUE 0 MAXVALUE 9999 CYCLE;

CREATE TABLE refusals (
    slot integer PRIMARY KEY,
    received_at timestamptz NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    device_id uuid,
    message_digest bytea NOT NULL,
    signed_part text NOT NULL
);

CREATE TABLE rehearsal_clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    now timestamptz NOT NULL
);

-- Rows of a provider.

CREATE TABLE provider_keys (
    provider_id uuid PRIMARY KEY REFERENCES providers,
    tag_key bytea NOT NULL
);

-- Rises whenever devices, tags, fences, clients or carers of a provider change, so that every intake process can
-- tell within a second that what it remembers is old.
CREATE TABLE directory_versions (
    provider_id uuid PRIMARY KEY REFERENCES providers,
    version bigint NOT NULL
);

CREATE TABLE locations (
    provider_id uuid NOT NULL REFERENCES providers,
    location_id text NOT NULL,
    name text NOT NULL,
    cqc_provider_id text NOT NULL,
    cqc_location_id text NOT NULL,
    PRIMARY KEY (provider_id, location_id)
);

CREATE TABLE carers (
    provider_id uuid NOT NULL REFERENCES providers,
    carer text NOT NULL,
    location_id text NOT NULL,
    PRIMARY KEY (provider_id, carer),
    CONSTRAINT carers_location_known FOREIGN KEY (provider_id, location_id) REFERENCES locations
);

CREATE TABLE clients (
    provider_id uuid NOT NULL REFERENCES providers,
    client text NOT NULL,
    location_id text NOT NULL,
    council_id text NOT NULL REFERENCES councils,
    council_reference text,
    lives_alone boolean NOT NULL,
    lacks_capacity boolean NOT NULL,
    PRIMARY KEY (provider_id, client),
    CONSTRAINT clients_location_known FOREIGN KEY (provider_id, location_id) REFERENCES locations
);

-- The one place where a client has a name and an address; it can be dropped and the rest still works.
CREATE TABLE client_identities (
    provider_id uuid NOT NULL,
    client text NOT NULL,
    name text,
    address text,
    postcode text,
    uprn text,
    PRIMARY KEY (provider_id, client),
    FOREIGN KEY (provider_id, client) REFERENCES clients
);

CREATE TABLE fences (
    provider_id uuid NOT NULL,
    client text NOT NULL,
    shape jsonb NOT NULL,
    PRIMARY KEY (provider_id, client),
    FOREIGN KEY (provider_id, client) REFERENCES clients
);

CREATE TABLE commissions (
    provider_id uuid NOT NULL,
    commission text NOT NULL,
    client text NOT NULL,
    council_id text NOT NULL REFERENCES councils,
    contract text NOT NULL,
    service text NOT NULL,
    start_date date NOT NULL,
    end_date date,
    days text NOT NULL CHECK (length(days) = 7),
    start_time time NOT NULL,
    minutes integer NOT NULL CHECK (minutes BETWEEN 1 AND 1440),
    carers integer NOT NULL CHECK (carers BETWEEN 1 AND 9),
    time_critical boolean NOT NULL,
    short_visit_agreed boolean NOT NULL,
    PRIMARY KEY (provider_id, commission),
    CONSTRAINT commissions_client_known FOREIGN KEY (provider_id, client) REFERENCES clients
);
CREATE INDEX commissions_by_council ON commissions (council_id, provider_id);

CREATE TABLE planned_visits (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    client text NOT NULL,
    commission text,
    start_at timestamptz NOT NULL,
    minutes integer NOT NULL CHECK (minutes BETWEEN 1 AND 1440),
    carers text[] NOT NULL,
    carers_needed integer NOT NULL CHECK (carers_needed BETWEEN 1 AND 9),
    cancelled text,
    PRIMARY KEY (provider_id, visit),
    CONSTRAINT planned_visits_client_known FOREIGN KEY (provider_id, client) REFERENCES clients,
    CONSTRAINT planned_visits_commission_known FOREIGN KEY (provider_id, commission) REFERENCES commissions
);
CREATE INDEX planned_visits_by_client ON planned_visits (provider_id, client, start_at);

CREATE TABLE enrolments (
    provider_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    carer text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    device_id uuid,
    PRIMARY KEY (provider_id, code_hash),
    CONSTRAINT enrolments_carer_known FOREIGN KEY (provider_id, carer) REFERENCES carers
);
CREATE INDEX enrolments_by_code ON enrolments (code_hash);

CREATE TABLE devices (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    carer text NOT NULL,
    public_key jsonb NOT NULL,
    enrolled_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (provider_id, device_id),
    CONSTRAINT devices_carer_known FOREIGN KEY (provider_id, carer) REFERENCES carers
);
CREATE INDEX devices_by_id ON devices (device_id);

CREATE TABLE tags (
    provider_id uuid NOT NULL,
    tag_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('nfc', 'qr')),
    client text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, tag_id),
    CONSTRAINT tags_client_known FOREIGN KEY (provider_id, client) REFERENCES clients
);

-- Immutable: the signed bytes as sent, and beside them what we made of them when they came.
CREATE TABLE check_ins (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    sequence bigint NOT NULL,
    direction text NOT NULL,
    carer text NOT NULL,
    client text,
    visit_hint text,
    device_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    skew_seconds bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    evidence text[] NOT NULL,
    tag_id uuid,
    verdict text,
    distance_m double precision,
    a95_m double precision,
    chance_inside double precision,
    grade text NOT NULL,
    doubts text[] NOT NULL,
    message_digest bytea NOT NULL,
    link_digest bytea NOT NULL,
    previous_digest bytea,
    signed_part text NOT NULL,
    PRIMARY KEY (provider_id, device_id, check_in_id)
);
CREATE INDEX check_ins_by_client ON check_ins (provider_id, client, occurred_at);

-- A check-in as intake hands it over; `evidence` and `doubts` with commas between.
CREATE TYPE given_check_in AS (
    provider_id uuid,
    device_id uuid,
    check_in_id uuid,
    sequence bigint,
    direction text,
    carer text,
    client text,
    visit_hint text,
    device_at timestamptz,
    received_at timestamptz,
    skew_seconds bigint,
    occurred_at timestamptz,
    evidence text,
    tag_id uuid,
    verdict text,
    distance_m double precision,
    a95_m double precision,
    chance_inside double precision,
    grade text,
    doubts text,
    message_digest bytea,
    link_digest bytea,
    previous_digest bytea,
    signed_part text,
    disclosure text,
    fold_client text,
    check_signature boolean
);

-- Raw coordinates live apart, as disclosures, and go on their own clock.
CREATE TABLE check_in_locations (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    disclosure text NOT NULL,
    PRIMARY KEY (provider_id, device_id, check_in_id)
);
-- They come in the order of their age, so the cheapest of indexes finds the old ones.
CREATE INDEX check_in_locations_by_age ON check_in_locations USING brin (received_at);

CREATE TABLE check_in_conflicts (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    message_digest bytea NOT NULL,
    received_at timestamptz NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (provider_id, device_id, check_in_id, message_digest)
);

-- What must be folded again and (where it names a check-in) sealed into the provider's log; `check_signature` where a
-- chain authenticated the check-in and its own signature is still to be verified.
CREATE TABLE fold_requests (
    provider_id uuid NOT NULL,
    request_id bigint GENERATED ALWAYS AS IDENTITY,
    client text,
    around timestamptz NOT NULL,
    device_id uuid,
    check_in_id uuid,
    link_digest bytea,
    check_signature boolean NOT NULL DEFAULT false,
    PRIMARY KEY (provider_id, request_id)
);

-- Check-ins that a later one of the same device vouched for by its chain, but whose own signature does not hold.
CREATE TABLE signature_failures (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, device_id, check_in_id)
);

CREATE TABLE log_entries (
    provider_id uuid NOT NULL,
    leaf_index bigint NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    leaf_hash bytea NOT NULL,
    PRIMARY KEY (provider_id, leaf_index),
    CONSTRAINT log_entries_sealed_once UNIQUE (provider_id, device_id, check_in_id)
);

CREATE TABLE log_heads (
    provider_id uuid PRIMARY KEY REFERENCES providers,
    tree_size bigint NOT NULL
);

-- A projection: folded again from check-ins, roster and amendments, and always equal to that fold. `folded` is kept to
-- the letter, so that a fold need only compare texts to see whether it brings news.
CREATE TABLE visits (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    client text NOT NULL,
    council_id text NOT NULL,
    commission text,
    day date NOT NULL,
    planned_start timestamptz,
    planned_minutes integer,
    begins_at timestamptz NOT NULL,
    first_in_at timestamptz,
    cancelled text,
    folded json NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, visit)
);
CREATE INDEX visits_by_day ON visits (provider_id, day);
CREATE INDEX visits_by_client ON visits (provider_id, client, day);
CREATE INDEX visits_by_council ON visits (council_id, provider_id, day);
CREATE INDEX visits_not_begun ON visits (provider_id, planned_start) WHERE first_in_at IS NULL AND cancelled IS NULL;

CREATE TABLE amendments (
    provider_id uuid NOT NULL,
    amendment_id uuid NOT NULL,
    visit text NOT NULL,
    carer text NOT NULL,
    in_at timestamptz,
    out_at timestamptz,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    reason text NOT NULL,
    memo text,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, amendment_id)
);
CREATE INDEX amendments_by_visit ON amendments (provider_id, visit);

CREATE TABLE acknowledgements (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    exception text NOT NULL,
    carer text NOT NULL,
    acknowledged_by text NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    memo text,
    PRIMARY KEY (provider_id, visit, exception, carer)
);

CREATE TABLE alerts (
    provider_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    location_id text NOT NULL,
    kind text NOT NULL,
    client text,
    visit text,
    carer text,
    source text NOT NULL CHECK (source IN ('watcher', 'office', 'phone')),
    occurred_at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    raised_by text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'withdrawn', 'closed')),
    state_reason text,
    memo text,
    level integer NOT NULL,
    signed_part text,
    PRIMARY KEY (provider_id, alert_id),
    CONSTRAINT alerts_location_known FOREIGN KEY (provider_id, location_id) REFERENCES locations
);
CREATE INDEX alerts_by_visit ON alerts (provider_id, visit);
CREATE INDEX alerts_by_location ON alerts (provider_id, location_id, raised_at);

CREATE TABLE alert_facts (
    provider_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    memo text,
    cause text,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, alert_id, fact_id),
    CONSTRAINT alert_facts_alert_known FOREIGN KEY (provider_id, alert_id) REFERENCES alerts
);

CREATE TABLE candidates (
    provider_id uuid NOT NULL,
    candidate_id uuid NOT NULL,
    location_id text NOT NULL,
    type text NOT NULL,
    state text NOT NULL,
    client text,
    aware_at timestamptz NOT NULL,
    event_at timestamptz NOT NULL,
    document jsonb NOT NULL,
    version integer NOT NULL,
    decided_by text,
    decided_at timestamptz,
    decided_reason text,
    PRIMARY KEY (provider_id, candidate_id)
);

CREATE TABLE audit_events (
    provider_id uuid NOT NULL,
    event_id uuid NOT NULL,
    at timestamptz NOT NULL,
    tag text NOT NULL,
    actor text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (provider_id, event_id)
);

-- Who may do what. The service owns nothing and sees only the provider or council named in its transaction; intake
-- writes for many providers at once, and may do little else.

GRANT SELECT, INSERT, UPDATE ON councils, contracts, providers, uprns, accounts, api_tokens, rehearsal_clock TO ecm_service;
GRANT SELECT, INSERT, DELETE ON sessions TO ecm_service;
GRANT SELECT ON refusals TO ecm_service;
GRANT SELECT, INSERT, UPDATE ON provider_keys, directory_versions, locations, carers, clients, client_identities, fences, commissions,
    planned_visits, enrolments, devices, tags, alerts, candidates, log_heads TO ecm_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON visits TO ecm_service;
GRANT SELECT, INSERT, DELETE ON fold_requests TO ecm_service;
-- SELECT … FOR UPDATE asks for the right to update a column.
GRANT UPDATE (around) ON fold_requests TO ecm_service;
GRANT SELECT, DELETE ON check_in_locations TO ecm_service;
GRANT SELECT ON check_ins, check_in_conflicts TO ecm_service;
GRANT SELECT, INSERT ON log_entries, signature_failures, amendments, acknowledgements, alert_facts, audit_events TO ecm_service;

GRANT INSERT ON check_ins, check_in_locations, check_in_conflicts, fold_requests TO ecm_intake;
GRANT SELECT (provider_id, device_id, check_in_id, sequence, link_digest, message_digest, received_at) ON check_ins TO ecm_intake;
GRANT SELECT (provider_id, device_id, check_in_id, message_digest) ON check_in_conflicts TO ecm_intake;
GRANT SELECT (provider_id, request_id, device_id, check_in_id) ON fold_requests TO ecm_intake;
GRANT SELECT ON SEQUENCE fold_requests_request_id_seq TO ecm_intake;
GRANT SELECT (provider_id, code_hash) ON enrolments TO ecm_intake;
GRANT SELECT ON devices, tags, fences, provider_keys, directory_versions, providers TO ecm_intake;
GRANT SELECT (provider_id, client) ON clients TO ecm_intake;
GRANT SELECT (provider_id, carer) ON carers TO ecm_intake;
GRANT SELECT, INSERT, UPDATE ON refusals TO ecm_intake;
GRANT USAGE ON SEQUENCE refusal_slots TO ecm_intake;

DO $$
DECLARE
    rows_of text;
BEGIN
    FOREACH rows_of IN ARRAY ARRAY[
        'provider_keys', 'directory_versions', 'locations', 'carers', 'clients', 'client_identities', 'fences', 'commissions',
        'planned_visits', 'enrolments', 'devices', 'tags', 'check_ins', 'check_in_locations', 'check_in_conflicts',
        'fold_requests', 'signature_failures', 'log_entries', 'log_heads', 'visits', 'amendments', 'acknowledgements', 'alerts',
        'alert_facts', 'candidates', 'audit_events'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', rows_of);
        EXECUTE format(
            'CREATE POLICY own_provider ON %I TO ecm_service'
            ' USING (provider_id = nullif(current_setting(''ecm.provider_id'', true), '''')::uuid)',
            rows_of
        );
    END LOOP;
    FOREACH rows_of IN ARRAY ARRAY['clients', 'commissions', 'visits'] LOOP
        EXECUTE format(
            'CREATE POLICY own_council ON %I FOR SELECT TO ecm_service'
            ' USING (council_id = nullif(current_setting(''ecm.council_id'', true), ''''))',
            rows_of
        );
    END LOOP;
    FOREACH rows_of IN ARRAY ARRAY[
        'check_ins', 'check_in_locations', 'check_in_conflicts', 'fold_requests', 'enrolments', 'devices', 'tags',
        'fences', 'provider_keys', 'directory_versions', 'clients', 'carers'
    ] LOOP
        EXECUTE format('CREATE POLICY intake ON %I TO ecm_intake USING (true) WITH CHECK (true)', rows_of);
    END LOOP;
END
$$;

-- A council reads the evidence of the people it pays for: never the coordinates.
CREATE POLICY own_council ON check_ins FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM clients
        WHERE clients.provider_id = check_ins.provider_id AND clients.client = check_ins.client
    )
);
CREATE POLICY own_council ON signature_failures FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM check_ins
        WHERE check_ins.provider_id = signature_failures.provider_id
        AND check_ins.device_id = signature_failures.device_id
        AND check_ins.check_in_id = signature_failures.check_in_id
    )
);
CREATE POLICY own_council ON planned_visits FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM commissions
        WHERE commissions.provider_id = planned_visits.provider_id
        AND commissions.commission = planned_visits.commission
    )
);
CREATE POLICY own_council ON amendments FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM visits WHERE visits.provider_id = amendments.provider_id AND visits.visit = amendments.visit
    )
);
CREATE POLICY own_council ON acknowledgements FOR SELECT TO ecm_service USING (
    nullif(current_setting('ecm.council_id', true), '') IS NOT NULL
    AND EXISTS (
        SELECT FROM visits
        WHERE visits.provider_id = acknowledgements.provider_id AND visits.visit = acknowledgements.visit
    )
);
