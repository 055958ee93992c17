-- list_states.sql: list the messages of these ids, and the other parts of their sequences, with their states (R8).
SELECT m.id, m.status
  FROM message_queue m
 WHERE m.id IN (
           SELECT unnest(%(message_ids)s::uuid[])
            UNION
           SELECT part.id
             FROM message_queue named
             JOIN message_queue part ON part.sequence_id = named.sequence_id AND part.accepted_at IS NOT NULL
            WHERE named.id = ANY (%(message_ids)s::uuid[])
       )
   AND m.accepted_at IS NOT NULL
