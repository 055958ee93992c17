-- concurrently: each statement runs by itself and blocks no writer.
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_by_sid ON messages (twilio_message_sid)
    WHERE twilio_message_sid IS NOT NULL;
