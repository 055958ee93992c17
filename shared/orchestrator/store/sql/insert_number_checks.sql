-- insert_number_checks.sql: store Twilio's answers about numbers (R15), and add what they cost to the UTC day's spending,
-- in the row of this connection.
WITH checks AS (
    INSERT INTO orchestrator.number_checks (id, user_id, phone_number, verified_on, answer, asked_at)
    SELECT id, user_id, phone_number, verified_on, answer, %(now)s
      FROM unnest(%(id)s::uuid[], %(user_id)s::uuid[], %(phone_number)s::text[], %(verified_on)s::date[],
                  %(answer)s::text[]) AS c (id, user_id, phone_number, verified_on, answer)
    RETURNING id
)
INSERT INTO orchestrator.spending_shards AS s (day, shard, twilio_usd)
SELECT (%(now)s AT TIME ZONE 'UTC')::date, pg_backend_pid(), count(*) * %(price_usd)s::numeric
  FROM checks
    ON CONFLICT (day, shard) DO UPDATE SET twilio_usd = s.twilio_usd + excluded.twilio_usd
