-- The ledger of consents (R15): it only grows. A consent belongs to a person's number; a changed number has none.
CREATE TABLE orchestrator.consents (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    phone_number text NOT NULL,
    purpose text CHECK (purpose IN ('transactional', 'informational', 'marketing')),
    topic text,
    is_given boolean NOT NULL,
    at timestamptz NOT NULL,
    until timestamptz,
    source text NOT NULL,
    wording text,
    reference text,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK (purpose IS NOT NULL OR (topic IS NOT NULL AND NOT is_given))
);
CREATE INDEX consents_by_number ON orchestrator.consents (phone_number);
CREATE INDEX consents_by_user ON orchestrator.consents (user_id);

-- The consents of a number for a purpose that hold at a time. A revocation, or a STOP, ends what was given before it.
CREATE FUNCTION orchestrator.consents_of(number text, for_purpose text, moment timestamptz) RETURNS TABLE (id uuid) AS $$
    SELECT given.id
      FROM orchestrator.consents given
     WHERE given.phone_number = number AND given.purpose = for_purpose AND given.is_given
       AND given.at <= moment AND (given.until IS NULL OR given.until > moment)
       AND NOT EXISTS (
           SELECT FROM orchestrator.consents revoked
            WHERE revoked.phone_number = number AND revoked.purpose = for_purpose AND NOT revoked.is_given
              AND revoked.at >= given.at
       )
       AND NOT EXISTS (
           SELECT FROM orchestrator.opt_outs o WHERE o.phone_number = number AND o.opted_out_at >= given.at
       )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.consents_of(text, text, timestamptz) FROM PUBLIC;

-- The revocations of a purpose or a topic that hold for a number; a later consent to the purpose ends the former.
CREATE FUNCTION orchestrator.revocations_of(number text, for_purpose text, about text) RETURNS TABLE (id uuid) AS $$
    SELECT revoked.id
      FROM orchestrator.consents revoked
     WHERE revoked.phone_number = number AND NOT revoked.is_given
       AND (revoked.purpose = for_purpose OR revoked.topic = about)
       AND NOT EXISTS (
           SELECT FROM orchestrator.consents given
            WHERE given.phone_number = number AND given.is_given AND given.purpose = revoked.purpose
              AND given.at > revoked.at
       )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.revocations_of(text, text, text) FROM PUBLIC;
