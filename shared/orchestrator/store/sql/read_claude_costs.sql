-- read_claude_costs.sql: return what Claude cost since a time, by UTC day, action, agent and model.
SELECT (created_at AT TIME ZONE 'UTC')::date AS day, action, agent, model,
       count(*) AS calls, count(error) AS failed,
       coalesce(sum(input_tokens), 0) AS input_tokens,
       coalesce(sum(cached_tokens), 0) AS cached_tokens,
       coalesce(sum(output_tokens), 0) AS output_tokens,
       coalesce(sum(cost_usd), 0) AS cost_usd
  FROM orchestrator.claude_calls(%(since)s)
 GROUP BY 1, 2, 3, 4
 ORDER BY 1 DESC, cost_usd DESC, 2, 3, 4
