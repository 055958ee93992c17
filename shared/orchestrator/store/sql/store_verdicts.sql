-- store_verdicts.sql: store verdicts with the newest text that each one saw; a newer verdict replaces an older one.
INSERT INTO orchestrator.relevance AS r (message_id, inbound_id, verdict, why, judged_at)
SELECT v.message_id, v.inbound_id, v.verdict, v.why, %(now)s
  FROM unnest(%(message_id)s::uuid[], %(inbound_id)s::uuid[], %(verdict)s::text[], %(why)s::text[])
    AS v (message_id, inbound_id, verdict, why)
    ON CONFLICT (message_id) DO UPDATE
   SET inbound_id = excluded.inbound_id, verdict = excluded.verdict, why = excluded.why, judged_at = excluded.judged_at
