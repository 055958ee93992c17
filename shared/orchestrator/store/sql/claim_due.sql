-- claim_due.sql: claim one lane's due messages under a lease, oldest due first; two dispatchers never claim the same
-- one. An ordinary lane claims what the sender's pace has room for up to the horizon, and each message gets its place
-- in it; a second dispatcher waits for the row of the pace. Of a sequence, the first unfinished part is claimed (R8).
WITH pace_start AS (
    SELECT greatest(next_free, %(now)s) AS begins
      FROM orchestrator.pace
     WHERE %(per_second)s::float IS NOT NULL
       FOR NO KEY UPDATE
), candidates AS (
    SELECT m.id, m.scheduled_for, m.created_at
      FROM message_queue m
     WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL
       AND m.priority = %(lane)s AND m.scheduled_for <= %(horizon)s
       AND m.reason IS DISTINCT FROM 'sequence_incomplete' AND m.is_reply IS NOT TRUE
       AND NOT EXISTS (SELECT FROM orchestrator.pauses_of(m.priority, m.agent_id, m.user_id, %(now)s))
       AND NOT EXISTS (SELECT FROM orchestrator.open_parts_before(m.sequence_id, m.sequence_position))
     ORDER BY m.scheduled_for, m.created_at
     -- A constant for the planner. For a computed limit it expects a tenth of the table, and reads all of it.
     LIMIT %(limit)s
       FOR NO KEY UPDATE OF m SKIP LOCKED
), claim AS (
    SELECT id, scheduled_for, created_at
      FROM candidates
     ORDER BY scheduled_for, created_at
     LIMIT (
         SELECT CASE WHEN %(per_second)s::float IS NULL THEN %(limit)s
                     ELSE least(%(limit)s, greatest(0,
                              floor(extract(epoch FROM %(horizon)s - min(begins)) * %(per_second)s::float)))
                END::bigint
           FROM pace_start
     )
), departures AS (
    SELECT claim.id,
           greatest(claim.scheduled_for,
                    begins + (row_number() OVER (ORDER BY scheduled_for, created_at) - 1)
                             / %(per_second)s::float * interval '1 second') AS leaves_at
      FROM claim
      LEFT JOIN pace_start ON true
), pace_update AS (
    UPDATE orchestrator.pace
       SET next_free = begins + total.messages / %(per_second)s::float * interval '1 second'
      FROM pace_start, (SELECT count(*) AS messages FROM claim) AS total
     WHERE total.messages > 0
)
UPDATE message_queue m
   SET status = 'approved', lease_until = %(lease_until)s
  FROM departures
 WHERE m.id = departures.id
RETURNING m.id AS message_id, coalesce(departures.leaves_at, m.scheduled_for) AS leaves_at, m.user_id
