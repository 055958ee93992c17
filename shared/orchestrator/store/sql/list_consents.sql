-- list_consents.sql: list the entries of the ledger of consents, of one person or of all, oldest first, each with whether
-- it holds.
SELECT c.id, c.user_id, u.external_id, c.phone_number, c.purpose, c.topic, c.is_given, c.at, c.until, c.source, c.wording,
       c.reference, c.recorded_by, c.recorded_at,
       CASE WHEN c.is_given AND c.topic IS NOT NULL
            THEN NOT EXISTS (SELECT FROM orchestrator.revocations_of(c.phone_number, NULL, c.topic))
            WHEN c.is_given
            THEN EXISTS (SELECT FROM orchestrator.consents_of(c.phone_number, c.purpose, %(now)s) h WHERE h.id = c.id)
            ELSE EXISTS (SELECT FROM orchestrator.revocations_of(c.phone_number, c.purpose, c.topic) h WHERE h.id = c.id)
       END AS holds
  FROM orchestrator.consents c
  JOIN users u ON u.id = c.user_id
 WHERE %(user_id)s::uuid IS NULL OR c.user_id = %(user_id)s::uuid
 ORDER BY c.at, c.id
