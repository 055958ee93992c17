-- Opt-outs that were stored in another spelling, under the prefix of a channel or without their person belong to the
-- number and to its person (R11). A START of the number that came later ends them.

WITH respelled AS (
    SELECT DISTINCT ON (orchestrator.e164(o.phone_number)) o.id, orchestrator.e164(o.phone_number) AS number
      FROM orchestrator.opt_outs o
     WHERE o.ended_at IS NULL AND orchestrator.e164(o.phone_number) <> o.phone_number
       AND NOT EXISTS (
           SELECT FROM orchestrator.opt_outs other
            WHERE other.phone_number = orchestrator.e164(o.phone_number) AND other.ended_at IS NULL
       )
     ORDER BY orchestrator.e164(o.phone_number), o.opted_out_at DESC
)
UPDATE orchestrator.opt_outs o
   SET phone_number = respelled.number,
       ended_at = (
           SELECT max(r.received_at) FROM orchestrator.readings r
            WHERE r.phone_number = respelled.number AND r.kind = 'start' AND r.received_at > o.opted_out_at
       )
  FROM respelled
 WHERE o.id = respelled.id;

UPDATE orchestrator.opt_outs o
   SET user_id = (SELECT p.user_id FROM orchestrator.people_of(o.phone_number) p ORDER BY p.user_id LIMIT 1)
 WHERE o.ended_at IS NULL AND o.user_id IS NULL;
