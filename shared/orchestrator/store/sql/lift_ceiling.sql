-- lift_ceiling.sql: lift a ceiling on costs for the rest of its day. The row stays, with an end that is its start, so that
-- no wave pauses again that day.
UPDATE orchestrator.pauses SET ends_at = paused_at
 WHERE scope = 'spending' AND value = %(value)s AND ends_at > paused_at
