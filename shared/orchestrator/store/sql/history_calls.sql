-- history_calls.sql: the calls to Claude about it.
SELECT created_at, model_used, output_data->>'outcome', error
  FROM agent_actions_log
 WHERE context_id = %(message_id)s AND agent_type = 'message_orchestrator'
 ORDER BY created_at
