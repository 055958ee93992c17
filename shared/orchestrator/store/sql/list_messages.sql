-- list_messages.sql: list a page of messages below an id, largest ids first, that pass every filter that is given. It reads
-- a bounded number of rows by the primary key, however many there are; the last of them is where the next page begins.
WITH nearest AS MATERIALIZED (
    SELECT m.id, m.user_id, m.agent_id, m.priority, m.message_data->>'type' AS type, m.topic, m.status, m.reason,
           m.accepted_at, m.scheduled_for, m.sent_at
      FROM message_queue m
     WHERE m.id < %(before)s AND m.accepted_at IS NOT NULL
     ORDER BY m.id DESC
     LIMIT %(most_read)s
), page AS (
    SELECT n.*
      FROM nearest n
     WHERE (%(user_id)s::uuid IS NULL OR n.user_id = %(user_id)s)
       AND (%(agent)s::text IS NULL OR starts_with(lower(n.agent_id), %(agent)s))
       AND (%(lane)s::text IS NULL OR n.priority = %(lane)s)
       AND (%(topic)s::text IS NULL OR n.topic = %(topic)s)
       AND (%(statuses)s::text[] IS NULL OR n.status = ANY (%(statuses)s))
       AND (%(reason)s::text IS NULL OR n.reason = %(reason)s)
       AND (%(since)s::timestamptz IS NULL OR n.accepted_at >= %(since)s)
       AND (%(until)s::timestamptz IS NULL OR n.accepted_at < %(until)s)
     ORDER BY n.id DESC
     LIMIT %(limit)s
)
-- People are looked up for the page alone.
SELECT (SELECT id FROM nearest ORDER BY id LIMIT 1) AS last_read, page.id AS message_id, page.accepted_at,
       coalesce(u.external_id, u.id::text) AS person, page.agent_id, page.priority AS lane, page.type, page.topic,
       page.status, page.reason, CASE WHEN page.status = 'queued' THEN page.scheduled_for END AS due, page.sent_at
  FROM (SELECT) AS always
  LEFT JOIN page ON true
  LEFT JOIN users u ON u.id = page.user_id
 ORDER BY page.id DESC
