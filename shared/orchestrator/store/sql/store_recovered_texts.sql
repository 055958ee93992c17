-- store_recovered_texts.sql: store the texts that a recovery found and whose message is unknown, as part of the
-- conversation.
INSERT INTO messages (id, conversation_id, user_id, role, content, direction, twilio_message_sid, status, created_at,
                      sent_at)
SELECT a.id, a.conversation_id, a.user_id, 'concierge', t.body, 'outbound', t.sid, 'sent', t.sent_at, t.sent_at
  FROM unnest(%(attempt_id)s::uuid[], %(message_id)s::uuid[], %(sid)s::text[], %(body)s::text[],
              %(sent_at)s::timestamptz[])
    AS t (attempt_id, message_id, sid, body, sent_at)
  JOIN orchestrator.attempts a ON a.id = t.attempt_id
 WHERE t.message_id IS NULL
