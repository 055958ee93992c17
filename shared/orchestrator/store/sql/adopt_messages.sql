-- adopt_messages.sql: take over the waiting messages of another sender; a sequence is taken over whole or not at all (R8).
-- Returns each group of rows that wait, with its size and some examples: those taken over that are due or planned, and
-- those left as they are, by cause. A row that has ended under the other sender is no message that waits.
-- `accepted_at` is when the row was written: what its person wrote or asked since then counts for it (R10, R11).
-- Words that speak of a day end with it (R9): `ends_at` of a message names that end.
-- The agents of these messages are known: the start limit does not hold what an operator took over (R13). Their ids
-- become as they are compared, so that settings and pauses find them.
WITH waiting AS (
    SELECT m.id, m.user_id, m.scheduled_for, m.sequence_id, m.sequence_position, m.sequence_total,
           coalesce(lower(btrim(m.priority)), 'medium') AS lane, spoken.ends_at,
           CASE WHEN m.status IN ('approved', 'processing', 'sending') OR m.sent_at IS NOT NULL
                     OR m.delivered_message_id IS NOT NULL THEN 'may have been sent'
                WHEN m.status IS DISTINCT FROM 'queued' THEN 'unknown state ' || coalesce(left(m.status, 30), 'null')
                WHEN m.scheduled_for < %(oldest)s THEN 'too old'
                -- The former sender ended before it marked the row (R14).
                WHEN EXISTS (
                    SELECT FROM messages sent
                     WHERE sent.user_id = m.user_id AND sent.direction = 'outbound'
                       AND sent.status IS DISTINCT FROM 'failed'
                       AND coalesce(sent.sent_at, sent.created_at) >= m.scheduled_for
                       AND btrim(sent.content) = btrim(coalesce(
                               nullif(btrim(m.final_message), ''), m.message_data->>'message', m.message_data->>'text',
                               m.message_data->>'content'
                           ))
                ) THEN 'same words went since'
                WHEN lower(btrim(m.priority)) <> ALL (%(lanes)s::text[]) THEN 'unknown priority'
                WHEN jsonb_typeof(m.message_data) <> 'object' THEN 'data that is no object'
                -- What no clock of ours can hold would fail the batch of its neighbours.
                WHEN m.scheduled_for > '9000-01-01' OR m.created_at NOT BETWEEN '1900-01-01' AND '9000-01-01'
                THEN 'impossible time'
                WHEN spoken.ends_at <= %(now)s THEN 'speaks of a day that is over'
                -- What our queue and reply rows refuse, too (R13).
                WHEN m.agent_id ~ '[^\u0020-\u007e]' OR btrim(m.agent_id) = '' THEN 'agent id that is no id'
                WHEN agent.publishers IS NOT NULL THEN 'agent that is bound to publishers'
                WHEN NOT agent.may_use_urgent AND lower(btrim(m.priority)) = 'urgent'
                THEN 'agent that may not use urgent'
           END AS obstacle
      FROM message_queue m
      LEFT JOIN unnest(%(message_id)s::uuid[], %(ends_at)s::timestamptz[]) AS spoken (id, ends_at) ON spoken.id = m.id
      LEFT JOIN LATERAL (
            SELECT a.publishers, a.may_use_urgent FROM orchestrator.agents a
             WHERE starts_with(lower(btrim(m.agent_id)), a.prefix)
             ORDER BY length(a.prefix) DESC
             LIMIT 1
           ) agent ON true
     WHERE coalesce(m.status, '') NOT IN ('sent', 'delivered', 'superseded', 'cancelled', 'canceled', 'failed', 'expired')
       -- One of ours is looked at where another sender took it after a way back.
       AND (m.accepted_at IS NULL OR coalesce(m.status, '') NOT IN ('queued', 'approved', 'sending'))
), sequences AS (
    -- The parts go together, when the last of them is due.
    SELECT sequence_id, max(scheduled_for) AS due,
           count(*) = max(sequence_total) AND count(DISTINCT sequence_position) = max(sequence_total) AS is_complete,
           min(sequence_position) = 1 AND max(sequence_position) = count(*) AND min(sequence_total) = count(*)
               AND count(*) <= %(most_parts)s AND count(DISTINCT user_id) = 1 AND count(DISTINCT lane) = 1
               AND NOT EXISTS (
                   SELECT FROM message_queue ours
                    WHERE ours.sequence_id = w.sequence_id AND ours.accepted_at IS NOT NULL
               ) AS is_regular
      FROM waiting w
     WHERE obstacle IS NULL
     GROUP BY sequence_id
), judged AS (
    SELECT w.id, w.lane, w.ends_at, coalesce(s.due, w.scheduled_for) AS due,
           CASE WHEN w.obstacle IS NOT NULL OR w.sequence_id IS NULL THEN w.obstacle
                WHEN s.is_complete IS NOT TRUE THEN 'part of an incomplete sequence'
                WHEN s.is_regular IS NOT TRUE THEN 'part of an irregular sequence'
           END AS left_because
      FROM waiting w
      LEFT JOIN sequences s ON s.sequence_id = w.sequence_id
), adopted AS (
    UPDATE message_queue m
       SET accepted_at = least(m.created_at, %(now)s), can_delay = true,
           agent_id = lower(btrim(m.agent_id)), priority = judged.lane, scheduled_for = judged.due,
           not_before = judged.due, expires_at = least(greatest(judged.due, %(now)s) + %(lifetime)s::interval, judged.ends_at),
           published_at = least(m.created_at, %(now)s),
           words_source = CASE WHEN btrim(m.final_message) <> '' THEN 'adopted' END
      FROM judged
     WHERE m.id = judged.id AND judged.left_because IS NULL
       AND m.accepted_at IS NULL AND m.status = 'queued'  -- another adoption or sender may have taken it
    RETURNING m.id, m.agent_id
), known AS (
    INSERT INTO orchestrator.known_agents (agent_id)
    SELECT DISTINCT agent_id FROM adopted
        ON CONFLICT DO NOTHING
), groups AS (
    SELECT judged.*, adopted.id IS NOT NULL AS is_adopted,
           CASE WHEN adopted.id IS NULL THEN coalesce(judged.left_because, 'taken meanwhile')
                WHEN judged.due > %(now)s THEN 'planned'
                ELSE 'due'
           END AS kind
      FROM judged
      LEFT JOIN adopted ON adopted.id = judged.id
)
SELECT kind, is_adopted, count(*) AS messages,
       (array_agg(id ORDER BY due, id))[:%(quoted)s] AS message_ids
  FROM groups
 GROUP BY kind, is_adopted
 ORDER BY kind
