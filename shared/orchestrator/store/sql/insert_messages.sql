-- insert_messages.sql: accept a batch of messages; the same id twice is one message, and the first wins.
-- Returns the ids that are new. One that was withdrawn before it came is kept as cancelled (R9).
WITH accepted AS (
    SELECT *
      FROM unnest(
               %(message_id)s::uuid[], %(user_id)s::uuid[], %(agent_id)s::text[], %(message_data)s::text[],
               %(priority)s::text[], %(can_delay)s::boolean[], %(requires_fresh_context)s::boolean[],
               %(not_before)s::timestamptz[], %(expires_at)s::timestamptz[], %(due)s::timestamptz[],
               %(status)s::text[], %(lease_until)s::timestamptz[], %(conversation_context_id)s::uuid[]
           ) AS a (message_id, user_id, agent_id, message_data, priority, can_delay, requires_fresh_context,
                   not_before, expires_at, due, status, lease_until, conversation_context_id)
), inserted AS (
    INSERT INTO message_queue (id, user_id, agent_id, message_data, priority, can_delay, requires_fresh_context,
                               not_before, expires_at, scheduled_for, status, reason, lease_until,
                               conversation_context_id, accepted_at, created_at)
    SELECT a.message_id, a.user_id, a.agent_id, a.message_data::jsonb, a.priority, a.can_delay, a.requires_fresh_context,
           a.not_before, a.expires_at, a.due,
           CASE WHEN w.message_id IS NULL THEN a.status ELSE 'cancelled' END,
           CASE WHEN w.message_id IS NOT NULL THEN 'withdrawn' WHEN a.not_before > %(now)s THEN 'scheduled' END,
           CASE WHEN w.message_id IS NULL THEN a.lease_until END,
           a.conversation_context_id, %(now)s, %(now)s
      FROM accepted a
      LEFT JOIN orchestrator.withdrawals w ON w.message_id = a.message_id
        ON CONFLICT (id) DO NOTHING
    RETURNING id, status, reason
), told AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, status, reason FROM inserted WHERE status = 'cancelled'
)
SELECT id, status FROM inserted
