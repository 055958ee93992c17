-- concurrently: sequences that wait for room under the hourly limit of their agents (R13); few.
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_sequences_at_agent_limit ON message_queue (accepted_at) WHERE reason = 'agent_limit' AND sequence_position = 1 AND status IN ('queued', 'approved');
