-- claim_reply_rows.sql: turn the rows that agents wrote into `messages` (`outbound`, `pending`) into replies that wait
-- (R12). Rows that were there before our first migration, rows older than a day, and all rows while a trigger of the
-- old sender is there, stay untouched.
WITH reply_rows AS (
    SELECT r.id, r.conversation_id, r.user_id, r.role, r.content, r.created_at
      FROM messages r
     WHERE r.direction = 'outbound' AND r.status IN ('pending', 'queued_for_send')
       AND r.created_at > %(now)s - interval '1 day'
       AND NOT EXISTS (SELECT FROM orchestrator.left_alone l WHERE l.message_id = r.id)
       AND (%(old_sender_is_gone)s OR NOT EXISTS (SELECT FROM orchestrator.old_sender_triggers()))
     ORDER BY r.created_at, r.id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), row_statuses AS (
    UPDATE messages r SET status = 'queued' FROM reply_rows WHERE r.id = reply_rows.id
), replies AS (
    INSERT INTO message_queue (id, user_id, agent_id, message_data, final_message, words_source, priority, can_delay,
                               requires_fresh_context, scheduled_for, expires_at, status, reason,
                               conversation_context_id, accepted_at, created_at, published_at, is_reply, segments,
                               encoding)
    SELECT id, user_id, lower(btrim(role)), jsonb_build_object('type', 'reply', 'message', content), content, 'row', 'urgent', true,
           false, %(now)s, %(now)s + %(lifetime)s::interval, 'queued', 'reply_order', conversation_id,
           %(now)s, created_at, least(created_at, %(now)s), true, NULL, NULL
      FROM reply_rows
        ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT id FROM replies
