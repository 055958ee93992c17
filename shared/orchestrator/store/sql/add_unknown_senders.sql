-- add_unknown_senders.sql: add a person for each number that no person has, of texts that never came before. Returns the
-- numbers.
INSERT INTO users (phone_number)
SELECT DISTINCT t.phone_number
  FROM unnest(%(inbound_id)s::uuid[], %(phone_number)s::text[]) AS t (inbound_id, phone_number)
 WHERE orchestrator.e164(t.phone_number) = t.phone_number
   AND NOT EXISTS (SELECT FROM orchestrator.people_of(t.phone_number))
   AND NOT EXISTS (SELECT FROM orchestrator.inbound_texts known WHERE known.inbound_id = t.inbound_id)
    ON CONFLICT DO NOTHING
RETURNING phone_number
