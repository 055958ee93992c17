-- claim_due.sql: take one lane's due messages under a lease, oldest due first; two dispatchers never take the same one.
-- An ordinary lane gets what the sender's pace has room for up to the horizon, each message with its place in it; the
-- row of the pace is what a second dispatcher waits for. Of a sequence, the first unfinished part is taken (R8).
WITH turn AS (
    SELECT greatest(next_free, %(now)s) AS begins
      FROM orchestrator.pace
     WHERE %(per_second)s::float IS NOT NULL
       FOR NO KEY UPDATE
), nearest AS (
    SELECT m.id, m.scheduled_for, m.created_at
      FROM message_queue m
     WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL
       AND m.priority = %(lane)s AND m.scheduled_for <= %(horizon)s
       AND m.reason IS DISTINCT FROM 'sequence_incomplete' AND m.is_reply IS NOT TRUE
       AND NOT EXISTS (SELECT FROM orchestrator.pauses_of(m.priority, m.agent_id, m.user_id, %(now)s))
       AND (m.sequence_id IS NULL OR NOT EXISTS (
               SELECT FROM message_queue earlier
                WHERE earlier.sequence_id = m.sequence_id AND earlier.sequence_position < m.sequence_position
                  AND earlier.status IN ('queued', 'approved', 'sending') AND earlier.accepted_at IS NOT NULL
           ))
     ORDER BY m.scheduled_for, m.created_at
     -- A number that the planner sees. Of one that has to be worked out it expects a tenth of the table, and reads it all.
     LIMIT %(limit)s
       FOR NO KEY UPDATE OF m SKIP LOCKED
), due AS (
    SELECT id, scheduled_for, created_at
      FROM nearest
     ORDER BY scheduled_for, created_at
     LIMIT (
         SELECT CASE WHEN %(per_second)s::float IS NULL THEN %(limit)s
                     ELSE least(%(limit)s, greatest(0,
                              floor(extract(epoch FROM %(horizon)s - min(begins)) * %(per_second)s::float)))
                END::bigint
           FROM turn
     )
), paced AS (
    SELECT due.id,
           greatest(due.scheduled_for,
                    begins + (row_number() OVER (ORDER BY scheduled_for, created_at) - 1)
                             / %(per_second)s::float * interval '1 second') AS leaves_at
      FROM due
      LEFT JOIN turn ON true
), given_away AS (
    UPDATE orchestrator.pace
       SET next_free = begins + taken.messages / %(per_second)s::float * interval '1 second'
      FROM turn, (SELECT count(*) AS messages FROM due) AS taken
     WHERE taken.messages > 0
)
UPDATE message_queue m
   SET status = 'approved', lease_until = %(lease_until)s
  FROM paced
 WHERE m.id = paced.id
RETURNING m.id AS message_id, coalesce(paced.leaves_at, m.scheduled_for) AS leaves_at, m.user_id
