-- concurrently: each statement runs by itself and blocks no writer. Each index costs each update of a message:
-- this one holds a message once, when it has ended, and is not touched when its words are stored.
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_to_forget ON message_queue (created_at)
    WHERE status IN ('sent', 'superseded', 'cancelled', 'expired', 'failed')
      AND message_data <> '{"type": "forgotten"}';
DROP INDEX CONCURRENTLY IF EXISTS message_queue_with_words_by_time;
