-- restore_texts.sql: write an attempt and take a slot for each text that Twilio sent and this database does not know.
-- Its message is `sending` until the attempt is settled. A text of an unknown message has its attempt's id in place of
-- a message's.
WITH texts AS (
    SELECT *
      FROM unnest(%(attempt_id)s::uuid[], %(message_id)s::uuid[], %(user_id)s::uuid[], %(phone_number)s::text[],
                  %(new_conversation_id)s::uuid[], %(sid)s::text[], %(body)s::text[], %(local_date)s::date[],
                  %(sent_at)s::timestamptz[])
        AS t (attempt_id, message_id, user_id, phone_number, new_conversation_id, sid, body, local_date, sent_at)
), texts_of_conversations AS (
    SELECT t.*,
           coalesce(open.id, first_value(t.new_conversation_id) OVER (PARTITION BY t.user_id ORDER BY t.sent_at))
               AS conversation_id
      FROM texts t
      LEFT JOIN LATERAL orchestrator.open_conversation(t.user_id, t.phone_number) open ON true
), new_conversations AS (
    INSERT INTO conversations (id, user_id, phone_number, status, created_at, updated_at)
    SELECT conversation_id, user_id, phone_number, 'active', %(now)s::timestamptz, %(now)s::timestamptz
      FROM texts_of_conversations
        ON CONFLICT (id) DO NOTHING
), budget_rows AS (
    INSERT INTO user_message_budget AS b
           (user_id, date, messages_sent, last_message_at, daily_limit, hourly_limit, quiet_hours_enabled, created_at)
    SELECT day.user_id, day.local_date, day.texts, day.last_at, limits.daily_limit, limits.hourly_limit,
           coalesce(limits.quiet_hours_enabled, true), %(now)s
      FROM (
            SELECT user_id, local_date, count(*) AS texts, max(sent_at) AS last_at FROM texts GROUP BY user_id, local_date
           ) day
      LEFT JOIN LATERAL orchestrator.limits_of(day.user_id, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
     ORDER BY day.user_id, day.local_date
        ON CONFLICT (user_id, date) DO UPDATE
       SET messages_sent = coalesce(b.messages_sent, 0) + excluded.messages_sent,
           last_message_at = greatest(b.last_message_at, excluded.last_message_at)
), messages_in_flight AS (
    UPDATE message_queue m
       SET status = 'sending', reason = NULL, final_message = coalesce(m.final_message, p.body),
           words_source = coalesce(m.words_source, 'recovered')
      FROM texts_of_conversations p
     WHERE m.id = p.message_id
)
INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date,
                                   holds_slot, started_at)
SELECT attempt_id, coalesce(message_id, attempt_id), user_id, conversation_id, phone_number, 'recovered', local_date,
       true, sent_at
  FROM texts_of_conversations
