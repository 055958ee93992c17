-- supersede_messages.sql: end the waiting messages that another message supersedes: a newer one of their topic, or one
-- that names them (R9). A sequence is superseded whole. `related_ids` are the messages of the batch that name another
-- message or a sequence.
WITH targets AS (
    -- Those of the topics in this batch.
    SELECT m.id
      FROM message_queue m
      JOIN unnest(%(user_id)s::uuid[], %(topic)s::text[]) AS topics (user_id, topic)
        ON topics.user_id = m.user_id AND topics.topic = m.topic
     WHERE m.accepted_at IS NOT NULL AND m.status IN ('queued', 'approved')  -- the index of what waits
     UNION
    -- Those that a message of this batch names. Each branch is an index lookup; one condition with OR would read the
    -- whole table.
    SELECT r.supersedes_message_id FROM message_queue r WHERE r.id = ANY (%(related_ids)s::uuid[])
     UNION
    -- Those that an earlier part names, of a sequence that this batch may have completed.
    SELECT earlier.supersedes_message_id
      FROM message_queue r
      JOIN message_queue earlier ON earlier.sequence_id = r.sequence_id AND earlier.accepted_at IS NOT NULL
     WHERE r.id = ANY (%(related_ids)s::uuid[])
     UNION
    -- Those of this batch that were named before they came.
    SELECT r.supersedes_message_id FROM message_queue r WHERE r.supersedes_message_id = ANY (%(message_ids)s::uuid[])
), replacements AS (
    SELECT m.id, m.sequence_id, newest.id AS by, newest.why
      FROM targets
      JOIN message_queue m ON m.id = targets.id AND m.accepted_at IS NOT NULL
     CROSS JOIN LATERAL (
            SELECT s.id, s.why
              FROM orchestrator.superseders(m.id, m.user_id, m.topic, m.published_at, m.sequence_id) s
             ORDER BY s.published_at DESC, s.id DESC
             LIMIT 1
           ) newest
), whole_sequences AS (
    SELECT id, by, why FROM replacements
     UNION
    SELECT part.id, r.by, r.why
      FROM replacements r
      JOIN message_queue part ON part.sequence_id = r.sequence_id AND part.accepted_at IS NOT NULL
), ends AS (
    UPDATE message_queue m
       SET status = 'superseded', reason = 'superseded', lease_until = NULL,
           superseded_by_message_id = whole_sequences.by,
           superseded_reason = orchestrator.superseded_words(whole_sequences.why, m.id)
      FROM whole_sequences
     WHERE m.id = whole_sequences.id AND m.status IN ('queued', 'approved')
    RETURNING m.id
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason)
SELECT id, %(now)s, 'superseded', 'superseded' FROM ends
