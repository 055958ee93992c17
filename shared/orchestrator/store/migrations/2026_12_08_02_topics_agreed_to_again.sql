-- A person may agree again to a topic that they revoked; that alone is no consent to a purpose (R15).
ALTER TABLE orchestrator.consents DROP CONSTRAINT consents_check;
ALTER TABLE orchestrator.consents ADD CONSTRAINT consents_check CHECK (purpose IS NOT NULL OR topic IS NOT NULL);

-- The revocations of a purpose or a topic that hold for a number; agreeing to the same one later ends them.
CREATE OR REPLACE FUNCTION orchestrator.revocations_of(number text, for_purpose text, about text)
RETURNS TABLE (id uuid) AS $$
    SELECT revoked.id
      FROM orchestrator.consent_entries_of(number) revoked
     WHERE NOT revoked.is_given AND (revoked.purpose = for_purpose OR revoked.topic = about)
       AND NOT EXISTS (
           SELECT FROM orchestrator.consents given
            WHERE given.phone_number = number AND given.is_given AND given.at > revoked.at
              AND (given.purpose = revoked.purpose OR given.topic = revoked.topic)
       )
$$ LANGUAGE sql STABLE;
