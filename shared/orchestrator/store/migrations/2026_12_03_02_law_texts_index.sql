-- concurrently: the texts to people that count toward the caps of the law (R15).
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_under_a_cap ON orchestrator.attempts (user_id, started_at) WHERE law_texts > 0;
