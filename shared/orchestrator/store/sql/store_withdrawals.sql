-- store_withdrawals.sql: store withdrawals of messages, which may arrive before their message (R9).
INSERT INTO orchestrator.withdrawals (message_id, publisher, withdrawn_at)
SELECT message_id, publisher, %(now)s
  FROM unnest(%(message_id)s::uuid[], %(publisher)s::text[]) AS w (message_id, publisher)
    ON CONFLICT DO NOTHING
