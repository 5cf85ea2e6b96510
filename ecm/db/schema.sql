-- The sum of the migrations, written by `python -m ecm.db.dump_schema`; a test holds it to them.

CREATE TYPE public.given_check_in AS (
	provider_id uuid,
	device_id uuid,
	check_in_id uuid,
	sequence bigint,
	direction text,
	carer text,
	client text,
	visit_hint text,
	device_at timestamp with time zone,
	received_at timestamp with time zone,
	skew_seconds bigint,
	occurred_at timestamp with time zone,
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

CREATE TABLE public.accounts (
    account_id uuid NOT NULL,
    username text NOT NULL,
    role text NOT NULL,
    provider_id uuid,
    council_id text,
    password_hash text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    username_key text NOT NULL,
    CONSTRAINT accounts_role_check CHECK ((role = ANY (ARRAY['coordinator'::text, 'registered_manager'::text, 'council_officer'::text, 'operator'::text]))),
    CONSTRAINT accounts_scope_fits_role CHECK (
CASE role
    WHEN 'operator'::text THEN ((provider_id IS NULL) AND (council_id IS NULL))
    WHEN 'council_officer'::text THEN ((provider_id IS NULL) AND (council_id IS NOT NULL))
    ELSE ((provider_id IS NOT NULL) AND (council_id IS NULL))
END)
);

CREATE TABLE public.acknowledgements (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    exception text NOT NULL,
    carer text NOT NULL,
    acknowledged_by text NOT NULL,
    acknowledged_at timestamp with time zone NOT NULL,
    memo text,
    occurrence timestamp with time zone NOT NULL
);

CREATE TABLE public.alert_facts (
    provider_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    fact_id uuid NOT NULL,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    memo text,
    cause text,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);

CREATE TABLE public.alerts (
    provider_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    branch_id text NOT NULL,
    kind text NOT NULL,
    client text,
    visit text,
    carer text,
    source text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    raised_by text NOT NULL,
    state text NOT NULL,
    state_reason text,
    memo text,
    level integer NOT NULL,
    signed_part text,
    closed_by text,
    missed_from timestamp with time zone,
    CONSTRAINT alerts_source_check CHECK ((source = ANY (ARRAY['watcher'::text, 'office'::text, 'phone'::text]))),
    CONSTRAINT alerts_state_check CHECK ((state = ANY (ARRAY['open'::text, 'withdrawn'::text, 'closed'::text])))
);

CREATE TABLE public.amendment_withdrawals (
    provider_id uuid NOT NULL,
    amendment_id uuid NOT NULL,
    withdrawn_by text NOT NULL,
    withdrawn_at timestamp with time zone NOT NULL,
    reason text NOT NULL
);

CREATE TABLE public.amendments (
    provider_id uuid NOT NULL,
    amendment_id uuid NOT NULL,
    visit text NOT NULL,
    carer text NOT NULL,
    in_at timestamp with time zone,
    out_at timestamp with time zone,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    reason text NOT NULL,
    memo text,
    recorded_at timestamp with time zone NOT NULL,
    device_id uuid
);

CREATE TABLE public.api_tokens (
    token_hash bytea NOT NULL,
    account_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE public.audit_events (
    provider_id uuid NOT NULL,
    event_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    tag text NOT NULL,
    actor text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL
);

CREATE TABLE public.branches (
    provider_id uuid NOT NULL,
    branch_id text NOT NULL,
    name text NOT NULL,
    cqc_provider_id text NOT NULL,
    cqc_location_id text NOT NULL
);

CREATE TABLE public.candidates (
    provider_id uuid NOT NULL,
    candidate_id uuid NOT NULL,
    branch_id text NOT NULL,
    type text NOT NULL,
    state text NOT NULL,
    client text,
    aware_at timestamp with time zone NOT NULL,
    event_at timestamp with time zone NOT NULL,
    document jsonb NOT NULL,
    version integer NOT NULL,
    decided_by text,
    decided_at timestamp with time zone,
    decided_reason text
);

CREATE TABLE public.carers (
    provider_id uuid NOT NULL,
    carer text NOT NULL,
    branch_id text NOT NULL
);

CREATE TABLE public.check_in_conflicts (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    message_digest bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    message text NOT NULL
);

CREATE TABLE public.check_in_homes (
    provider_id uuid NOT NULL,
    home_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    client text,
    visit text,
    direction text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    told boolean NOT NULL,
    attached_by text NOT NULL,
    attached_at timestamp with time zone NOT NULL,
    memo text NOT NULL,
    CONSTRAINT check_in_homes_direction_known CHECK (((client IS NULL) OR (direction = ANY (ARRAY['in'::text, 'out'::text])))),
    CONSTRAINT check_in_homes_visit_has_client CHECK (((visit IS NULL) OR (client IS NOT NULL)))
);

CREATE TABLE public.check_in_locations (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    disclosure text NOT NULL
);

CREATE TABLE public.check_ins (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    sequence bigint NOT NULL,
    direction text NOT NULL,
    carer text NOT NULL,
    client text,
    visit_hint text,
    device_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    skew_seconds bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
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
    signed_part text NOT NULL
);

CREATE TABLE public.claims (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    kind text NOT NULL,
    who text NOT NULL,
    carer text NOT NULL,
    client text NOT NULL,
    council_id text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    from_ref text NOT NULL,
    until_ref text NOT NULL,
    from_sequence bigint,
    until_sequence bigint,
    CONSTRAINT claims_kind_check CHECK ((kind = ANY (ARRAY['stay'::text, 'phone'::text, 'plan'::text])))
);

CREATE TABLE public.client_identities (
    provider_id uuid NOT NULL,
    client text NOT NULL,
    name text,
    address text,
    postcode text,
    uprn text
);

CREATE TABLE public.clients (
    provider_id uuid NOT NULL,
    client text NOT NULL,
    branch_id text NOT NULL,
    council_id text NOT NULL,
    council_reference text,
    lives_alone boolean NOT NULL,
    lacks_capacity boolean NOT NULL
);

CREATE TABLE public.commissions (
    provider_id uuid NOT NULL,
    commission text NOT NULL,
    client text NOT NULL,
    council_id text NOT NULL,
    contract text NOT NULL,
    service text NOT NULL,
    start_date date NOT NULL,
    end_date date,
    days text NOT NULL,
    start_time time without time zone NOT NULL,
    minutes integer NOT NULL,
    carers integer NOT NULL,
    time_critical boolean NOT NULL,
    short_visit_agreed boolean NOT NULL,
    CONSTRAINT commissions_carers_check CHECK (((carers >= 1) AND (carers <= 9))),
    CONSTRAINT commissions_days_check CHECK ((length(days) = 7)),
    CONSTRAINT commissions_minutes_check CHECK (((minutes >= 1) AND (minutes <= 1440)))
);

CREATE TABLE public.contracts (
    council_id text NOT NULL,
    contract text NOT NULL,
    version integer NOT NULL,
    document jsonb NOT NULL,
    stored_at timestamp with time zone NOT NULL
);

CREATE TABLE public.contradictions (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    kind text NOT NULL,
    carer text NOT NULL,
    "between" text[] NOT NULL,
    other_visit text NOT NULL,
    council_id text NOT NULL,
    who text NOT NULL,
    at timestamp with time zone NOT NULL,
    found_at timestamp with time zone NOT NULL
);

CREATE TABLE public.councils (
    council_id text NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.devices (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    carer text NOT NULL,
    public_key jsonb NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE public.enrolments (
    provider_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    carer text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    device_id uuid
);

CREATE TABLE public.fences (
    provider_id uuid NOT NULL,
    client text NOT NULL,
    shape jsonb NOT NULL
);

CREATE TABLE public.fold_requests (
    provider_id uuid NOT NULL,
    request_id bigint NOT NULL,
    client text,
    around timestamp with time zone NOT NULL,
    device_id uuid,
    check_in_id uuid,
    link_digest bytea,
    check_signature boolean DEFAULT false NOT NULL
);

ALTER TABLE public.fold_requests ALTER COLUMN request_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.fold_requests_request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.import_changes (
    provider_id uuid NOT NULL,
    import_id uuid NOT NULL,
    code text NOT NULL,
    before jsonb,
    after jsonb NOT NULL
);

CREATE TABLE public.import_mappings (
    provider_id uuid NOT NULL,
    branch_id text NOT NULL,
    kind text NOT NULL,
    columns jsonb NOT NULL,
    dates text,
    stored_at timestamp with time zone NOT NULL,
    stored_by text NOT NULL
);

CREATE TABLE public.imports (
    provider_id uuid NOT NULL,
    import_id uuid NOT NULL,
    kind text NOT NULL,
    file_name text,
    digest bytea NOT NULL,
    imported_at timestamp with time zone NOT NULL,
    imported_by text NOT NULL,
    new integer NOT NULL,
    changed integer NOT NULL,
    unchanged integer NOT NULL,
    taken_off integer NOT NULL,
    undoes uuid
);

CREATE TABLE public.log_entries (
    provider_id uuid NOT NULL,
    leaf_index bigint NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    leaf_hash bytea NOT NULL
);

CREATE TABLE public.log_heads (
    provider_id uuid NOT NULL,
    tree_size bigint NOT NULL
);

CREATE TABLE public.planned_visit_versions (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    change_id uuid NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    reason text,
    client text NOT NULL,
    commission text,
    start_at timestamp with time zone NOT NULL,
    minutes integer NOT NULL,
    carers text[] NOT NULL,
    carers_needed integer NOT NULL,
    cancelled text
);

CREATE TABLE public.planned_visits (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    client text NOT NULL,
    commission text,
    start_at timestamp with time zone NOT NULL,
    minutes integer NOT NULL,
    carers text[] NOT NULL,
    carers_needed integer NOT NULL,
    cancelled text,
    CONSTRAINT planned_visits_carers_needed_check CHECK (((carers_needed >= 1) AND (carers_needed <= 9))),
    CONSTRAINT planned_visits_minutes_check CHECK (((minutes >= 1) AND (minutes <= 1440)))
);

CREATE TABLE public.provider_keys (
    provider_id uuid NOT NULL,
    tag_key bytea NOT NULL
);

CREATE TABLE public.providers (
    provider_id uuid NOT NULL,
    name text NOT NULL,
    stored_at timestamp with time zone NOT NULL,
    live_on date
);

CREATE TABLE public.reference_versions (
    provider_id uuid NOT NULL,
    version bigint NOT NULL
);

CREATE SEQUENCE public.refusal_slots
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    MAXVALUE 9999
    CACHE 1
    CYCLE;

CREATE TABLE public.refusals (
    slot integer NOT NULL,
    received_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    device_id uuid,
    message_digest bytea NOT NULL,
    signed_part text NOT NULL,
    provider_id uuid
);

CREATE TABLE public.rehearsal_clock (
    only_row boolean DEFAULT true NOT NULL,
    now timestamp with time zone NOT NULL,
    CONSTRAINT rehearsal_clock_only_row_check CHECK (only_row)
);

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone NOT NULL
);

CREATE TABLE public.service_events (
    event_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    tag text NOT NULL,
    actor text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT service_events_tell_something CHECK (((before IS NOT NULL) OR (after IS NOT NULL)))
);

CREATE TABLE public.sessions (
    session_hash bytea NOT NULL,
    account_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.signature_failures (
    provider_id uuid NOT NULL,
    device_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    found_at timestamp with time zone NOT NULL
);

CREATE TABLE public.tags (
    provider_id uuid NOT NULL,
    tag_id uuid NOT NULL,
    kind text NOT NULL,
    client text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT tags_kind_check CHECK ((kind = ANY (ARRAY['nfc'::text, 'qr'::text])))
);

CREATE TABLE public.uprns (
    uprn text NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL
);

CREATE TABLE public.visits (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    client text NOT NULL,
    council_id text NOT NULL,
    commission text,
    day date NOT NULL,
    planned_start timestamp with time zone,
    planned_minutes integer,
    begins_at timestamp with time zone NOT NULL,
    first_in_at timestamp with time zone,
    cancelled text,
    folded json NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_username_key_once UNIQUE (username_key);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_username_once UNIQUE (username);

ALTER TABLE ONLY public.acknowledgements
    ADD CONSTRAINT acknowledgements_pkey PRIMARY KEY (provider_id, visit, exception, carer, occurrence);

ALTER TABLE ONLY public.alert_facts
    ADD CONSTRAINT alert_facts_pkey PRIMARY KEY (provider_id, alert_id, fact_id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (provider_id, alert_id);

ALTER TABLE ONLY public.amendment_withdrawals
    ADD CONSTRAINT amendment_withdrawals_pkey PRIMARY KEY (provider_id, amendment_id);

ALTER TABLE ONLY public.amendments
    ADD CONSTRAINT amendments_pkey PRIMARY KEY (provider_id, amendment_id);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (provider_id, event_id);

ALTER TABLE ONLY public.branches
    ADD CONSTRAINT branches_pkey PRIMARY KEY (provider_id, branch_id);

ALTER TABLE ONLY public.candidates
    ADD CONSTRAINT candidates_pkey PRIMARY KEY (provider_id, candidate_id);

ALTER TABLE ONLY public.carers
    ADD CONSTRAINT carers_pkey PRIMARY KEY (provider_id, carer);

ALTER TABLE ONLY public.check_in_conflicts
    ADD CONSTRAINT check_in_conflicts_pkey PRIMARY KEY (provider_id, device_id, check_in_id, message_digest);

ALTER TABLE ONLY public.check_in_homes
    ADD CONSTRAINT check_in_homes_pkey PRIMARY KEY (provider_id, home_id);

ALTER TABLE ONLY public.check_in_locations
    ADD CONSTRAINT check_in_locations_pkey PRIMARY KEY (provider_id, device_id, check_in_id);

ALTER TABLE ONLY public.check_ins
    ADD CONSTRAINT check_ins_pkey PRIMARY KEY (provider_id, device_id, check_in_id);

ALTER TABLE ONLY public.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (provider_id, visit, kind, who, from_ref);

ALTER TABLE ONLY public.client_identities
    ADD CONSTRAINT client_identities_pkey PRIMARY KEY (provider_id, client);

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_pkey PRIMARY KEY (provider_id, client);

ALTER TABLE ONLY public.commissions
    ADD CONSTRAINT commissions_pkey PRIMARY KEY (provider_id, commission);

ALTER TABLE ONLY public.contracts
    ADD CONSTRAINT contracts_pkey PRIMARY KEY (council_id, contract, version);

ALTER TABLE ONLY public.contradictions
    ADD CONSTRAINT contradictions_pkey PRIMARY KEY (provider_id, visit, kind, carer, "between");

ALTER TABLE ONLY public.councils
    ADD CONSTRAINT councils_pkey PRIMARY KEY (council_id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (provider_id, device_id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_pkey PRIMARY KEY (provider_id, code_hash);

ALTER TABLE ONLY public.fences
    ADD CONSTRAINT fences_pkey PRIMARY KEY (provider_id, client);

ALTER TABLE ONLY public.fold_requests
    ADD CONSTRAINT fold_requests_pkey PRIMARY KEY (provider_id, request_id);

ALTER TABLE ONLY public.import_changes
    ADD CONSTRAINT import_changes_pkey PRIMARY KEY (provider_id, import_id, code);

ALTER TABLE ONLY public.import_mappings
    ADD CONSTRAINT import_mappings_pkey PRIMARY KEY (provider_id, branch_id, kind);

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (provider_id, import_id);

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_undone_once UNIQUE (provider_id, undoes);

ALTER TABLE ONLY public.log_entries
    ADD CONSTRAINT log_entries_pkey PRIMARY KEY (provider_id, leaf_index);

ALTER TABLE ONLY public.log_entries
    ADD CONSTRAINT log_entries_sealed_once UNIQUE (provider_id, device_id, check_in_id);

ALTER TABLE ONLY public.log_heads
    ADD CONSTRAINT log_heads_pkey PRIMARY KEY (provider_id);

ALTER TABLE ONLY public.planned_visit_versions
    ADD CONSTRAINT planned_visit_versions_pkey PRIMARY KEY (provider_id, visit, change_id);

ALTER TABLE ONLY public.planned_visits
    ADD CONSTRAINT planned_visits_pkey PRIMARY KEY (provider_id, visit);

ALTER TABLE ONLY public.provider_keys
    ADD CONSTRAINT provider_keys_pkey PRIMARY KEY (provider_id);

ALTER TABLE ONLY public.providers
    ADD CONSTRAINT providers_pkey PRIMARY KEY (provider_id);

ALTER TABLE ONLY public.reference_versions
    ADD CONSTRAINT reference_versions_pkey PRIMARY KEY (provider_id);

ALTER TABLE ONLY public.refusals
    ADD CONSTRAINT refusals_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.rehearsal_clock
    ADD CONSTRAINT rehearsal_clock_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.service_events
    ADD CONSTRAINT service_events_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (session_hash);

ALTER TABLE ONLY public.signature_failures
    ADD CONSTRAINT signature_failures_pkey PRIMARY KEY (provider_id, device_id, check_in_id);

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (provider_id, tag_id);

ALTER TABLE ONLY public.uprns
    ADD CONSTRAINT uprns_pkey PRIMARY KEY (uprn);

ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_pkey PRIMARY KEY (provider_id, visit);

CREATE INDEX alerts_by_branch ON public.alerts USING btree (provider_id, branch_id, raised_at);

CREATE INDEX alerts_by_visit ON public.alerts USING btree (provider_id, visit);

CREATE INDEX amendments_by_visit ON public.amendments USING btree (provider_id, visit);

CREATE INDEX check_in_conflicts_by_age ON public.check_in_conflicts USING btree (provider_id, received_at);

CREATE INDEX check_in_homes_by_check_in ON public.check_in_homes USING btree (provider_id, device_id, check_in_id, attached_at, home_id);

CREATE INDEX check_in_homes_by_client ON public.check_in_homes USING btree (provider_id, client, occurred_at);

CREATE INDEX check_in_locations_by_age ON public.check_in_locations USING brin (received_at);

CREATE INDEX check_ins_by_client ON public.check_ins USING btree (provider_id, client, occurred_at);

CREATE INDEX check_ins_homeless ON public.check_ins USING btree (provider_id, received_at, check_in_id) WHERE ((client IS NULL) OR ('unknown_client'::text = ANY (doubts)) OR (direction <> ALL (ARRAY['in'::text, 'out'::text])) OR (occurred_at < '2000-01-01 00:00:00+00'::timestamp with time zone) OR (occurred_at >= '2100-01-01 00:00:00+00'::timestamp with time zone));

CREATE INDEX claims_by_who ON public.claims USING btree (provider_id, who, from_at);

CREATE INDEX commissions_by_council ON public.commissions USING btree (council_id, provider_id);

CREATE INDEX contradictions_by_who ON public.contradictions USING btree (provider_id, who, at);

CREATE INDEX devices_by_id ON public.devices USING btree (device_id);

CREATE INDEX enrolments_by_code ON public.enrolments USING btree (code_hash);

CREATE INDEX planned_visits_by_client ON public.planned_visits USING btree (provider_id, client, start_at);

CREATE INDEX refusals_by_provider ON public.refusals USING btree (provider_id, device_id, reason);

CREATE INDEX visits_by_client ON public.visits USING btree (provider_id, client, day);

CREATE INDEX visits_by_council ON public.visits USING btree (council_id, provider_id, day);

CREATE INDEX visits_by_day ON public.visits USING btree (provider_id, day);

CREATE INDEX visits_not_begun ON public.visits USING btree (provider_id, planned_start) WHERE ((first_in_at IS NULL) AND (cancelled IS NULL));

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_council_id_fkey FOREIGN KEY (council_id) REFERENCES public.councils(council_id);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(provider_id);

ALTER TABLE ONLY public.alert_facts
    ADD CONSTRAINT alert_facts_alert_known FOREIGN KEY (provider_id, alert_id) REFERENCES public.alerts(provider_id, alert_id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_branch_known FOREIGN KEY (provider_id, branch_id) REFERENCES public.branches(provider_id, branch_id);

ALTER TABLE ONLY public.amendment_withdrawals
    ADD CONSTRAINT amendment_withdrawals_amendment_known FOREIGN KEY (provider_id, amendment_id) REFERENCES public.amendments(provider_id, amendment_id);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.branches
    ADD CONSTRAINT branches_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(provider_id);

ALTER TABLE ONLY public.carers
    ADD CONSTRAINT carers_branch_known FOREIGN KEY (provider_id, branch_id) REFERENCES public.branches(provider_id, branch_id);

ALTER TABLE ONLY public.carers
    ADD CONSTRAINT carers_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(provider_id);

ALTER TABLE ONLY public.check_in_homes
    ADD CONSTRAINT check_in_homes_check_in_known FOREIGN KEY (provider_id, device_id, check_in_id) REFERENCES public.check_ins(provider_id, device_id, check_in_id);

ALTER TABLE ONLY public.check_in_homes
    ADD CONSTRAINT check_in_homes_client_known FOREIGN KEY (provider_id, client) REFERENCES public.clients(provider_id, client);

ALTER TABLE ONLY public.check_in_homes
    ADD CONSTRAINT check_in_homes_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(provider_id);

ALTER TABLE ONLY public.client_identities
    ADD CONSTRAINT client_identities_provider_id_client_fkey FOREIGN KEY (provider_id, client) REFERENCES public.clients(provider_id, client);

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_branch_known FOREIGN KEY (provider_id, branch_id) REFERENCES public.branches(provider_id, branch_id);

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_council_id_fkey FOREIGN KEY (council_id) REFERENCES public.councils(council_id);

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(provider_id);

ALTER TABLE ONLY public.commissions
    ADD CONSTRAINT commissions_client_known FOREIGN KEY (provider_id, client) REFERENCES public.clients(provider_id, client);

ALTER TABLE ONLY public.commissions
    ADD CONSTRAINT commissions_council_id_fkey FOREIGN KEY (council_id) REFERENCES public.councils(council_id);

ALTER TABLE ONLY public.contracts
    ADD CONSTRAINT contracts_council_id_fkey FOREIGN KEY (council_id) REFERENCES public.councils(council_id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_carer_known FOREIGN KEY (provider_id, carer) REFERENCES public.carers(provider_id, carer);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_carer_known FOREIGN KEY (provider_id, carer) REFERENCES public.carers(provider_id, carer);

ALTER TABLE ONLY public.fences
    ADD CONSTRAINT fences_provider_id_client_fkey FOREIGN KEY (provider_id, client) REFERENCES public.clients(provider_id, client);

ALTER TABLE ONLY public.import_changes
    ADD CONSTRAINT import_changes_import_known FOREIGN KEY (provider_id, import_id) REFERENCES public.imports(provider_id, import_id);

ALTER TABLE ONLY public.import_mappings
    ADD CONSTRAINT import_mappings_branch_known FOREIGN KEY (provider_id, branch_id) REFERENCES public.branches(provider_id, branch_id);

ALTER TABLE ONLY public.log_heads
    ADD CONSTRAINT log_heads_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(provider_id);

ALTER TABLE ONLY public.planned_visits
    ADD CONSTRAINT planned_visits_client_known FOREIGN KEY (provider_id, client) REFERENCES public.clients(provider_id, client);

ALTER TABLE ONLY public.planned_visits
    ADD CONSTRAINT planned_visits_commission_known FOREIGN KEY (provider_id, commission) REFERENCES public.commissions(provider_id, commission);

ALTER TABLE ONLY public.provider_keys
    ADD CONSTRAINT provider_keys_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(provider_id);

ALTER TABLE ONLY public.reference_versions
    ADD CONSTRAINT reference_versions_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(provider_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(account_id);

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_client_known FOREIGN KEY (provider_id, client) REFERENCES public.clients(provider_id, client);

ALTER TABLE public.acknowledgements ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.alert_facts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.alerts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.amendment_withdrawals ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.amendments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.branches ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.candidates ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.carers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.check_in_conflicts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.check_in_homes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.check_in_locations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.check_ins ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.claims ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.client_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.clients ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.commissions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contradictions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.devices ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.enrolments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.fences ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.fold_requests ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.import_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.import_mappings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.imports ENABLE ROW LEVEL SECURITY;

CREATE POLICY intake ON public.carers TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.check_in_conflicts TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.check_in_locations TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.check_ins TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.clients TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.devices TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.enrolments TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.fences TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.fold_requests TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.provider_keys TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.reference_versions TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.refusals TO ecm_intake USING (true) WITH CHECK (true);

CREATE POLICY intake ON public.tags TO ecm_intake USING (true) WITH CHECK (true);

ALTER TABLE public.log_entries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.log_heads ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_council ON public.acknowledgements FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.visits
  WHERE ((visits.provider_id = acknowledgements.provider_id) AND (visits.visit = acknowledgements.visit))))));

CREATE POLICY own_council ON public.amendment_withdrawals FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.amendments
  WHERE ((amendments.provider_id = amendment_withdrawals.provider_id) AND (amendments.amendment_id = amendment_withdrawals.amendment_id))))));

CREATE POLICY own_council ON public.amendments FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.visits
  WHERE ((visits.provider_id = amendments.provider_id) AND (visits.visit = amendments.visit))))));

