-- read_claude_costs.sql: return what Claude cost since a time, by UTC day, action, agent and model.
SELECT (created_at AT TIME ZONE 'UTC')::date AS day, action_type AS action,
       coalesce(output_data->>'agent_id', '') AS agent, coalesce(model_used, '') AS model,
       count(*) AS calls, count(error) AS failed,
       coalesce(sum(input_tokens), 0) AS input_tokens,
       coalesce(sum((output_data->>'cached_tokens')::bigint), 0) AS cached_tokens,
       coalesce(sum(output_tokens), 0) AS output_tokens,
       coalesce(sum(cost_usd), 0) AS cost_usd
  FROM agent_actions_log
 WHERE agent_type = 'message_orchestrator' AND created_at >= %(since)s
 GROUP BY 1, 2, 3, 4
 ORDER BY 1 DESC, cost_usd DESC, 2, 3, 4
