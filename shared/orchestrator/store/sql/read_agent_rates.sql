-- read_agent_rates.sql: return how many messages each agent had accepted in the last 60 minutes, and how many in an
-- average hour of the last seven days, counting only hours in which it published.
SELECT agent_id,
       coalesce(sum(accepted) FILTER (WHERE span > %(now)s - interval '60 minutes'), 0) AS this_hour,
       coalesce(
           sum(accepted) FILTER (WHERE span <= %(now)s - interval '60 minutes')::float
           / nullif(count(DISTINCT date_trunc('hour', span)) FILTER (WHERE span <= %(now)s - interval '60 minutes'), 0),
           0
       ) AS usual_hour
  FROM orchestrator.agent_rates
 WHERE agent_id = ANY (%(agent_ids)s::text[]) AND span > %(now)s - interval '7 days'
 GROUP BY agent_id
