-- register_inbound_texts.sql: register inbound texts by their ids, each once for all time (R11). A repeated request that
-- SQS received before the one that is registered gives its time. Returns the texts that are new, and those whose time
-- changed.
INSERT INTO orchestrator.inbound_texts AS known (inbound_id, sent_at)
SELECT t.inbound_id, t.received_at
  FROM unnest(%(inbound_id)s::uuid[], %(received_at)s::timestamptz[]) AS t (inbound_id, received_at)
 ORDER BY t.inbound_id
    ON CONFLICT (inbound_id) DO UPDATE SET sent_at = excluded.sent_at WHERE excluded.sent_at < known.sent_at
RETURNING inbound_id, xmax = 0 AS is_new
