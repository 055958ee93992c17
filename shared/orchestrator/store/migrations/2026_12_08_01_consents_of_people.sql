-- A consent is a person's and their number's: the next person with the number did not agree. A revocation is the
-- person's too, as STOP is (R11): it holds on whichever number they have (R15).

-- The entries of the ledger about a number, and about the people who have it now.
CREATE FUNCTION orchestrator.consent_entries_of(number text) RETURNS SETOF orchestrator.consents AS $$
    SELECT c.* FROM orchestrator.consents c WHERE c.phone_number = number
     UNION
    SELECT c.* FROM orchestrator.people_of(number) p JOIN orchestrator.consents c ON c.user_id = p.user_id
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.consent_entries_of(text) FROM PUBLIC;

-- The consents to a number for a purpose that hold at a time, of people who have the number still. A revocation, or a
-- STOP, ends what was given before it.
CREATE OR REPLACE FUNCTION orchestrator.consents_of(number text, for_purpose text, moment timestamptz)
RETURNS TABLE (id uuid) AS $$
    SELECT given.id
      FROM orchestrator.people_of(number) p
      JOIN orchestrator.consents given ON given.user_id = p.user_id
     WHERE given.phone_number = number AND given.purpose = for_purpose AND given.is_given
       AND given.at <= moment AND (given.until IS NULL OR given.until > moment)
       AND NOT EXISTS (
           SELECT FROM orchestrator.consent_entries_of(number) revoked
            WHERE revoked.purpose = for_purpose AND NOT revoked.is_given AND revoked.at >= given.at
       )
       AND NOT EXISTS (
           SELECT FROM orchestrator.opt_outs o WHERE o.phone_number = number AND o.opted_out_at >= given.at
       )
$$ LANGUAGE sql STABLE;

-- The revocations of a purpose or a topic that hold for a number; a later consent to the purpose ends the former.
CREATE OR REPLACE FUNCTION orchestrator.revocations_of(number text, for_purpose text, about text)
RETURNS TABLE (id uuid) AS $$
    SELECT revoked.id
      FROM orchestrator.consent_entries_of(number) revoked
     WHERE NOT revoked.is_given AND (revoked.purpose = for_purpose OR revoked.topic = about)
       AND NOT EXISTS (
           SELECT FROM orchestrator.consents given
            WHERE given.phone_number = number AND given.is_given AND given.purpose = revoked.purpose
              AND given.at > revoked.at
       )
$$ LANGUAGE sql STABLE;
