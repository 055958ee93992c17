-- claim_confirmation.sql: claim the confirmation of an opt-out in its row, so that it goes once or not at all, and write
-- its message and its attempt before the call (G1, G2, R11). Returns the attempt; no row where another worker has it, a
-- START came, a pause holds, the day's ceiling of all lanes is reached, the number is dead, or what people wrote during
-- an outage is not read.
WITH claim AS (
    UPDATE orchestrator.opt_outs o
       SET confirmation_id = %(message_id)s
      FROM users u
     WHERE o.id = %(opt_out_id)s AND o.ended_at IS NULL AND o.confirm_until > %(now)s AND o.confirmation_id IS NULL
       AND u.id = o.user_id AND orchestrator.e164(u.phone_number) = o.phone_number
       AND NOT EXISTS (
           SELECT FROM orchestrator.pauses_of('urgent', 'system', 'opt_out_confirmation', o.user_id, %(now)s)
       )
       -- Only waves of messages pause sending at the ceiling, so the sum is compared here too.
       AND (
           SELECT coalesce(sum(s.twilio_usd), 0) FROM orchestrator.daily_spending() s
            WHERE s.day = (%(now)s AT TIME ZONE 'UTC')::date
       ) < %(urgent_ceiling_usd)s::numeric
       AND NOT EXISTS (
           SELECT FROM orchestrator.numbers n WHERE n.phone_number = o.phone_number AND n.dead_code IS NOT NULL
       )
       AND NOT EXISTS (
           SELECT FROM orchestrator.inbound_gap(%(fresh_for)s::interval, %(read_after_gap)s::interval)
       )
    RETURNING o.user_id, o.phone_number, o.confirm_until
), conversation AS (
    SELECT claim.*, coalesce(open.id, %(new_conversation_id)s) AS conversation_id
      FROM claim
      LEFT JOIN LATERAL orchestrator.open_conversation(claim.user_id, claim.phone_number) open ON true
), new_conversation AS (
    INSERT INTO conversations (id, user_id, phone_number, status, created_at, updated_at)
    SELECT conversation_id, user_id, phone_number, 'active', %(now)s, %(now)s FROM conversation
        ON CONFLICT (id) DO NOTHING
), message AS (
    INSERT INTO message_queue (id, user_id, agent_id, message_data, final_message, words_source, segments, encoding,
                               priority, can_delay, status, scheduled_for, expires_at, created_at, accepted_at,
                               published_at, lease_until, tries)
    -- No tries are left: a confirmation is never sent again.
    SELECT %(message_id)s, user_id, 'system', '{"type": "opt_out_confirmation"}', %(words)s::text, 'verbatim',
           %(segments)s::int, %(encoding)s::text, 'urgent', false, 'sending', %(now)s, confirm_until, %(now)s, %(now)s,
           %(now)s, %(lease_until)s::timestamptz, 10
      FROM conversation
), day_spending AS (
    INSERT INTO orchestrator.spending_shards AS s (day, shard, texts, segments, twilio_usd)
    SELECT (%(now)s AT TIME ZONE 'UTC')::date, pg_backend_pid(), 1, %(segments)s::int, %(price_usd)s::numeric
      FROM claim
        ON CONFLICT (day, shard) DO UPDATE
       SET texts = s.texts + 1, segments = s.segments + excluded.segments, twilio_usd = s.twilio_usd + excluded.twilio_usd
)
INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date,
                                   holds_slot, started_at, segments, price_usd)
SELECT %(attempt_id)s::uuid, %(message_id)s, user_id, conversation_id, phone_number, %(fingerprint)s::text,
       (%(now)s AT TIME ZONE 'UTC')::date, false, %(now)s, %(segments)s::int, %(price_usd)s::numeric
  FROM conversation
RETURNING id
