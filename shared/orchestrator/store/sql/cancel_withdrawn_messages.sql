-- cancel_withdrawn_messages.sql: cancel the waiting messages that were withdrawn, by id or by topic (R9).
WITH targets AS (
    SELECT m.id FROM message_queue m
     WHERE m.id IN (
               SELECT unnest(%(message_ids)s::uuid[])
                UNION
               SELECT of_topic.id FROM message_queue of_topic
                WHERE of_topic.user_id = ANY (%(user_ids)s::uuid[]) AND of_topic.topic = ANY (%(topics)s::text[])
           )
       AND m.status IN ('queued', 'approved') AND m.accepted_at IS NOT NULL
       AND EXISTS (SELECT FROM orchestrator.withdrawals_of(m.id, m.user_id, m.topic, m.published_at, m.publisher))
     ORDER BY m.id
       FOR NO KEY UPDATE
), cancellations AS (
    UPDATE message_queue m
       SET status = 'cancelled', reason = 'withdrawn', lease_until = NULL
      FROM targets
     WHERE m.id = targets.id
    RETURNING m.id
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason)
SELECT id, %(now)s, 'cancelled', 'withdrawn' FROM cancellations
