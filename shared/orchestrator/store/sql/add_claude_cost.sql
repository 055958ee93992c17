-- add_claude_cost.sql: add what calls to Claude cost to the UTC day's spending.
INSERT INTO orchestrator.spending AS s (day, cost_usd)
SELECT (%(now)s AT TIME ZONE 'UTC')::date, sum(cost) FROM unnest(%(cost_usd)s::numeric[]) AS c (cost)
HAVING sum(cost) > 0
    ON CONFLICT (day) DO UPDATE SET cost_usd = s.cost_usd + excluded.cost_usd
