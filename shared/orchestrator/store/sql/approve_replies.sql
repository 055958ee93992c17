-- approve_replies.sql: approve the first open reply of each person (R12). A reply with an unknown outcome, or one that
-- a rule holds, does not keep the next one waiting. Returns what is to be handed over.
WITH first_replies AS (
    SELECT DISTINCT ON (m.user_id) m.id
      FROM message_queue m
     WHERE m.is_reply AND m.status IN ('queued', 'approved', 'sending') AND m.accepted_at IS NOT NULL
       AND (%(user_ids)s::uuid[] IS NULL OR m.user_id = ANY (%(user_ids)s::uuid[]))
       AND (m.status = 'approved'
            OR (m.status = 'sending' AND m.reason IS DISTINCT FROM 'unknown_outcome')
            -- A reply that is due again soon keeps its place.
            OR (m.status = 'queued' AND (m.scheduled_for <= %(now)s OR m.reason IN (
                'reply_order', 'provider_busy', 'provider_unreachable', 'provider_configuration', 'inbound_unread'))))
     ORDER BY m.user_id, m.published_at, m.id
)
UPDATE message_queue m
   SET status = 'approved', reason = NULL, scheduled_for = %(now)s, lease_until = %(lease_until)s
  FROM first_replies
 WHERE m.id = first_replies.id AND m.status = 'queued' AND (m.scheduled_for <= %(now)s OR m.reason = 'reply_order')
   AND NOT EXISTS (
           SELECT FROM orchestrator.pauses_of(m.priority, m.agent_id, m.message_data->>'type', m.user_id, %(now)s)
       )
RETURNING m.id, m.user_id
