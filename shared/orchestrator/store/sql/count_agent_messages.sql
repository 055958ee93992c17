-- count_agent_messages.sql: add a batch to its agents' counts, in the order of agent ids so that two batches never wait
-- for each other.
INSERT INTO orchestrator.agent_rates AS r (agent_id, span, accepted)
SELECT agent_id, date_bin('10 minutes', %(now)s, '2000-01-01'), count(*)
  FROM message_queue
 WHERE id = ANY (%(message_ids)s::uuid[]) AND accepted_at = %(now)s
 GROUP BY agent_id
 ORDER BY agent_id
    ON CONFLICT (agent_id, span) DO UPDATE SET accepted = r.accepted + excluded.accepted
