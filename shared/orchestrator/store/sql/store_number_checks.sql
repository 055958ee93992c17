-- store_number_checks.sql: store Twilio's answers about numbers (R15), and add what they cost to the UTC day's spending,
-- in the row of this connection.
WITH checks AS (
    UPDATE orchestrator.number_checks c
       SET answer = a.answer, asked_at = %(now)s
      FROM unnest(%(id)s::uuid[], %(answer)s::text[]) AS a (id, answer)
     WHERE c.id = a.id
    RETURNING c.id
)
INSERT INTO orchestrator.spending_shards AS s (day, shard, twilio_usd)
SELECT (%(now)s AT TIME ZONE 'UTC')::date, pg_backend_pid(), count(*) * %(price_usd)s::numeric
  FROM checks
    ON CONFLICT (day, shard) DO UPDATE SET twilio_usd = s.twilio_usd + excluded.twilio_usd
