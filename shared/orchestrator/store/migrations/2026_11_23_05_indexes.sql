-- concurrently: each statement runs by itself and blocks no writer.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_by_external_id ON users (external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_due ON message_queue (priority, scheduled_for, created_at)
    WHERE status = 'queued' AND accepted_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_leased ON message_queue (lease_until)
    WHERE status IN ('approved', 'sending') AND accepted_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS conversations_by_user ON conversations (user_id, created_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_from_user ON messages (user_id, created_at)
    WHERE direction = 'inbound';
CREATE INDEX CONCURRENTLY IF NOT EXISTS agent_actions_log_by_day ON agent_actions_log (agent_type, created_at);
