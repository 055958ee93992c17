-- concurrently: the opt-outs of the last days, which each tick counts (R13).
CREATE INDEX CONCURRENTLY IF NOT EXISTS opt_outs_by_time ON orchestrator.opt_outs (opted_out_at);
