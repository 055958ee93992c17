-- read_hourly_texts.sql: count the texts that Twilio accepted, and those of them that were delivered, by UTC hour and lane.
-- Attempts are found by the time in their ids.
SELECT date_trunc('hour', a.started_at, 'UTC') AS hour, coalesce(q.priority, 'unknown') AS lane, count(*) AS sent,
       count(m.delivered_at) AS delivered
  FROM orchestrator.attempts a
  LEFT JOIN message_queue q ON q.id = a.message_id
  LEFT JOIN messages m ON m.id = a.id
 WHERE a.id >= %(first_id)s AND a.outcome = 'accepted'
 GROUP BY 1, 2
 ORDER BY 1, 2
