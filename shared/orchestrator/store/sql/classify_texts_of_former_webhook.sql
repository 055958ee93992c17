-- classify_texts_of_former_webhook.sql: record what texts of a former webhook are taken for, each once, as
-- store_inbound_texts does it for our own; the next reading begins at the newest of them, less the overlap. Returns the
-- kinds of those that were not classified yet.
WITH texts AS (
    SELECT *
      FROM unnest(%(inbound_id)s::uuid[], %(user_id)s::uuid[], %(phone_number)s::text[], %(kind)s::text[],
                  %(judged_by)s::text[], %(received_at)s::timestamptz[])
        AS t (inbound_id, user_id, phone_number, kind, judged_by, received_at)
), everything_read AS (
    INSERT INTO orchestrator.former_webhook_read AS f (up_to)
    SELECT max(received_at) FROM texts
        ON CONFLICT (only_row) DO UPDATE SET up_to = greatest(f.up_to, excluded.up_to)
)
INSERT INTO orchestrator.readings (inbound_id, user_id, phone_number, kind, judged_by, received_at)
SELECT t.inbound_id, t.user_id, t.phone_number,
       CASE WHEN t.kind = 'yes' AND EXISTS (
                     SELECT FROM orchestrator.opt_outs o
                      WHERE o.phone_number = t.phone_number AND o.ended_at = t.received_at
                 ) THEN 'start'
            WHEN t.kind = 'yes' OR (
                 t.kind = 'unjudged' AND (
                     EXISTS (SELECT FROM orchestrator.opt_outs_of(t.user_id, t.phone_number))
                     OR EXISTS (
                         SELECT FROM orchestrator.readings later
                          WHERE later.phone_number = t.phone_number AND later.kind = 'start'
                            AND later.received_at >= t.received_at
                     )
                 )
             ) THEN 'conversation'
            ELSE t.kind END,
       t.judged_by, t.received_at
  FROM texts t
    ON CONFLICT (inbound_id) DO NOTHING
RETURNING kind
