-- Storage of the hot tables: free room on each page for the next version of a row, and vacuum before a tenth of a large
-- table is dead. It applies to pages that are written from now on, and rewrites none.
ALTER TABLE message_queue SET (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05
);
ALTER TABLE orchestrator.attempts SET (
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);
ALTER TABLE user_message_budget SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE orchestrator.spending SET (fillfactor = 10, autovacuum_vacuum_threshold = 100);
ALTER TABLE orchestrator.pace SET (fillfactor = 10, autovacuum_vacuum_threshold = 100);
