-- read_number_checks.sql: return the newest consent to marketing of each number that has one, and what Twilio answered
-- last about the number (R15).
SELECT n.number, consent.at AS consent_at, last.answer, last.verified_on, last.asked_at
  FROM unnest(%(phone_numbers)s::text[]) AS n (number)
 CROSS JOIN LATERAL (
        SELECT max(c.at) AS at
          FROM orchestrator.consents_of(n.number, 'marketing', %(now)s) held
          JOIN orchestrator.consents c ON c.id = held.id
       ) consent
  LEFT JOIN LATERAL (
        SELECT c.answer, c.verified_on, c.asked_at
          FROM orchestrator.number_checks c
         WHERE c.phone_number = n.number AND c.answer IS NOT NULL
         ORDER BY c.asked_at DESC
         LIMIT 1
       ) last ON true
 WHERE consent.at IS NOT NULL
