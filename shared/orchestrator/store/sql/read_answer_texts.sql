-- read_answer_texts.sql: read the next attempts in the order of their ids, and of them the texts from which `learn` learns
-- (R7): their hour was chosen, and they left within a quarter of an hour of it, neither because their person was active
-- nor after a limit had held them. Returns each with its answer, the STOP that followed it, and what is known of its
-- person; where there is none, one row that has the last id alone. People of whom nothing is learned are left out.
WITH attempts AS MATERIALIZED (
    SELECT id, message_id, user_id, started_at, zone, phone_number,
           outcome = 'accepted' AND undelivered_at IS NULL AND active_since IS NULL AND coalesce(part, 1) = 1 AS may_count
      FROM orchestrator.attempts
     WHERE id > %(after)s::uuid AND id < %(before)s::uuid
     ORDER BY id
     LIMIT %(limit)s::int
), counted AS MATERIALIZED (
    SELECT a.*, m.best_kind, m.type, m.asks, m.sequence_id
      FROM attempts a
     CROSS JOIN LATERAL (
            SELECT q.best_at, q.best_kind, q.message_data->>'type' AS type, q.sequence_id,
                   coalesce(q.expects_reply, false) AS asks
              FROM message_queue q
             WHERE q.id = a.message_id
             LIMIT 1  -- by its id, however many texts the planner expects
           ) m
     WHERE a.may_count AND m.best_kind IS NOT NULL
       AND a.started_at >= m.best_at AND a.started_at <= m.best_at + %(leaves_within)s::interval
), stops AS MATERIALIZED (
    -- A STOP that is repeated moves the time of its opt-out: the first one counts. Of these people alone, because a first
    -- night begins weeks ago.
    SELECT o.user_id, least(o.opted_out_at, o.stored_at) AS at
      FROM orchestrator.opt_outs o
     WHERE o.opted_out_at > (SELECT min(started_at) FROM counted) AND o.source = ANY (%(stop_sources)s::text[])
       AND o.user_id IN (SELECT user_id FROM counted)
), found AS (
    SELECT c.id, c.user_id, c.started_at, c.zone, c.phone_number, c.best_kind, c.type, c.asks, answer.at AS answered_at,
           EXISTS (
               -- A STOP is charged to the last text before it.
               SELECT FROM stops s
                CROSS JOIN LATERAL orchestrator.last_text_to(c.user_id, s.at) last
                WHERE s.user_id = c.user_id AND s.at > c.started_at
                  AND s.at <= c.started_at + %(answers_within)s::interval
                  AND last.message_id IN (SELECT id FROM orchestrator.parts_of(c.message_id, c.sequence_id))
           ) AS stopped,
           h.hours, h.texts, h.answers, h.as_of, coalesce(h.all_texts, 0) AS all_texts,
           coalesce(h.all_answers, 0) AS all_answers, coalesce(h.all_stops, 0) AS all_stops, h.week,
           coalesce(h.week_texts, 0) AS week_texts, coalesce(h.week_answers, 0) AS week_answers,
           coalesce(h.week_stops, 0) AS week_stops
      FROM counted c
      JOIN users u ON u.id = c.user_id AND u.phone_number NOT LIKE 'forgotten-%%'
      LEFT JOIN orchestrator.answer_hours h ON h.user_id = c.user_id
      CROSS JOIN LATERAL (
            SELECT min(m.created_at) AS at
              FROM messages m
              JOIN orchestrator.readings r ON r.inbound_id = m.id
             WHERE m.user_id = c.user_id AND m.direction = 'inbound'
               AND m.created_at > c.started_at AND m.created_at <= c.started_at + %(answers_within)s::interval
               AND r.kind = 'conversation'
               AND r.in_reply_to IN (SELECT id FROM orchestrator.parts_of(c.message_id, c.sequence_id))
           ) answer
     WHERE h.off_since IS NULL
       -- Learning began again: what left before that, while it was off, teaches nothing.
       AND NOT coalesce(h.hours = '{}' AND c.started_at < h.as_of, false)
)
SELECT (SELECT id FROM attempts ORDER BY id DESC LIMIT 1) AS last_id, f.*
  FROM (SELECT) AS always
  LEFT JOIN found f ON true
 ORDER BY f.id
