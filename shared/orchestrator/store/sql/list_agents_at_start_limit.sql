-- list_agents_at_start_limit.sql: list agents without settings whose messages wait for the start limit of their
-- publisher (R13), most messages first. Of very many waiting messages it looks at some.
SELECT waiting.agent_id, coalesce(waiting.published_by, '') AS publisher, count(*) AS messages
  FROM (
        SELECT m.agent_id, m.published_by
          FROM message_queue m
         WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL AND m.reason = 'agent_limit'
         LIMIT %(most)s
       ) waiting
 CROSS JOIN LATERAL orchestrator.agent_group(waiting.agent_id, waiting.published_by, NULL) agents
 WHERE starts_with(agents.key, 'publisher ')
 GROUP BY 1, 2
 ORDER BY 3 DESC, 1, 2
 LIMIT %(limit)s
