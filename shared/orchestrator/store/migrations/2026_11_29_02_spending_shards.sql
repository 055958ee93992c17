-- What a day costs, in as many rows as connections wrote it: no two transactions of one moment write the same row, so
-- that no wave waits for another's. `spending` keeps the days before, and what the former code still writes.
CREATE TABLE orchestrator.spending_shards (
    day date NOT NULL,                    -- UTC
    shard int NOT NULL,                   -- the process of Postgres that serves the connection
    cost_usd numeric(12, 6) NOT NULL DEFAULT 0,
    texts int NOT NULL DEFAULT 0,
    segments bigint NOT NULL DEFAULT 0,
    twilio_usd numeric(12, 6) NOT NULL DEFAULT 0,
    PRIMARY KEY (day, shard)
) WITH (fillfactor = 50);

CREATE FUNCTION orchestrator.daily_spending()
RETURNS TABLE (day date, cost_usd numeric, texts bigint, segments bigint, twilio_usd numeric) AS $$
    SELECT day, sum(cost_usd) AS cost_usd, sum(texts) AS texts, sum(segments)::bigint AS segments,
           sum(twilio_usd) AS twilio_usd
      FROM (
            SELECT day, cost_usd, texts, segments, twilio_usd FROM orchestrator.spending_shards
             UNION ALL
            SELECT day, cost_usd, texts, segments, twilio_usd FROM orchestrator.spending
           ) rows
     GROUP BY day
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.daily_spending() FROM PUBLIC;

-- Above a second ceiling of the day everything stops: the scope `spending` with the value `urgent`.
CREATE OR REPLACE FUNCTION orchestrator.pauses_of(lane text, agent text, person uuid, at timestamptz)
RETURNS TABLE (scope text, value text) AS $$
    SELECT p.scope, p.value
      FROM orchestrator.pauses p
     WHERE (p.ends_at IS NULL OR p.ends_at > at)
       AND CASE p.scope
           WHEN 'everything' THEN true
           WHEN 'provider' THEN true
           WHEN 'lane' THEN p.value = lane
           WHEN 'busy' THEN p.value = lane
           WHEN 'spending' THEN lane <> 'urgent' OR p.value = 'urgent'
           WHEN 'agent' THEN starts_with(lower(agent), lower(p.value))
           WHEN 'brake' THEN lower(p.value) = lower(agent)
           WHEN 'user' THEN p.value = person::text
           END
$$ LANGUAGE sql STABLE;