CREATE POLICY own_council ON public.check_in_homes FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.clients
  WHERE ((clients.provider_id = check_in_homes.provider_id) AND (clients.client = check_in_homes.client))))));

CREATE POLICY own_council ON public.check_ins FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.clients
  WHERE ((clients.provider_id = check_ins.provider_id) AND (clients.client = check_ins.client))))));

CREATE POLICY own_council ON public.clients FOR SELECT TO ecm_service USING ((council_id = NULLIF(current_setting('ecm.council_id'::text, true), ''::text)));

CREATE POLICY own_council ON public.commissions FOR SELECT TO ecm_service USING ((council_id = NULLIF(current_setting('ecm.council_id'::text, true), ''::text)));

CREATE POLICY own_council ON public.contradictions FOR SELECT TO ecm_service USING ((council_id = NULLIF(current_setting('ecm.council_id'::text, true), ''::text)));

CREATE POLICY own_council ON public.planned_visits FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.commissions
  WHERE ((commissions.provider_id = planned_visits.provider_id) AND (commissions.commission = planned_visits.commission))))));

CREATE POLICY own_council ON public.signature_failures FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.check_ins
  WHERE ((check_ins.provider_id = signature_failures.provider_id) AND (check_ins.device_id = signature_failures.device_id) AND (check_ins.check_in_id = signature_failures.check_in_id))))));

