-- claim_number_checks.sql: claim numbers for a question to Twilio, which costs: of two workers one asks (R15). Returns the
-- claims. A claim without an answer counts while the claim lasts; so does an answer that another worker has just got.
INSERT INTO orchestrator.number_checks AS c (id, user_id, phone_number, verified_on, asked_at)
SELECT q.id, q.user_id, q.phone_number, q.verified_on, %(now)s
  FROM unnest(%(id)s::uuid[], %(user_id)s::uuid[], %(phone_number)s::text[], %(verified_on)s::date[])
           AS q (id, user_id, phone_number, verified_on)
 WHERE NOT EXISTS (
       SELECT FROM orchestrator.number_checks a
        WHERE a.phone_number = q.phone_number AND a.answer IS NOT NULL AND a.asked_at > %(now)s - %(claim_lasts)s::interval
   )
 ORDER BY q.phone_number  -- so that two workers never wait for each other
    ON CONFLICT (phone_number) WHERE answer IS NULL DO UPDATE
   SET id = excluded.id, user_id = excluded.user_id, verified_on = excluded.verified_on, asked_at = excluded.asked_at
 WHERE c.asked_at <= %(now)s - %(claim_lasts)s::interval
RETURNING c.id
