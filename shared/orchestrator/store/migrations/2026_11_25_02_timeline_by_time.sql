-- concurrently: each statement runs by itself and blocks no writer. Entries of the timeline are written in the
-- order of time, so a few pages of a BRIN index find a day among millions, and it costs an insert next to nothing.
CREATE INDEX CONCURRENTLY IF NOT EXISTS timeline_by_time ON orchestrator.timeline USING brin (at);