CREATE POLICY own_council ON public.visits FOR SELECT TO ecm_service USING ((council_id = NULLIF(current_setting('ecm.council_id'::text, true), ''::text)));

CREATE POLICY own_council_attached ON public.check_ins FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.check_in_homes
  WHERE ((check_in_homes.provider_id = check_ins.provider_id) AND (check_in_homes.device_id = check_ins.device_id) AND (check_in_homes.check_in_id = check_ins.check_in_id))))));

CREATE POLICY own_council_unplanned ON public.amendments FOR SELECT TO ecm_service USING (((NULLIF(current_setting('ecm.council_id'::text, true), ''::text) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.check_ins
  WHERE ((check_ins.provider_id = amendments.provider_id) AND (check_ins.device_id = amendments.device_id) AND (check_ins.check_in_id =
        CASE
            WHEN (amendments.visit ~~ 'unplanned:%'::text) THEN (substr(amendments.visit, 11))::uuid
            ELSE NULL::uuid
        END))))));

CREATE POLICY own_provider ON public.acknowledgements TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.alert_facts TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.alerts TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.amendment_withdrawals TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.amendments TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.audit_events TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.branches TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.candidates TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.carers TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.check_in_conflicts TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.check_in_homes TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.check_in_locations TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.check_ins TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.claims TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.client_identities TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.clients TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.commissions TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.contradictions TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.devices TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.enrolments TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.fences TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.fold_requests TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.import_changes TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.import_mappings TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.imports TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.log_entries TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.log_heads TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.planned_visit_versions TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.planned_visits TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.provider_keys TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.reference_versions TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.refusals FOR SELECT TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.signature_failures TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.tags TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

