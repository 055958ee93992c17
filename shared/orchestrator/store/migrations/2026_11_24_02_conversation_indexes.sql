-- concurrently: each statement runs by itself and blocks no writer.
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_open_replies ON message_queue (user_id, published_at)
    WHERE is_reply AND status IN ('queued', 'approved', 'sending');
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_to_send ON messages (created_at)
    WHERE direction = 'outbound' AND status IN ('pending', 'queued_for_send', 'queued');
