-- remember_last_words.sql: what these numbers said last: STOP, or START.
WITH words AS (
    SELECT * FROM unnest(%(phone_number)s::text[], %(user_id)s::uuid[], %(stopped)s::boolean[])
               AS w (phone_number, user_id, stopped)
), started AS (
    UPDATE orchestrator.opt_outs o
       SET ended_at = %(now)s
      FROM words w
     WHERE NOT w.stopped AND o.ended_at IS NULL AND (o.phone_number = w.phone_number OR o.user_id = w.user_id)
)
INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
SELECT phone_number, user_id, 'recovered', %(now)s FROM words WHERE stopped
    ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
