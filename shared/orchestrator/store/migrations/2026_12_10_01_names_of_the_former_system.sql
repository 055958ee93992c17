-- Dashboards of the former system find the names that they look for: `relevance_check` and `delivery_error` in
-- `agent_actions_log`, and `message_queue.superseded_reason` in words.

-- Our calls to Claude since a time, one row for each, under our own names; rows from before this migration have them in
-- the table, too. Of a call about several messages, the first one's row carries the call, and the others are verdicts.
CREATE FUNCTION orchestrator.claude_calls(since timestamptz)
RETURNS TABLE (created_at timestamptz, action text, agent text, model text, messages int, input_tokens int,
               cached_tokens bigint, output_tokens int, cost_usd numeric, error text) AS $$
    SELECT l.created_at,
           CASE l.action_type WHEN 'relevance_check' THEN 'check_relevance' ELSE l.action_type END,
           coalesce(l.output_data->>'agent_id', ''), coalesce(l.model_used, ''),
           coalesce((l.output_data->>'messages')::int, 1), l.input_tokens, (l.output_data->>'cached_tokens')::bigint,
           l.output_tokens, l.cost_usd, l.error
      FROM agent_actions_log l
     WHERE l.agent_type = 'message_orchestrator' AND l.created_at >= since
       AND l.action_type <> 'delivery_error' AND l.output_data->>'outcome' IS DISTINCT FROM 'verdict'
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.claude_calls(timestamptz) FROM PUBLIC;

-- `message_queue.superseded_reason` of a message: what `orchestrator explain` and dashboards show. The column has 100
-- characters.
CREATE FUNCTION orchestrator.superseded_words(why text, message uuid) RETURNS text AS $$
    SELECT CASE why
           WHEN 'newer_of_topic' THEN 'A newer message of the same topic took its place'
           WHEN 'replaced' THEN 'Another message names it as the one that it replaces'
           WHEN 'reformulation' THEN 'Its agent did not reformulate it in time'
           WHEN 'stale' THEN coalesce(
               (SELECT nullif(left(r.why, 100), '') FROM orchestrator.relevance r WHERE r.message_id = message),
               'What the person wrote made it stale'
           )
           END
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.superseded_words(text, uuid) FROM PUBLIC;

-- Each attempt that was not accepted, and each text that was not delivered, is a row of `agent_actions_log`. It is
-- written with the rights of the function that writes the attempt.
CREATE FUNCTION orchestrator.log_delivery_error() RETURNS trigger AS $$
BEGIN
    INSERT INTO public.agent_actions_log (agent_type, action_type, user_id, context_id, context_type, input_data,
                                          output_data, error, created_at)
    SELECT 'message_orchestrator', 'delivery_error', new.user_id, new.message_id, 'message',
           pg_catalog.jsonb_build_object('message_id', new.message_id),
           pg_catalog.jsonb_build_object('outcome', failure.outcome),
           pg_catalog.concat_ws(' ', coalesce(new.error, failure.outcome), '(' || failure.code || ')'), failure.at
      FROM (
            SELECT CASE WHEN new.undelivered_at IS NULL THEN new.outcome ELSE 'undelivered' END AS outcome,
                   coalesce(new.undelivered_code, new.error_code) AS code,
                   coalesce(new.undelivered_at, new.settled_at) AS at
           ) failure;
    RETURN NULL;
END
$$ LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.log_delivery_error() FROM PUBLIC;

CREATE TRIGGER log_delivery_error AFTER UPDATE OF outcome, undelivered_at ON orchestrator.attempts FOR EACH ROW
    WHEN (new.outcome IN ('refused', 'not_sent', 'unknown') AND new.outcome IS DISTINCT FROM old.outcome
          OR new.undelivered_at IS NOT NULL AND old.undelivered_at IS NULL)
    EXECUTE FUNCTION orchestrator.log_delivery_error();
