-- count_rows_left_alone.sql: count the pending rows of `messages` that another sender may have sent, which are never sent,
-- and return some of their ids.
SELECT count(*) AS messages, coalesce((array_agg(m.id ORDER BY m.created_at DESC, m.id))[:%(quoted)s], '{}') AS message_ids
  FROM orchestrator.left_alone l
  JOIN messages m ON m.id = l.message_id AND m.status IN ('pending', 'queued_for_send')
