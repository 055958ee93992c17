-- supersede.sql: what waits and has been replaced ends: by the newest of its topic, or by a message that names it (R9).
-- Parts of one sequence never supersede each other, an incomplete sequence supersedes nothing, and a sequence is
-- superseded whole.
WITH candidates AS (
    SELECT m.id, m.user_id, m.topic, coalesce(m.sequence_id, m.id) AS whole,
           max(m.published_at) OVER (PARTITION BY coalesce(m.sequence_id, m.id)) AS published_at,
           m.reason IS DISTINCT FROM 'sequence_incomplete' AS counts
      FROM message_queue m
      JOIN (SELECT DISTINCT * FROM unnest(%(user_id)s::uuid[], %(topic)s::text[]) AS t (user_id, topic)) touched
        ON touched.user_id = m.user_id AND touched.topic = m.topic
     WHERE m.accepted_at IS NOT NULL AND m.status IN ('queued', 'approved', 'sending', 'sent')
), newest AS (
    SELECT DISTINCT ON (user_id, topic) user_id, topic, id, whole, published_at
      FROM candidates
     WHERE counts
     ORDER BY user_id, topic, published_at DESC, id DESC
), named AS (
    -- Two index lookups rather than one condition with OR, which would read the whole table.
    SELECT r.id AS by, r.user_id, r.supersedes_message_id AS replaces, r.status, r.accepted_at
      FROM message_queue r
     WHERE r.id = ANY (%(message_ids)s::uuid[]) AND r.supersedes_message_id IS NOT NULL
     UNION
    SELECT r.id, r.user_id, r.supersedes_message_id, r.status, r.accepted_at
      FROM message_queue r
     WHERE r.supersedes_message_id = ANY (%(message_ids)s::uuid[])
), old AS (
    SELECT m.id, m.sequence_id, named.by
      FROM named
      JOIN message_queue m ON m.id = named.replaces AND m.user_id = named.user_id
     WHERE named.accepted_at IS NOT NULL AND named.status IN ('queued', 'approved', 'sending', 'sent')
), replaced AS (
    SELECT c.id, n.id AS by, 'newer_of_topic' AS why
      FROM candidates c
      JOIN newest n ON n.user_id = c.user_id AND n.topic = c.topic
     WHERE c.whole <> n.whole AND c.published_at <= n.published_at
     UNION ALL
    SELECT id, by, 'replaced' FROM old
     UNION ALL
    SELECT part.id, old.by, 'replaced'
      FROM old
      JOIN message_queue part
        ON part.sequence_id = old.sequence_id AND part.accepted_at IS NOT NULL AND part.id <> old.id
), superseded AS (
    UPDATE message_queue m
       SET status = 'superseded', reason = 'superseded', lease_until = NULL,
           superseded_by_message_id = replaced.by, superseded_reason = replaced.why
      FROM replaced
     WHERE m.id = replaced.id AND m.status IN ('queued', 'approved') AND m.accepted_at IS NOT NULL
    RETURNING m.id
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason)
SELECT id, %(now)s, 'superseded', 'superseded' FROM superseded