CREATE POLICY own_provider ON public.visits TO ecm_service USING ((provider_id = (NULLIF(current_setting('ecm.provider_id'::text, true), ''::text))::uuid));

ALTER TABLE public.planned_visit_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.planned_visits ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.provider_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reference_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.refusals ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.signature_failures ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY;

GRANT ALL ON SCHEMA public TO ecm_owner;

GRANT SELECT,INSERT,UPDATE ON TABLE public.accounts TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.acknowledgements TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.alert_facts TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.alerts TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.amendment_withdrawals TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.amendments TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.api_tokens TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.audit_events TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.branches TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.candidates TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.carers TO ecm_service;

GRANT SELECT(provider_id) ON TABLE public.carers TO ecm_intake;

GRANT SELECT(carer) ON TABLE public.carers TO ecm_intake;

GRANT SELECT ON TABLE public.check_in_conflicts TO ecm_service;
GRANT INSERT ON TABLE public.check_in_conflicts TO ecm_intake;

GRANT SELECT(provider_id) ON TABLE public.check_in_conflicts TO ecm_intake;

GRANT SELECT(device_id) ON TABLE public.check_in_conflicts TO ecm_intake;

GRANT SELECT(check_in_id) ON TABLE public.check_in_conflicts TO ecm_intake;

