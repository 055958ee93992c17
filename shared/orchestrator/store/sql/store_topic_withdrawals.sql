-- store_topic_withdrawals.sql: store withdrawals of topics, for messages that were published before and arrive later
-- (R9).
INSERT INTO orchestrator.topic_withdrawals AS t (user_id, topic, publisher, withdrawn_at)
SELECT user_id, topic, publisher, max(withdrawn_at)
  FROM unnest(%(user_id)s::uuid[], %(topic)s::text[], %(publisher)s::text[], %(withdrawn_at)s::timestamptz[])
    AS w (user_id, topic, publisher, withdrawn_at)
 GROUP BY user_id, topic, publisher
    ON CONFLICT (user_id, topic, publisher) DO UPDATE SET withdrawn_at = greatest(t.withdrawn_at, excluded.withdrawn_at)
