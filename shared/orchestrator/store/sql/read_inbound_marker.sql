-- read_inbound_marker.sql: return how old the newest marker of the inbound queue is, and whether nothing is sent for that
-- reason (R11); no row before the first marker.
SELECT clock_timestamp() - m.read_at AS age,
       EXISTS (SELECT FROM orchestrator.inbound_gap(%(fresh_for)s, %(read_after_gap)s)) AS holds_everything
  FROM orchestrator.inbound_marker m
