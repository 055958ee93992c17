-- read_agent_groups.sql: return the group of each agent and publisher (R13), with its limit, how many messages it had
-- accepted in the last 60 minutes, and how many in an average hour of the last seven days, counting only hours in which
-- it published.
SELECT batch.agent_id, batch.publisher, agents.key, agents.hourly_limit, rate.this_hour, rate.usual_hour
  FROM unnest(%(agent_ids)s::text[], %(publishers)s::text[]) AS batch (agent_id, publisher)
 CROSS JOIN LATERAL orchestrator.agent_group(batch.agent_id, batch.publisher, %(start_limit)s::int) agents
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.accepted) FILTER (WHERE r.span > %(now)s - interval '60 minutes'), 0) AS this_hour,
               coalesce(
                   sum(r.accepted) FILTER (WHERE r.span <= %(now)s - interval '60 minutes')::float
                   / nullif(
                       count(DISTINCT date_trunc('hour', r.span)) FILTER (WHERE r.span <= %(now)s - interval '60 minutes'), 0
                   ),
                   0
               ) AS usual_hour
          FROM orchestrator.agent_rates r
         WHERE r.agent_id = agents.key AND r.span > %(now)s - interval '7 days'
       ) rate
