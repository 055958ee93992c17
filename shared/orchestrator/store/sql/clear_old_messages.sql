-- clear_old_messages.sql: clear one batch of old messages' data and words; messages that have not ended, and those of
-- people under a legal hold, are left alone.
WITH old AS (
    SELECT id FROM message_queue m
     WHERE created_at < %(before)s AND message_data <> '{"type": "forgotten"}'
       AND status IN ('sent', 'superseded', 'cancelled', 'expired', 'failed')
       AND NOT EXISTS (SELECT FROM orchestrator.legal_holds h WHERE h.user_id = m.user_id)
     ORDER BY created_at
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE message_queue m
   SET message_data = '{"type": "forgotten"}', final_message = NULL, words_source = 'forgotten', topic = NULL,
       superseded_reason = NULL
  FROM old
 WHERE m.id = old.id
