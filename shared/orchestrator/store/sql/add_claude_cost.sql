-- add_claude_cost.sql: add what calls to Claude cost to the UTC day's spending, in the row of this connection.
INSERT INTO orchestrator.spending_shards AS s (day, shard, cost_usd)
SELECT (%(now)s AT TIME ZONE 'UTC')::date, pg_backend_pid(), sum(cost)
  FROM unnest(%(cost_usd)s::numeric[]) AS c (cost)
HAVING sum(cost) > 0
    ON CONFLICT (day, shard) DO UPDATE SET cost_usd = s.cost_usd + excluded.cost_usd