GRANT SELECT(message_digest) ON TABLE public.check_in_conflicts TO ecm_intake;

GRANT SELECT,INSERT ON TABLE public.check_in_homes TO ecm_service;

GRANT SELECT,DELETE ON TABLE public.check_in_locations TO ecm_service;
GRANT INSERT ON TABLE public.check_in_locations TO ecm_intake;

GRANT SELECT ON TABLE public.check_ins TO ecm_service;
GRANT INSERT ON TABLE public.check_ins TO ecm_intake;

GRANT SELECT(provider_id) ON TABLE public.check_ins TO ecm_intake;

GRANT SELECT(device_id) ON TABLE public.check_ins TO ecm_intake;

GRANT SELECT(check_in_id) ON TABLE public.check_ins TO ecm_intake;

GRANT SELECT(sequence) ON TABLE public.check_ins TO ecm_intake;

GRANT SELECT(received_at) ON TABLE public.check_ins TO ecm_intake;

GRANT SELECT(message_digest) ON TABLE public.check_ins TO ecm_intake;

GRANT SELECT(link_digest) ON TABLE public.check_ins TO ecm_intake;

GRANT SELECT,INSERT,DELETE ON TABLE public.claims TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.client_identities TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.clients TO ecm_service;

GRANT SELECT(provider_id) ON TABLE public.clients TO ecm_intake;

