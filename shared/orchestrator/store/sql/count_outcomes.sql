-- count_outcomes.sql: return what texts brought, by agent and message type (R13): how many a STOP followed, and how many
-- a carrier filtered. Agents and types with too few texts come together, as null. The newest texts since a time are
-- read, by the time in their ids. Those of agents and types that are paused by outcome, or went before an operator ended
-- such a pause, do not count.
WITH sent AS MATERIALIZED (
    SELECT a.id, a.user_id, a.phone_number, a.started_at, m.agent_id, m.type,
           coalesce(a.part, 1) = 1 AS is_first,
           a.undelivered_code = ANY (%(filter_codes)s::int[]) AS is_filtered
      FROM (
            SELECT * FROM orchestrator.attempts
             WHERE id >= %(first_id)s::uuid AND outcome IN ('accepted', 'unknown')
             ORDER BY id DESC
             LIMIT %(limit)s::int
           ) a
     CROSS JOIN LATERAL (
            SELECT q.agent_id, q.published_by, q.message_data->>'type' AS type
              FROM message_queue q
             WHERE q.id = a.message_id
             LIMIT 1  -- by its id, however many texts the planner expects
           ) m
     -- Not our own answers to STOP and HELP.
     WHERE NOT (m.published_by IS NULL AND m.agent_id = 'system' AND m.type IN ('opt_out_confirmation', 'help_answer'))
), agents AS (
    SELECT sent.agent_id, agents.key
      FROM (SELECT DISTINCT agent_id FROM sent) sent
     CROSS JOIN LATERAL orchestrator.outcome_group(sent.agent_id) agents
), stops AS (
    -- A STOP is charged to the last text before it.
    SELECT DISTINCT id
      FROM (
            SELECT DISTINCT ON (o.id) sent.id
              FROM orchestrator.opt_outs o
             -- A STOP that is repeated moves the time of its opt-out: the first one is charged.
             CROSS JOIN LATERAL (SELECT least(o.opted_out_at, o.stored_at) AS at) first
              JOIN sent ON sent.user_id = o.user_id AND sent.phone_number = o.phone_number
                       AND sent.started_at <= first.at AND sent.started_at > first.at - %(stop_within)s::interval
             WHERE o.opted_out_at > %(since)s::timestamptz AND o.source = ANY (%(stop_sources)s::text[])
             ORDER BY o.id, sent.started_at DESC, sent.id DESC
           ) charged
), counts AS (
    SELECT agents.key AS agent, sent.type, count(*) FILTER (WHERE sent.is_first) AS texts, count(stops.id) AS stops,
           count(*) FILTER (WHERE sent.is_first AND sent.is_filtered) AS filtered
      FROM sent
      JOIN agents ON agents.agent_id = sent.agent_id
      LEFT JOIN stops ON stops.id = sent.id
     WHERE NOT EXISTS (
           SELECT FROM orchestrator.pauses p
            WHERE (p.ends_at IS NULL OR p.ends_at >= sent.started_at)
              AND (p.scope = 'agent_outcomes' AND p.value IN (agents.key, lower(sent.agent_id))
                   OR p.scope = 'type_outcomes' AND p.value = sent.type)
       )
     GROUP BY 1, 2
)
SELECT agent, type, sum(texts)::int AS texts, sum(stops)::int AS stops, sum(filtered)::int AS filtered
  FROM (
        SELECT CASE WHEN sum(texts) OVER (PARTITION BY agent) >= %(least)s::int THEN agent END AS agent,
               CASE WHEN sum(texts) OVER (PARTITION BY type) >= %(least)s::int THEN type END AS type,
               texts, stops, filtered
          FROM counts
       ) known
 GROUP BY 1, 2
