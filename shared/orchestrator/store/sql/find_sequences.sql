-- find_sequences.sql: return the person, lane and length of each of these sequences, from its first part that came.
SELECT DISTINCT ON (sequence_id) sequence_id, user_id, priority, sequence_total
  FROM message_queue
 WHERE sequence_id = ANY (%(sequence_ids)s::uuid[]) AND accepted_at IS NOT NULL
 ORDER BY sequence_id, accepted_at
