-- concurrently: the newest rejections, which an operator's console shows page by page.
CREATE INDEX CONCURRENTLY IF NOT EXISTS rejections_by_time ON orchestrator.rejections (rejected_at, sqs_message_id);
