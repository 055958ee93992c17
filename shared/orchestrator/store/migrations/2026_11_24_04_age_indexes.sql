-- concurrently: each statement runs by itself and blocks no writer. The nightly retention finds old words with these.
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_with_words_by_time ON messages (created_at) WHERE content <> '';
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_with_words_by_time ON message_queue (created_at)
    WHERE words_source IS DISTINCT FROM 'forgotten';
