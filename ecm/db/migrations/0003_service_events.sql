-- Who did what to what belongs to no provider: accounts, tokens, councils, contracts. Written once, like audit_events;
-- `before` is null for what was not there, and no secret or hash of one is ever in either.
CREATE TABLE service_events (
    event_id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    tag text NOT NULL,
    actor text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT service_events_tell_something CHECK (before IS NOT NULL OR after IS NOT NULL)
);

GRANT SELECT, INSERT ON service_events TO ecm_service;

-- What tells of itself now that it is a subject of its own, or that does what another did: one name for a thing, also
-- for what was told before.
UPDATE audit_events SET tag = CASE tag
    WHEN 'accounts:enrolment:offered' THEN 'phones:enrolment:offered'
    WHEN 'accounts:device:enrolled' THEN 'phones:phone:enrolled'
    WHEN 'accounts:device:revoked' THEN 'phones:phone:revoked'
    ELSE 'intake:locations:purged'
END
WHERE tag IN (
    'accounts:enrolment:offered', 'accounts:device:enrolled', 'accounts:device:revoked', 'audit:locations:purged'
);
