-- concurrently: the texts to active people, which R4 counts by person in an hour and a day.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_to_active_people ON orchestrator.attempts (user_id, started_at) WHERE active_texts > 0;
