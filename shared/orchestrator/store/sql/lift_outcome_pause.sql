-- lift_outcome_pause.sql: end a pause by outcome (R13). The row stays, with an end that is its start: from then on texts
-- count.
UPDATE orchestrator.pauses SET paused_at = %(now)s, ends_at = %(now)s
 WHERE scope = %(scope)s AND value = %(value)s AND ends_at IS NULL
