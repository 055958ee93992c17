-- adopt_messages.sql: take over the waiting messages of another sender; a sequence is taken over whole or not at all.
-- Returns each group of rows that wait, with its size and some examples: those taken over that are due or planned, and
-- those left as they are, by cause. A row that has ended under the other sender is no message that waits.
-- `accepted_at` is when the row was written: what its person wrote or asked since then counts for it (R10, R11).
-- The agents of these messages are known: the start limit does not hold what an operator took over (R13). Their ids
-- become as they are compared, so that settings and pauses find them.
WITH waiting AS (
    SELECT m.id, m.user_id, m.agent_id, m.scheduled_for, m.sequence_id, m.sequence_position, m.sequence_total,
           CASE WHEN m.status IN ('approved', 'processing', 'sending') OR m.sent_at IS NOT NULL
                     OR m.delivered_message_id IS NOT NULL THEN 'may have been sent'
                WHEN m.status IS DISTINCT FROM 'queued' THEN 'unknown state ' || coalesce(left(m.status, 30), 'null')
                WHEN m.scheduled_for < %(oldest)s THEN 'too old'
                WHEN lower(btrim(m.priority)) <> ALL (%(lanes)s::text[]) THEN 'unknown priority'
           END AS obstacle
      FROM message_queue m
     WHERE m.accepted_at IS NULL
       AND coalesce(m.status, '') NOT IN ('sent', 'delivered', 'superseded', 'cancelled', 'canceled', 'failed', 'expired')
), complete_sequences AS (
    SELECT sequence_id
      FROM waiting
     WHERE sequence_id IS NOT NULL AND obstacle IS NULL
     GROUP BY sequence_id
    HAVING count(*) = max(sequence_total) AND count(DISTINCT sequence_position) = max(sequence_total)
), judged AS (
    SELECT w.*,
           CASE WHEN w.obstacle IS NULL AND w.sequence_id IS NOT NULL
                     AND w.sequence_id NOT IN (SELECT sequence_id FROM complete_sequences)
                THEN 'part of an incomplete sequence' ELSE w.obstacle
           END AS left_because
      FROM waiting w
), adopted AS (
    UPDATE message_queue m
       SET accepted_at = least(coalesce(m.created_at, %(now)s), %(now)s), can_delay = true,
           agent_id = lower(btrim(m.agent_id)), priority = coalesce(lower(btrim(m.priority)), 'medium'),
           not_before = m.scheduled_for,
           expires_at = greatest(m.scheduled_for, %(now)s) + %(lifetime)s::interval,
           published_at = least(coalesce(m.created_at, %(now)s), %(now)s),
           words_source = CASE WHEN btrim(m.final_message) <> '' THEN 'adopted' END
      FROM judged
     WHERE m.id = judged.id AND judged.left_because IS NULL
       AND m.accepted_at IS NULL AND m.status = 'queued'  -- the other sender may have taken it meanwhile
    RETURNING m.id, m.agent_id
), known AS (
    INSERT INTO orchestrator.known_agents (agent_id)
    SELECT DISTINCT agent_id FROM adopted
        ON CONFLICT DO NOTHING
), groups AS (
    SELECT judged.*, adopted.id IS NOT NULL AS is_adopted,
           CASE WHEN adopted.id IS NULL THEN coalesce(judged.left_because, 'taken by the other sender meanwhile')
                WHEN judged.scheduled_for > %(now)s THEN 'planned'
                ELSE 'due'
           END AS kind
      FROM judged
      LEFT JOIN adopted ON adopted.id = judged.id
)
SELECT kind, is_adopted, count(*) AS messages,
       (array_agg(id ORDER BY scheduled_for, id))[:%(quoted)s] AS message_ids
  FROM groups
 GROUP BY kind, is_adopted
 ORDER BY kind
