-- concurrently: each statement runs by itself and blocks no writer.
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_waiting_by_user ON message_queue (user_id, scheduled_for)
    WHERE status IN ('queued', 'approved') AND accepted_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_by_topic ON message_queue (user_id, topic, published_at)
    WHERE topic IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_replacements ON message_queue (supersedes_message_id)
    WHERE supersedes_message_id IS NOT NULL;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS message_queue_sequence_parts
    ON message_queue (sequence_id, sequence_position)
    WHERE sequence_id IS NOT NULL AND accepted_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_inbound_by_time ON messages (created_at) WHERE direction = 'inbound';
