-- list_unread_texts.sql: list the unread texts of a person, or of everyone, oldest first (R11).
SELECT r.inbound_id, r.user_id, r.phone_number, r.received_at, m.content
  FROM orchestrator.readings r
  JOIN messages m ON m.id = r.inbound_id
 WHERE r.kind = 'unjudged' AND (%(user_id)s::uuid IS NULL OR r.user_id = %(user_id)s)
 ORDER BY r.received_at, r.inbound_id
 LIMIT %(limit)s
