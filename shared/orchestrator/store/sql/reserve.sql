-- reserve.sql: on a fresh snapshot, after the locks: check everything that could have changed, take the slots, and
-- write the attempts (G1, G2, R11). Returns the attempts that may be made; a candidate missing from it lost to a STOP,
-- a pause, a withdrawal, the clock or another worker.
WITH candidates AS (
    SELECT *
      FROM unnest(
               %(attempt_id)s::uuid[], %(message_id)s::uuid[], %(user_id)s::uuid[], %(new_conversation_id)s::uuid[],
               %(phone_number)s::text[], %(fingerprint)s::text[], %(local_date)s::date[], %(open_until)s::timestamptz[],
               %(day_cap)s::int[], %(hour_cap)s::int[],
               %(daily_limit)s::int[], %(hourly_limit)s::int[], %(quiet_hours_enabled)s::boolean[]
           ) WITH ORDINALITY AS c (
               attempt_id, message_id, user_id, new_conversation_id, phone_number, fingerprint, local_date,
               open_until, day_cap, hour_cap, daily_limit, hourly_limit, quiet_hours_enabled, place
           )
), eligible AS (
    SELECT c.attempt_id, c.message_id, c.user_id, c.phone_number, c.fingerprint, c.local_date, c.day_cap, c.hour_cap,
           c.daily_limit, c.hourly_limit, c.quiet_hours_enabled, c.place,
           coalesce(m.conversation_context_id, open.id, c.new_conversation_id) AS conversation_id
      FROM candidates c
      JOIN message_queue m ON m.id = c.message_id AND m.status = 'approved'
      JOIN users u ON u.id = c.user_id AND u.phone_number = c.phone_number
      LEFT JOIN LATERAL (
            SELECT id FROM conversations
             WHERE user_id = c.user_id AND status = 'active' AND phone_number = c.phone_number
             ORDER BY created_at DESC
             LIMIT 1
           ) open ON true
     WHERE c.open_until > %(now)s
       AND NOT EXISTS (SELECT FROM orchestrator.opt_outs o WHERE o.phone_number = c.phone_number AND o.ended_at IS NULL)
       AND NOT EXISTS (SELECT FROM orchestrator.opt_outs o WHERE o.user_id = c.user_id AND o.ended_at IS NULL)
       AND NOT EXISTS (SELECT FROM orchestrator.pauses p WHERE p.scope = 'everything')
       AND NOT EXISTS (SELECT FROM orchestrator.withdrawals w WHERE w.message_id = c.message_id)
), counted AS (
    SELECT e.*,
           coalesce(b.messages_sent, 0) + row_number() OVER (PARTITION BY e.user_id, e.local_date ORDER BY e.place) AS of_day,
           hour.sends + row_number() OVER (PARTITION BY e.user_id ORDER BY e.place) AS of_hour
      FROM eligible e
      LEFT JOIN user_message_budget b ON b.user_id = e.user_id AND b.date = e.local_date
     CROSS JOIN LATERAL (
            SELECT count(*) AS sends
              FROM orchestrator.attempts a
             WHERE a.user_id = e.user_id AND a.holds_slot AND a.started_at > %(now)s - interval '60 minutes'
           ) hour
), allowed AS (
    SELECT * FROM counted WHERE of_day <= day_cap AND (hour_cap IS NULL OR of_hour <= hour_cap)
), sending AS (
    UPDATE message_queue m
       SET status = 'sending', reason = NULL, lease_until = %(lease_until)s
      FROM allowed
     WHERE m.id = allowed.message_id
), slots AS (
    INSERT INTO user_message_budget AS b
           (user_id, date, messages_sent, last_message_at, daily_limit, hourly_limit, quiet_hours_enabled, created_at)
    SELECT user_id, local_date, count(*), %(now)s,
           max(daily_limit), max(hourly_limit), bool_and(quiet_hours_enabled), %(now)s
      FROM allowed
     GROUP BY user_id, local_date
        ON CONFLICT (user_id, date) DO UPDATE
       SET messages_sent = coalesce(b.messages_sent, 0) + excluded.messages_sent, last_message_at = %(now)s
), opened AS (
    INSERT INTO conversations (id, user_id, phone_number, status, created_at, updated_at)
    SELECT DISTINCT conversation_id, user_id, phone_number, 'active', %(now)s, %(now)s
      FROM allowed
        ON CONFLICT (id) DO NOTHING
)
INSERT INTO orchestrator.attempts
       (id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date, holds_slot, started_at)
SELECT attempt_id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date, true, %(now)s
  FROM allowed
RETURNING id
