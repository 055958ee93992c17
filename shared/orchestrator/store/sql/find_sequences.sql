-- find_sequences.sql: return the person, agent, lane, length and owner of each of these sequences, from its first part
-- that came, and the message at each position.
SELECT DISTINCT ON (sequence_id) sequence_id, user_id, agent_id, priority, sequence_total,
       split_part(publisher, ':', 1) AS publisher,
       jsonb_object_agg(sequence_position, id) OVER (PARTITION BY sequence_id) AS parts
  FROM message_queue
 WHERE sequence_id = ANY (%(sequence_ids)s::uuid[]) AND accepted_at IS NOT NULL
 ORDER BY sequence_id, accepted_at
