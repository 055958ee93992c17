-- expect_inbound_markers.sql: where none was read yet, let the first marker of the inbound queue be due from now on (R11).
INSERT INTO orchestrator.inbound_marker (read_at, gap_ended_at)
VALUES (clock_timestamp(), '-infinity')
    ON CONFLICT (only_row) DO NOTHING