GRANT SELECT(client) ON TABLE public.clients TO ecm_intake;

GRANT SELECT,INSERT,UPDATE ON TABLE public.commissions TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.contracts TO ecm_service;

GRANT SELECT,INSERT,DELETE ON TABLE public.contradictions TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.councils TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.devices TO ecm_service;
GRANT SELECT ON TABLE public.devices TO ecm_intake;

GRANT SELECT,INSERT,UPDATE ON TABLE public.enrolments TO ecm_service;

GRANT SELECT(provider_id) ON TABLE public.enrolments TO ecm_intake;

GRANT SELECT(code_hash) ON TABLE public.enrolments TO ecm_intake;

GRANT SELECT,INSERT,UPDATE ON TABLE public.fences TO ecm_service;
GRANT SELECT ON TABLE public.fences TO ecm_intake;

GRANT SELECT,INSERT,DELETE ON TABLE public.fold_requests TO ecm_service;
GRANT INSERT ON TABLE public.fold_requests TO ecm_intake;

GRANT SELECT(provider_id) ON TABLE public.fold_requests TO ecm_intake;

GRANT SELECT(request_id) ON TABLE public.fold_requests TO ecm_intake;

GRANT UPDATE(around) ON TABLE public.fold_requests TO ecm_service;

GRANT SELECT(device_id) ON TABLE public.fold_requests TO ecm_intake;

