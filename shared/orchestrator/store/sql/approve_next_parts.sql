-- approve_next_parts.sql: approve the part that follows each part that was sent (R8). Returns the next parts.
UPDATE message_queue next
   SET status = 'approved', reason = NULL, lease_until = %(lease_until)s
  FROM message_queue sent
 WHERE sent.id = ANY (%(message_ids)s::uuid[]) AND sent.status = 'sent'
   AND next.sequence_id = sent.sequence_id AND next.sequence_position = sent.sequence_position + 1
   AND next.status = 'queued' AND next.accepted_at IS NOT NULL
RETURNING next.id, next.user_id
