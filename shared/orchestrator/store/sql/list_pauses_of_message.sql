-- list_pauses_of_message.sql: list the pauses that stop a waiting message now, oldest first.
SELECT p.scope, p.value, p.paused_by, p.note, p.paused_at, p.ends_at
  FROM message_queue m
 CROSS JOIN LATERAL orchestrator.stops_of(
           m.id, m.priority, m.agent_id, m.message_data->>'type', m.user_id, %(now)s::timestamptz
       ) stop
  JOIN orchestrator.pauses p ON p.scope = stop.scope AND p.value = stop.value
 WHERE m.id = %(message_id)s AND m.status IN ('queued', 'approved')
 ORDER BY p.paused_at
