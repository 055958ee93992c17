-- log_calls.sql: log calls to Claude with their tokens, cost and latency, and verdicts, which have none. `message_id`,
-- `classification`, `relevant` and `shouldReformulate` are what dashboards of the former system read.
INSERT INTO agent_actions_log (agent_type, action_type, user_id, context_id, context_type, model_used,
                               input_tokens, output_tokens, cost_usd, latency_ms, input_data, output_data, error,
                               created_at)
SELECT 'message_orchestrator', a.action_type, a.user_id, a.message_id,
       CASE WHEN a.message_id IS NOT NULL THEN 'message' END,
       a.model, a.input_tokens, a.output_tokens, a.cost_usd, a.latency_ms,
       CASE WHEN a.message_id IS NOT NULL THEN jsonb_build_object('message_id', a.message_id) END,
       jsonb_build_object('outcome', a.outcome, 'agent_id', a.agent_id, 'messages', a.messages,
                          'cached_tokens', a.cached_tokens)
       || CASE WHEN a.verdict IS NULL THEN '{}'
               ELSE jsonb_build_object(
                   'classification', CASE a.verdict WHEN 'reformulate' THEN 'CONTEXTUAL' ELSE upper(a.verdict) END,
                   'relevant', a.verdict <> 'stale', 'shouldReformulate', a.verdict = 'reformulate'
               )
          END,
       a.error, %(now)s
  FROM unnest(%(action_type)s::text[], %(user_id)s::uuid[], %(message_id)s::uuid[], %(agent_id)s::text[],
              %(model)s::text[], %(input_tokens)s::int[], %(cached_tokens)s::int[], %(output_tokens)s::int[],
              %(cost_usd)s::numeric[], %(latency_ms)s::int[], %(outcome)s::text[], %(messages)s::int[],
              %(error)s::text[], %(verdict)s::text[])
    AS a (action_type, user_id, message_id, agent_id, model, input_tokens, cached_tokens, output_tokens, cost_usd,
          latency_ms, outcome, messages, error, verdict)
