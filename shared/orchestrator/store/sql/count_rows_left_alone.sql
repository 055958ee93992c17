-- count_rows_left_alone.sql: count the pending rows of `messages` that are never sent, and return some of their ids: another
-- sender may have sent them, or they are too old to be taken up (R12).
SELECT count(*) AS messages, coalesce((array_agg(m.id ORDER BY m.created_at DESC, m.id))[:%(quoted)s], '{}') AS message_ids
  FROM messages m
 WHERE m.direction = 'outbound' AND m.status IN ('pending', 'queued_for_send')
   AND (m.created_at > %(now)s - interval '1 day' IS NOT TRUE
        OR EXISTS (SELECT FROM orchestrator.left_alone l WHERE l.message_id = m.id))
