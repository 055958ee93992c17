-- The row of `agent_actions_log` about a text that failed is for dashboards: what its owner's table refuses must not keep
-- the outcome from being written. A person who is deleted meanwhile, by us or by the owner, is not named.
CREATE OR REPLACE FUNCTION orchestrator.log_delivery_error() RETURNS trigger AS $$
BEGIN
    INSERT INTO public.agent_actions_log (agent_type, action_type, user_id, context_id, context_type, input_data,
                                          output_data, error, created_at)
    SELECT 'message_orchestrator', 'delivery_error',
           (SELECT u.id FROM public.users u WHERE u.id = new.user_id AND u.phone_number NOT LIKE 'forgotten-%'),
           new.message_id, 'message', pg_catalog.jsonb_build_object('message_id', new.message_id),
           pg_catalog.jsonb_build_object('outcome', failure.outcome),
           pg_catalog.concat_ws(' ', coalesce(new.error, failure.outcome), '(' || failure.code || ')'), failure.at
      FROM (
            SELECT CASE WHEN new.undelivered_at IS NULL THEN new.outcome ELSE 'undelivered' END AS outcome,
                   coalesce(new.undelivered_code, new.error_code) AS code,
                   coalesce(new.undelivered_at, new.settled_at) AS at
           ) failure;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN  -- not a statement that took too long
    RAISE WARNING 'agent_actions_log refuses a row of orchestrator.log_delivery_error: SQLSTATE %', SQLSTATE;
    RETURN NULL;
END
$$ LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp;
