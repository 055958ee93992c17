-- concurrently: each statement runs by itself and blocks no writer.
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_sent_to_person ON messages (user_id, (coalesce(sent_at, created_at)))
    WHERE direction = 'outbound';
