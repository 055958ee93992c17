-- claim_reply_rows.sql: what agents wrote into `messages` to be sent (`outbound`, `pending`) becomes a reply that waits (R12).
-- Not what was there before we came, not what is older than a day, and nothing while the old sender is still there.
WITH found AS (
    SELECT r.id, r.conversation_id, r.user_id, r.role, r.content, r.created_at
      FROM messages r
     WHERE r.direction = 'outbound' AND r.status IN ('pending', 'queued_for_send')
       AND r.created_at > %(now)s - interval '1 day'
       AND NOT EXISTS (SELECT FROM orchestrator.left_alone l WHERE l.message_id = r.id)
       AND (%(old_sender_is_gone)s OR NOT EXISTS (SELECT FROM orchestrator.old_sender_triggers()))
     ORDER BY r.created_at, r.id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE messages r SET status = 'queued' FROM found WHERE r.id = found.id
), waiting AS (
    INSERT INTO message_queue (id, user_id, agent_id, message_data, final_message, words_source, priority, can_delay,
                               requires_fresh_context, scheduled_for, expires_at, status, reason, conversation_context_id,
                               accepted_at, created_at, published_at, is_reply, segments, encoding)
    SELECT id, user_id, role, jsonb_build_object('type', 'reply', 'message', content), content, 'row', 'urgent', true,
           false, %(now)s, %(now)s + %(lifetime)s::interval, 'queued', 'reply_order', conversation_id,
           %(now)s, created_at, least(created_at, %(now)s), true, NULL, NULL
      FROM found
        ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT id FROM waiting
