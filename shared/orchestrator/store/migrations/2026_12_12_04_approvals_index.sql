-- concurrently: the messages that wait for approval, which are few (R13).
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_queue_to_approve ON message_queue (accepted_at) WHERE reason = 'approval' AND status = 'queued';
