-- concurrently: a person's last replies, which a classification of their answer sees (R11).
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_without_a_slot ON orchestrator.attempts (user_id, started_at) WHERE NOT holds_slot;
