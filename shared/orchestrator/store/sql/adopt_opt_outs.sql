-- adopt_opt_outs.sql: opt out the numbers, and their people, whose last clear word in the history is STOP. Where a START
-- has ended an opt-out since, nothing changes. Returns the people.
INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
SELECT t.phone_number, t.user_id, 'adopted', t.written_at
  FROM unnest(%(user_id)s::uuid[], %(phone_number)s::text[], %(written_at)s::timestamptz[])
    AS t (user_id, phone_number, written_at)
 WHERE NOT EXISTS (SELECT FROM orchestrator.opt_outs_of(t.user_id, t.phone_number))
   AND NOT EXISTS (
       SELECT FROM orchestrator.opt_outs o WHERE o.phone_number = t.phone_number AND o.ended_at > t.written_at
   )
    ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
RETURNING user_id
