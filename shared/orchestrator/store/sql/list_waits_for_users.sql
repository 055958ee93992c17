-- list_waits_for_users.sql: list messages that wait for their user now, the one that is rejected next first.
SELECT w.message_id, w.agent_id, w.until
  FROM orchestrator.waits_for_users w
 WHERE w.until > %(now)s
   AND NOT EXISTS (SELECT FROM message_queue m WHERE m.id = w.message_id)
 ORDER BY w.until, w.message_id
 LIMIT %(limit)s
