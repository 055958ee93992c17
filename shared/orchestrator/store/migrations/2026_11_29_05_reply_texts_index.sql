-- concurrently: the replies to people, which R12 counts by person in an hour and a day.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_of_replies ON orchestrator.attempts (user_id, started_at) WHERE reply_to IS NOT NULL;
