-- list_people_to_learn.sql: read the next people of whom something is new, in the order of their ids.
SELECT user_id, hours, texts, answers, as_of
  FROM orchestrator.answer_hours
 WHERE learned_at IS NULL AND off_since IS NULL AND user_id > %(after)s::uuid
 ORDER BY user_id
 LIMIT %(limit)s::int
