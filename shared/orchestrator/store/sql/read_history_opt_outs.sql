-- read_history_opt_outs.sql: return the opt-outs that ended a message, in force now or when it ended.
SELECT o.opted_out_at, o.source, o.note, o.recorded_at
  FROM message_queue m
  JOIN users u ON u.id = m.user_id
  JOIN orchestrator.opt_outs o ON o.user_id = u.id OR o.phone_number = orchestrator.e164(u.phone_number)
 WHERE m.id = %(message_id)s AND m.reason = 'opted_out' AND (o.ended_at IS NULL OR o.ended_at >= m.published_at)
 ORDER BY o.opted_out_at, o.id
