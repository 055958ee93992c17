-- count_agent_messages.sql: add a batch to the counts of its agents' groups (R13), in their order so that two batches
-- never end in a deadlock. The first batch of ten minutes makes their row. A batch that finds the row locked by another
-- one does not wait: it counts in a row of its connection, whose span begins up to 59 seconds later.
WITH counts AS (
    SELECT agents.key, date_bin('10 minutes', %(now)s, '2000-01-01') AS span, count(*) AS accepted
      FROM message_queue m
     CROSS JOIN LATERAL orchestrator.agent_group(m.agent_id, m.published_by, NULL) agents
     WHERE m.id = ANY (%(message_ids)s::uuid[]) AND m.accepted_at = %(now)s
     GROUP BY agents.key
), in_order AS (
    -- To make a row may be to wait for another batch that makes it, too. Until then no row of a later group is locked.
    SELECT c.*,
           bool_and(EXISTS (
               SELECT FROM orchestrator.agent_rates known WHERE known.agent_id = c.key AND known.span = c.span
           )) OVER (ORDER BY c.key) AS all_known_so_far
      FROM counts c
), free AS MATERIALIZED (
    SELECT r.agent_id
      FROM orchestrator.agent_rates r
      JOIN in_order c ON c.key = r.agent_id AND c.span = r.span
     WHERE c.all_known_so_far
       FOR NO KEY UPDATE OF r SKIP LOCKED
)
INSERT INTO orchestrator.agent_rates AS r (agent_id, span, accepted)
SELECT c.key,
       CASE WHEN c.all_known_so_far AND NOT EXISTS (SELECT FROM free WHERE free.agent_id = c.key)
            THEN c.span + make_interval(secs => 1 + pg_backend_pid() %% 59)
            ELSE c.span
       END,
       c.accepted
  FROM in_order c
 ORDER BY c.key
    ON CONFLICT (agent_id, span) DO UPDATE SET accepted = r.accepted + excluded.accepted
