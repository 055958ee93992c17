-- count_waiting_of_agents.sql: count the waiting messages that are due first by agent, publisher and reason. It reads a
-- bounded number of them, however many wait.
SELECT first.agent_id, coalesce(first.published_by, '') AS publisher, coalesce(first.reason, 'due') AS reason,
       count(*) AS messages
  FROM (
        SELECT m.agent_id, m.published_by, m.reason
          FROM message_queue m
         WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL
         ORDER BY m.priority, m.scheduled_for, m.created_at
         LIMIT %(most)s
       ) first
 GROUP BY 1, 2, 3
