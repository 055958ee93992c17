-- list_messages.sql: list a page of messages below an id, largest ids first, that pass every filter that is given. It reads
-- a bounded number of rows by the primary key, however many there are; the last of them is where the next page begins. Fewer
-- than that bound were the last ones.
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
       AND (%(sent_since)s::timestamptz IS NULL OR n.sent_at >= %(sent_since)s)
       AND (%(not_delivered)s::boolean IS NOT TRUE
            OR (n.status = 'sent'
                AND (SELECT a.undelivered_at FROM orchestrator.attempts a
                      WHERE a.message_id = n.id
                      ORDER BY a.started_at DESC
                      LIMIT 1) IS NOT NULL))
     ORDER BY n.id DESC
     LIMIT %(limit)s
)
-- People, and what became of a text, are looked up for the page alone.
SELECT (
           SELECT n.id FROM nearest n WHERE (SELECT count(*) FROM nearest) = %(most_read)s ORDER BY n.id LIMIT 1
       ) AS last_read, page.id AS message_id, page.accepted_at,
       coalesce(u.external_id, u.id::text) AS person, page.agent_id, page.priority AS lane, page.type, page.topic,
       page.status, page.reason, CASE WHEN page.status = 'queued' THEN page.scheduled_for END AS due, page.sent_at,
       newest_text.delivery
  FROM (SELECT) AS always
  LEFT JOIN page ON true
  LEFT JOIN users u ON u.id = page.user_id
  LEFT JOIN LATERAL (
        SELECT CASE WHEN a.undelivered_at IS NOT NULL
                    THEN concat_ws(', code ', 'not delivered', a.undelivered_code::text)
                    WHEN text.status = 'delivered' THEN 'delivered'
               END AS delivery
          FROM orchestrator.attempts a
          LEFT JOIN messages text ON text.id IN (a.id, a.message_id) AND text.direction = 'outbound'
         WHERE a.message_id = page.id
         ORDER BY a.started_at DESC
         LIMIT 1
       ) newest_text ON page.status = 'sent'
 ORDER BY page.id DESC
