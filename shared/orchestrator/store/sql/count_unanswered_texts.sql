-- count_unanswered_texts.sql: count what an agent published for a person and the person has not answered: texts that went
-- today, and all, with those that wait and may go at any time. A sequence counts once, a reply never (R12).
WITH answer AS (
    SELECT max(t.created_at) AS at
      FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
     WHERE t.user_id = %(user_id)s
), unanswered AS (
    SELECT m.agent_id, coalesce(m.sequence_id, m.id) AS id, m.is_reply, true AS is_sent
      FROM answer
     CROSS JOIN LATERAL orchestrator.texts_to(%(user_id)s, greatest(answer.at, %(day_began_at)s::timestamptz)) t
      JOIN message_queue m ON m.id = t.message_id
     UNION ALL
    SELECT m.agent_id, coalesce(m.sequence_id, m.id), m.is_reply, false
      FROM message_queue m
     WHERE m.user_id = %(user_id)s AND m.accepted_at IS NOT NULL AND m.status IN ('queued', 'approved')
       AND (m.not_before IS NULL OR m.not_before <= %(now)s)
)
SELECT count(DISTINCT id) FILTER (WHERE is_sent) AS sent, count(DISTINCT id) AS published
  FROM unanswered
 WHERE agent_id = %(agent_id)s AND is_reply IS NOT TRUE
