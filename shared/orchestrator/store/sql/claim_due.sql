-- claim_due.sql: claim one lane's due messages under a lease, oldest due first; two dispatchers never claim the same
-- one. Of a sequence, the first unfinished part is claimed (R8). An ordinary lane claims what the sender's pace has room
-- for up to the horizon; each message gets its place in the pace, as long as its segments, and a second dispatcher waits
-- for the row of the pace. A message that its person's limits will hold gets no place: it is handed over at once, and
-- the deliver function holds it; so is one that the hourly limit of its agents will hold. Who is held is guessed here,
-- and decided there.
WITH pace_start AS (
    SELECT CASE
           -- Farther than any claim reaches: a dispatcher's clock was wrong.
           WHEN next_free > %(horizon)s::timestamptz + interval '1 minute' + interval '10 seconds' / %(per_second)s::float
           THEN %(now)s
           ELSE greatest(next_free, %(now)s)
           END AS begins
      FROM orchestrator.pace
     WHERE %(per_second)s::float IS NOT NULL
       FOR NO KEY UPDATE
), candidates AS (
    SELECT m.id, m.user_id, m.agent_id, m.published_by, m.scheduled_for, m.created_at,
           coalesce(m.sequence_position, 1) > 1 AS continues, coalesce(m.sequence_total, 1) AS parts,
           -- Until the words are written, as many as words that are sent unchanged fill.
           greatest(1, coalesce(m.segments, ceil(
               length(words.text) / CASE WHEN octet_length(words.text) = length(words.text) THEN 153.0 ELSE 67.0 END
           )::int, 1)) AS segments
      FROM message_queue m
     CROSS JOIN LATERAL (SELECT coalesce(m.message_data->>'message', m.message_data->>'text') AS text) words
     WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL
       AND m.priority = %(lane)s AND m.scheduled_for <= %(horizon)s
       AND m.reason IS DISTINCT FROM 'sequence_incomplete' AND m.is_reply IS NOT TRUE
       AND NOT EXISTS (
           SELECT FROM orchestrator.pauses_of(m.priority, m.agent_id, m.message_data->>'type', m.user_id, %(now)s)
       )
       AND NOT EXISTS (SELECT FROM orchestrator.open_parts_before(m.sequence_id, m.sequence_position))
     ORDER BY m.scheduled_for, m.created_at
     -- A constant for the planner. For a computed limit it expects a tenth of the table, and reads all of it.
     LIMIT %(limit)s
       FOR NO KEY UPDATE OF m SKIP LOCKED
), people AS MATERIALIZED (
    -- How many texts each person's limits leave; MATERIALIZED, because a nested loop would count again for each pair of a
    -- message and a person. The day is that of the westernmost people, or a later one: the guess need not be exact.
    SELECT c.user_id, u.last_active_at > %(active_after)s AS is_active,
           least(
               coalesce(limits.hourly_limit, %(hourly_limit)s) - (
                   SELECT count(*) FROM orchestrator.attempts a
                    WHERE a.user_id = c.user_id AND a.holds_slot AND a.started_at > %(now)s - interval '60 minutes'
               ),
               coalesce(limits.daily_limit, %(daily_limit)s) - coalesce(
                   (
                       SELECT max(b.messages_sent) FROM user_message_budget b
                        WHERE b.user_id = c.user_id AND b.date >= (%(now)s AT TIME ZONE 'America/Los_Angeles')::date
                   ),
                   0
               )
           ) - (
               -- Those on their way to the deliver function come first: approved ones, in words that leave the planner
               -- the index by person alone. In the index of leases, which statistics of before the tick show as empty, it
               -- would read all that was claimed so far, again for each person.
               SELECT count(*) FROM message_queue way
                WHERE way.user_id = c.user_id AND way.accepted_at IS NOT NULL
                  AND way.status IN ('queued', 'approved') AND way.status <> 'queued'
           ) AS texts_left
      FROM (SELECT DISTINCT user_id FROM candidates WHERE %(per_second)s::float IS NOT NULL) c
      JOIN users u ON u.id = c.user_id
      LEFT JOIN LATERAL orchestrator.limits_of(c.user_id, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
), agents AS MATERIALIZED (
    -- The same of groups of agents that have a limit (R13).
    SELECT c.agent_id, c.published_by, agents.key, agents.hourly_limit - (
               SELECT coalesce(sum(t.texts), 0) FROM orchestrator.agent_texts(agents.key, %(now)s) t
           ) AS texts_left
      FROM (SELECT DISTINCT agent_id, published_by FROM candidates WHERE %(per_second)s::float IS NOT NULL) c
     CROSS JOIN LATERAL orchestrator.agent_group(c.agent_id, c.published_by, %(agent_start_limit)s::int) agents
     WHERE agents.hourly_limit IS NOT NULL
), guesses AS (
    SELECT c.*,
           c.continues OR (
               (p.is_active IS TRUE OR p.texts_left >= row_number() OVER (
                   PARTITION BY c.user_id, c.continues ORDER BY c.scheduled_for, c.created_at
               ))
               AND (a.key IS NULL OR a.texts_left >= sum(c.parts) OVER (
                   PARTITION BY a.key, c.continues ORDER BY c.scheduled_for, c.created_at, c.id
               ))
           ) AS leaves
      FROM candidates c
      LEFT JOIN people p ON p.user_id = c.user_id
      LEFT JOIN agents a ON a.agent_id = c.agent_id AND a.published_by IS NOT DISTINCT FROM c.published_by
), places AS (
    SELECT g.*, sum(segments) OVER (PARTITION BY leaves ORDER BY scheduled_for, created_at, id) - segments AS segments_before
      FROM guesses g
), claim AS (
    SELECT places.id, places.scheduled_for, places.segments, places.leaves, pace_start.begins,
           pace_start.begins + places.segments_before / %(per_second)s::float * interval '1 second' AS place
      FROM places
      LEFT JOIN pace_start ON true
     WHERE %(per_second)s::float IS NULL OR leaves IS NOT TRUE
        OR segments_before + 1 <= extract(epoch FROM %(horizon)s - pace_start.begins) * %(per_second)s::float
     -- All of them. For a computed limit the planner expects few, and looks each message up by its id.
     LIMIT (SELECT %(limit)s::bigint)
), pace_update AS (
    UPDATE orchestrator.pace
       SET next_free = total.begins + total.segments / %(per_second)s::float * interval '1 second'
      FROM (SELECT begins, sum(segments) AS segments FROM claim WHERE leaves GROUP BY begins) AS total
     WHERE total.begins IS NOT NULL  -- a lane without a pace has none
)
UPDATE message_queue m
   SET status = 'approved', lease_until = %(lease_until)s
  FROM claim
 WHERE m.id = claim.id
RETURNING m.id AS message_id,
          CASE WHEN claim.leaves THEN greatest(m.scheduled_for, claim.place) ELSE m.scheduled_for END AS leaves_at,
          m.user_id
