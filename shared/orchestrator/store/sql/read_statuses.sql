-- read_statuses.sql: return what became of messages, of those alone that belong to the agents of a scope. A message that
-- the database does not know, and one outside the scope, have no row. The note of `same_words` names an earlier text,
-- which may be another agent's: in a scope it is left out.
SELECT wanted.message_id, m.user_id, m.agent_id, m.status, m.reason, m.scheduled_for AS due, m.accepted_at, m.sent_at,
       note.note, newest.outcome, newest.undelivered_at, newest.undelivered_code, text.delivered_at,
       newer.id AS superseded_by, u.timezone, coalesce(orchestrator.e164(u.phone_number), u.phone_number) AS phone_number,
       rejection.reason AS rejected_reason, rejection.problem, rejection.rejected_at, wait.until AS waits_for_user_until
  FROM unnest(%(message_ids)s::uuid[]) AS wanted (message_id)
  LEFT JOIN message_queue m
    ON m.id = wanted.message_id AND m.accepted_at IS NOT NULL
   AND EXISTS (SELECT FROM orchestrator.scope_of(m.agent_id, %(scope)s::text))
  LEFT JOIN users u ON u.id = m.user_id
  LEFT JOIN LATERAL (
        SELECT t.note FROM orchestrator.timeline t
         WHERE t.message_id = m.id AND t.reason = m.reason
         ORDER BY t.at DESC LIMIT 1
       ) note ON m.status NOT IN ('approved', 'sending', 'sent') AND (%(scope)s::text IS NULL OR m.reason <> 'same_words')
  LEFT JOIN LATERAL (
        SELECT a.id, a.outcome, a.undelivered_at, a.undelivered_code FROM orchestrator.attempts a
         WHERE a.message_id = m.id
         ORDER BY a.started_at DESC LIMIT 1
       ) newest ON true
  LEFT JOIN messages text ON text.id = newest.id
  LEFT JOIN message_queue newer
    ON newer.id = m.superseded_by_message_id
   AND EXISTS (SELECT FROM orchestrator.scope_of(newer.agent_id, %(scope)s::text))
  LEFT JOIN LATERAL (
        SELECT r.reason, r.problem, r.rejected_at FROM orchestrator.rejections r
         WHERE r.message_id = wanted.message_id
           AND EXISTS (SELECT FROM orchestrator.scope_of(r.agent_id, %(scope)s::text))
           AND NOT EXISTS (SELECT FROM message_queue known WHERE known.id = r.message_id)
         ORDER BY r.rejected_at DESC LIMIT 1
       ) rejection ON true
  LEFT JOIN orchestrator.waits_for_users wait
    ON wait.message_id = wanted.message_id AND wait.until > %(now)s AND m.id IS NULL
   AND EXISTS (SELECT FROM orchestrator.scope_of(wait.agent_id, %(scope)s::text))
 WHERE m.id IS NOT NULL OR rejection.reason IS NOT NULL OR wait.until IS NOT NULL