GRANT SELECT(check_in_id) ON TABLE public.fold_requests TO ecm_intake;

GRANT SELECT ON SEQUENCE public.fold_requests_request_id_seq TO ecm_intake;

GRANT SELECT,INSERT ON TABLE public.import_changes TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.import_mappings TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.imports TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.log_entries TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.log_heads TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.planned_visit_versions TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.planned_visits TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.provider_keys TO ecm_service;
GRANT SELECT ON TABLE public.provider_keys TO ecm_intake;

GRANT SELECT,INSERT,UPDATE ON TABLE public.providers TO ecm_service;
GRANT SELECT ON TABLE public.providers TO ecm_intake;

GRANT SELECT,INSERT,UPDATE ON TABLE public.reference_versions TO ecm_service;
GRANT SELECT ON TABLE public.reference_versions TO ecm_intake;

GRANT USAGE ON SEQUENCE public.refusal_slots TO ecm_intake;

GRANT SELECT ON TABLE public.refusals TO ecm_service;
GRANT SELECT,INSERT,UPDATE ON TABLE public.refusals TO ecm_intake;

GRANT SELECT,INSERT,UPDATE ON TABLE public.rehearsal_clock TO ecm_service;

GRANT SELECT ON TABLE public.schema_migrations TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.service_events TO ecm_service;

GRANT SELECT,INSERT,DELETE ON TABLE public.sessions TO ecm_service;

GRANT SELECT,INSERT ON TABLE public.signature_failures TO ecm_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.tags TO ecm_service;
GRANT SELECT ON TABLE public.tags TO ecm_intake;

GRANT SELECT,INSERT,UPDATE ON TABLE public.uprns TO ecm_service;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.visits TO ecm_service;
