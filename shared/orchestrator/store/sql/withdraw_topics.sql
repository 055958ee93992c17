-- withdraw_topics.sql: cancel what waits of a topic and was published before, and remember it for what arrives later.
WITH withdrawals AS (
    SELECT user_id, topic, publisher, max(withdrawn_at) AS withdrawn_at
      FROM unnest(%(user_id)s::uuid[], %(topic)s::text[], %(publisher)s::text[], %(withdrawn_at)s::timestamptz[])
        AS w (user_id, topic, publisher, withdrawn_at)
     GROUP BY 1, 2, 3
), remembered AS (
    INSERT INTO orchestrator.topic_withdrawals AS t (user_id, topic, publisher, withdrawn_at)
    SELECT * FROM withdrawals
        ON CONFLICT (user_id, topic, publisher) DO UPDATE SET withdrawn_at = greatest(t.withdrawn_at, excluded.withdrawn_at)
), waiting AS (
    SELECT m.id FROM message_queue m
     WHERE m.status IN ('queued', 'approved') AND m.accepted_at IS NOT NULL
       AND EXISTS (
               SELECT FROM withdrawals w
                WHERE w.user_id = m.user_id AND w.topic = m.topic AND w.withdrawn_at >= m.published_at
                  AND (m.publisher IS NULL OR w.publisher = m.publisher)
           )
       AND m.user_id = ANY (%(user_id)s::uuid[])
     ORDER BY m.id
       FOR NO KEY UPDATE
), cancelled AS (
    UPDATE message_queue m
       SET status = 'cancelled', reason = 'withdrawn', lease_until = NULL
      FROM waiting
     WHERE m.id = waiting.id
    RETURNING m.id
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason)
SELECT id, %(now)s, 'cancelled', 'withdrawn' FROM cancelled
