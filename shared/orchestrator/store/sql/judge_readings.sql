-- judge_readings.sql: what inbound texts were taken for, now that somebody has read them; earlier ones of the same person
-- were read with them.
UPDATE orchestrator.readings r
   SET kind = j.kind, judged_by = j.judged_by
  FROM unnest(%(user_id)s::uuid[], %(received_at)s::timestamptz[], %(kind)s::text[], %(judged_by)s::text[])
    AS j (user_id, received_at, kind, judged_by)
 WHERE r.user_id = j.user_id AND r.received_at <= j.received_at AND r.kind = 'unjudged'
