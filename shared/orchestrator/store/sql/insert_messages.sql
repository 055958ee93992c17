-- insert_messages.sql: accept a batch of messages; the same id twice is one message, and the first wins. Returns the
-- new ids. A message that was withdrawn before it came is stored as cancelled (R9). A part that comes after its
-- sequence has failed fails too (R8). A part of a sequence whose first part another publisher sent at the same time
-- fails outside the sequence (R9). Each person has a budget row of today from now on.
WITH batch AS (
    SELECT *
      FROM unnest(
               %(message_id)s::uuid[], %(user_id)s::uuid[], %(agent_id)s::text[], %(message_data)s::text[],
               %(priority)s::text[], %(can_delay)s::boolean[], %(requires_fresh_context)s::boolean[],
               %(not_before)s::timestamptz[], %(best_at)s::timestamptz[], %(best_kind)s::text[],
               %(best_probability)s::real[], %(expires_at)s::timestamptz[],
               %(due)s::timestamptz[], %(status)s::text[], %(reason)s::text[], %(lease_until)s::timestamptz[],
               %(conversation_context_id)s::uuid[], %(published_at)s::timestamptz[], %(topic)s::text[],
               %(supersedes_message_id)s::uuid[], %(publisher)s::text[], %(published_by)s::text[],
               %(sequence_id)s::uuid[], %(sequence_position)s::int[], %(sequence_total)s::int[],
               %(is_reply)s::boolean[], %(allow_repeat)s::boolean[], %(expects_reply)s::boolean[]
           ) AS a (message_id, user_id, agent_id, message_data, priority, can_delay, requires_fresh_context,
                   not_before, best_at, best_kind, best_probability, expires_at, due, status, reason, lease_until, conversation_context_id,
                   published_at, topic, supersedes_message_id, publisher, published_by,
                   sequence_id, sequence_position, sequence_total, is_reply,
                   allow_repeat, expects_reply)
), checks AS (
    SELECT a.*,
           EXISTS (
               SELECT FROM orchestrator.withdrawals_of(a.message_id, a.user_id, a.topic, a.published_at, a.publisher)
           ) AS withdrawn,
           a.sequence_id IS NOT NULL AND EXISTS (
               SELECT FROM message_queue part
                WHERE part.sequence_id = a.sequence_id AND part.accepted_at IS NOT NULL
                  AND split_part(part.publisher, ':', 1) IS DISTINCT FROM a.publisher
           ) AS not_yours,
           a.sequence_id IS NOT NULL AND EXISTS (
               SELECT FROM message_queue part
                WHERE part.sequence_id = a.sequence_id AND part.accepted_at IS NOT NULL
                  AND part.reason = 'sequence_incomplete' AND part.status = 'failed'
           ) AS too_late,
           CASE WHEN a.sequence_id IS NOT NULL THEN (
               SELECT min(part.scheduled_for) FROM message_queue part
                WHERE part.sequence_id = a.sequence_id AND part.accepted_at IS NOT NULL
                  AND part.reason = 'sequence_incomplete' AND part.status = 'queued'
           ) END AS complete_by
      FROM batch a
), new_messages AS (
    INSERT INTO message_queue (id, user_id, agent_id, message_data, priority, can_delay, requires_fresh_context,
                               not_before, best_at, best_kind, best_probability, expires_at, scheduled_for, status, reason, lease_until,
                               conversation_context_id, accepted_at, created_at, published_at, topic,
                               supersedes_message_id, publisher, published_by, sequence_id, sequence_position,
                               sequence_total, is_reply, allow_repeat, expects_reply)
    SELECT message_id, user_id, agent_id, message_data::jsonb, priority, can_delay, requires_fresh_context,
           not_before, best_at, best_kind, best_probability, expires_at, coalesce(complete_by, due),
           CASE WHEN withdrawn THEN 'cancelled' WHEN too_late OR not_yours THEN 'failed' ELSE status END,
           CASE WHEN withdrawn THEN 'withdrawn' WHEN not_yours THEN 'not_yours' ELSE reason END,
           CASE WHEN NOT withdrawn THEN lease_until END,
           conversation_context_id, %(now)s, %(now)s, published_at, topic,
           CASE WHEN NOT not_yours THEN supersedes_message_id END, publisher, published_by,
           CASE WHEN NOT not_yours THEN sequence_id END, CASE WHEN NOT not_yours THEN sequence_position END,
           CASE WHEN NOT not_yours THEN sequence_total END, is_reply, allow_repeat,
           expects_reply
      FROM checks
        ON CONFLICT DO NOTHING
    RETURNING id, user_id, status, reason, scheduled_for
), timeline_entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason, until)
    SELECT id, %(now)s, status, reason, CASE status WHEN 'queued' THEN scheduled_for END
      FROM new_messages
     WHERE reason IS NOT NULL
), budget_rows AS (
    -- Of the UTC day, by which an owner asks, and of the person's day: found before the first text, with 0 sent (R1). In
    -- one order everywhere, so that two batches that add the same rows never wait for each other.
    INSERT INTO user_message_budget (user_id, date, messages_sent, daily_limit, hourly_limit, quiet_hours_enabled,
                                     created_at)
    SELECT days.user_id, days.date, 0, coalesce(limits.daily_limit, %(daily_limit)s::int),
           coalesce(limits.hourly_limit, %(hourly_limit)s::int), coalesce(limits.quiet_hours_enabled, true), %(now)s
      FROM unnest(%(people)s::uuid[], %(days)s::date[]) AS days (user_id, date)
      LEFT JOIN LATERAL orchestrator.limits_of(days.user_id, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
     WHERE NOT EXISTS (
               SELECT FROM user_message_budget b WHERE b.user_id = days.user_id AND b.date = days.date
           )
     ORDER BY days.user_id, days.date
        ON CONFLICT (user_id, date) DO NOTHING
)
SELECT id, user_id, status FROM new_messages
