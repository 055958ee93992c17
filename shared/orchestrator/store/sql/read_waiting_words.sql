-- read_waiting_words.sql: return what each waiting message of another sender says, for when it was meant, and the zone and
-- number of its person.
SELECT m.id, m.message_data, nullif(btrim(m.final_message), ''), greatest(m.scheduled_for, m.created_at), u.timezone,
       coalesce(orchestrator.e164(u.phone_number), '')
  FROM message_queue m
  JOIN users u ON u.id = m.user_id
 WHERE m.accepted_at IS NULL AND m.status = 'queued' AND m.scheduled_for >= %(oldest)s
   AND jsonb_typeof(m.message_data) = 'object' AND greatest(m.scheduled_for, m.created_at) < '9000-01-01'
