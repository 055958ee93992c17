-- record_inbound_marker.sql: record that a fresh marker of the inbound queue was read. After a gap, note when it ended.
INSERT INTO orchestrator.inbound_marker AS known (read_at, gap_ended_at)
VALUES (clock_timestamp(), '-infinity')
    ON CONFLICT (only_row) DO UPDATE
   SET read_at = greatest(known.read_at, excluded.read_at),
       gap_ended_at = CASE WHEN known.read_at < excluded.read_at - %(fresh_for)s::interval THEN excluded.read_at
                           ELSE known.gap_ended_at END
