-- read_history_message.sql: return a message with its person's id, zone and number.
SELECT m.id, m.agent_id, m.priority, m.status, m.reason, m.scheduled_for, m.not_before, m.best_at, m.best_kind,
       m.best_probability, m.expires_at,
       m.created_at, m.accepted_at, m.published_at, m.sent_at, m.topic, m.message_data, m.final_message, m.words_source,
       m.superseded_by_message_id, m.superseded_reason, m.sequence_id, m.sequence_position, m.sequence_total,
       coalesce(m.is_reply, false) AS is_reply,
       (SELECT p.purpose FROM orchestrator.purpose_of(m.agent_id) p) AS purpose, m.can_delay, m.requires_fresh_context, u.id AS user_id, u.external_id,
       u.timezone, coalesce(orchestrator.e164(u.phone_number), u.phone_number) AS phone_number
  FROM message_queue m
  JOIN users u ON u.id = m.user_id
 WHERE m.id = %(message_id)s
