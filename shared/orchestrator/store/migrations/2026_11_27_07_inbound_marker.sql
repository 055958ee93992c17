-- After an outage nothing is sent before the inbound queue has been read (R11).

-- When the inbound function last read a marker of the dispatcher, and when it did so for the first time after a gap. The
-- times are the database's. The row is missing until the first marker is read: before that nothing is held.
CREATE TABLE orchestrator.inbound_marker (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    read_at timestamptz NOT NULL,
    gap_ended_at timestamptz NOT NULL
);

-- A row where texts of people may lie unread in the inbound queue: its newest marker is too old, or the gap is too
-- recent. The real time, because a transaction may have waited for a lock.
CREATE FUNCTION orchestrator.inbound_gap(fresh_for interval, read_after_gap interval)
RETURNS TABLE (read_at timestamptz) AS $$
    SELECT m.read_at
      FROM orchestrator.inbound_marker m
     WHERE m.read_at < clock_timestamp() - fresh_for OR m.gap_ended_at > clock_timestamp() - read_after_gap
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.inbound_gap(interval, interval) FROM PUBLIC;
