-- adopt_messages.sql: take over the waiting messages of another sender; a sequence is taken over whole or not at all.
-- The agents of these messages are known: the start limit does not hold what an operator took over (R13). Their ids
-- become as they are compared, so that settings and pauses find them.
WITH complete_sequences AS (
    SELECT sequence_id
      FROM message_queue
     WHERE accepted_at IS NULL AND status = 'queued' AND sequence_id IS NOT NULL AND created_at >= %(oldest)s
     GROUP BY sequence_id
    HAVING count(*) = max(sequence_total) AND count(DISTINCT sequence_position) = max(sequence_total)
), adopted AS (
    UPDATE message_queue
       SET accepted_at = %(now)s, can_delay = true, not_before = scheduled_for, expires_at = %(expires_at)s,
           published_at = created_at, agent_id = lower(btrim(agent_id)),
           words_source = CASE WHEN btrim(final_message) <> '' THEN 'adopted' END
     WHERE accepted_at IS NULL AND status = 'queued' AND created_at >= %(oldest)s
       AND priority IN ('urgent', 'high', 'medium', 'low') AND scheduled_for < %(expires_at)s
       AND (sequence_id IS NULL OR sequence_id IN (SELECT sequence_id FROM complete_sequences))
    RETURNING id, agent_id
), known AS (
    INSERT INTO orchestrator.known_agents (agent_id)
    SELECT DISTINCT agent_id FROM adopted
        ON CONFLICT DO NOTHING
)
SELECT id FROM adopted
