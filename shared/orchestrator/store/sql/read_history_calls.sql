-- read_history_calls.sql: return the calls to Claude about a message.
SELECT created_at, model_used, output_data->>'outcome', error
  FROM agent_actions_log
 WHERE context_id = %(message_id)s AND agent_type = 'message_orchestrator' AND action_type <> 'delivery_error'
