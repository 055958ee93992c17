-- adopt_messages.sql: from now on these are ours to send.
UPDATE message_queue
   SET accepted_at = %(now)s, can_delay = true, not_before = scheduled_for, expires_at = %(expires_at)s,
       words_source = CASE WHEN btrim(final_message) <> '' THEN 'adopted' END
 WHERE accepted_at IS NULL AND status = 'queued' AND created_at >= %(oldest)s
   AND priority IN ('urgent', 'high', 'medium', 'low') AND sequence_id IS NULL AND scheduled_for < %(expires_at)s
