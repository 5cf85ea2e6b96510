-- The second look: what visits claim of where carers and phones were, and what of that cannot both be true.

-- A projection of `visits`, written with them: `who` is a carer's code (stay, plan) or a phone's id (phone).
CREATE TABLE claims (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('stay', 'phone', 'plan')),
    who text NOT NULL,
    carer text NOT NULL,
    client text NOT NULL,
    council_id text NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    from_ref text NOT NULL,
    until_ref text NOT NULL,
    from_sequence bigint,
    until_sequence bigint,
    PRIMARY KEY (provider_id, visit, kind, who, from_ref)
);
CREATE INDEX claims_by_who ON claims (provider_id, who, from_at);

-- A projection of `claims`: one row on each of the two visits. `council_id` is that of the visit it stands on.
CREATE TABLE contradictions (
    provider_id uuid NOT NULL,
    visit text NOT NULL,
    kind text NOT NULL,
    carer text NOT NULL,
    between text[] NOT NULL,
    other_visit text NOT NULL,
    council_id text NOT NULL,
    who text NOT NULL,
    at timestamptz NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, visit, kind, carer, between)
);
CREATE INDEX contradictions_by_who ON contradictions (provider_id, who, at);

GRANT SELECT, INSERT, DELETE ON claims, contradictions TO ecm_service;

ALTER TABLE claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE contradictions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_provider ON claims TO ecm_service
    USING (provider_id = nullif(current_setting('ecm.provider_id', true), '')::uuid);
CREATE POLICY own_provider ON contradictions TO ecm_service
    USING (provider_id = nullif(current_setting('ecm.provider_id', true), '')::uuid);
CREATE POLICY own_council ON contradictions FOR SELECT TO ecm_service
    USING (council_id = nullif(current_setting('ecm.council_id', true), ''));
