-- insert_rows_of_events.sql: write what people wrote as rows of the former system's table `events`, each once, with ids
-- and without words.
INSERT INTO public.events (id, event_type, aggregate_id, aggregate_type, payload, created_by, metadata)
SELECT e.id, %(event_type)s, e.user_id, 'user', e.payload, 'message_orchestrator', '{"source": "message-orchestrator"}'
  FROM unnest(%(id)s::uuid[], %(user_id)s::uuid[], %(payload)s::jsonb[]) AS e (id, user_id, payload)
    ON CONFLICT DO NOTHING
