-- count_agent_messages.sql: add a batch to the counts of its agents' groups (R13), in their order so that two batches
-- never wait for each other.
INSERT INTO orchestrator.agent_rates AS r (agent_id, span, accepted)
SELECT agents.key, date_bin('10 minutes', %(now)s, '2000-01-01'), count(*)
  FROM message_queue m
 CROSS JOIN LATERAL orchestrator.agent_group(m.agent_id, m.published_by, NULL) agents
 WHERE m.id = ANY (%(message_ids)s::uuid[]) AND m.accepted_at = %(now)s
 GROUP BY agents.key
 ORDER BY agents.key
    ON CONFLICT (agent_id, span) DO UPDATE SET accepted = r.accepted + excluded.accepted
