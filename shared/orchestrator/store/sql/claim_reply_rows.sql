-- claim_reply_rows.sql: turn the rows that agents wrote into `messages` (`outbound`, `pending`) into replies that wait
-- (R12). Rows that were there before our first migration, rows older than a day, all rows while an old sender is there,
-- and those that it may have sent stay untouched. A row names no publisher: one of an agent that is bound to publishers is
-- rejected, and so is one whose role is no id of an agent (R13).
WITH reply_rows AS (
    SELECT r.id, r.conversation_id, r.user_id, lower(btrim(r.role)) AS agent_id, r.content, r.created_at,
           CASE WHEN r.role ~ '[^\u0020-\u007e]' OR btrim(r.role) = '' THEN 'invalid_field'
                WHEN bound.publishers IS NOT NULL THEN 'publisher_not_allowed'
           END AS refusal
      FROM messages r
      LEFT JOIN LATERAL (
            SELECT a.publishers FROM orchestrator.agents a
             WHERE starts_with(lower(btrim(r.role)), a.prefix)
             ORDER BY length(a.prefix) DESC
             LIMIT 1
           ) bound ON true
     WHERE r.direction = 'outbound' AND r.status IN ('pending', 'queued_for_send')
       AND r.created_at > %(now)s - interval '1 day'
       AND NOT EXISTS (SELECT FROM orchestrator.left_alone l WHERE l.message_id = r.id)
       AND NOT EXISTS (SELECT FROM orchestrator.old_senders())
     ORDER BY r.created_at, r.id
     LIMIT %(limit)s
       FOR NO KEY UPDATE OF r SKIP LOCKED
), row_statuses AS (
    UPDATE messages r SET status = CASE WHEN reply_rows.refusal IS NULL THEN 'queued' ELSE 'failed' END
      FROM reply_rows
     WHERE r.id = reply_rows.id
), rejected AS (
    SELECT id, user_id, refusal, CASE refusal WHEN 'publisher_not_allowed' THEN agent_id END AS agent_id,
           CASE refusal
           WHEN 'publisher_not_allowed' THEN 'names an agent that is bound to publishers, and a row names none'
           ELSE 'is blank, or holds a character that is not printable ASCII'
           END AS problem,
           CASE refusal
           WHEN 'publisher_not_allowed'
           THEN 'Publish the reply with the agent''s own role, or change `orchestrator agent set`'
           ELSE 'Name the agent in ASCII'
           END AS fix
      FROM reply_rows
     WHERE refusal IS NOT NULL
), rejections AS (
    INSERT INTO orchestrator.rejections (sqs_message_id, message_id, agent_id, reason, field, problem, rejected_at)
    SELECT id::text, id, agent_id, refusal, 'role', 'role: ' || problem || '. ' || fix || '.', %(now)s FROM rejected
        ON CONFLICT DO NOTHING
    RETURNING message_id
), events AS (
    INSERT INTO orchestrator.events (type, user_id, message_id, detail, at)
    SELECT 'message.rejected', user_id, id,
           jsonb_build_object('agent_id', agent_id, 'action', 'reply', 'reason', refusal, 'field', 'role', 'fix', fix),
           %(now)s
      FROM rejected
     WHERE id IN (SELECT message_id FROM rejections) AND EXISTS (SELECT FROM orchestrator.event_bus)
), replies AS (
    INSERT INTO message_queue (id, user_id, agent_id, message_data, final_message, words_source, priority, can_delay,
                               requires_fresh_context, scheduled_for, expires_at, status, reason,
                               conversation_context_id, accepted_at, created_at, published_at, is_reply, segments,
                               encoding)
    SELECT id, user_id, agent_id, jsonb_build_object('type', 'reply', 'message', content), content, 'row', 'urgent', true,
           false, %(now)s, %(now)s + %(lifetime)s::interval, 'queued', 'reply_order', conversation_id,
           %(now)s, created_at, least(created_at, %(now)s), true, NULL, NULL
      FROM reply_rows
     WHERE refusal IS NULL
        ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT id FROM replies
