-- read_inbound_gap.sql: while nothing is sent because what people write may be unread (R11), return how old the newest
-- marker of the inbound queue is.
SELECT clock_timestamp() - read_at FROM orchestrator.inbound_gap(%(fresh_for)s, %(read_after_gap)s)
