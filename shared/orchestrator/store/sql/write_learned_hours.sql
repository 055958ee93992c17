-- write_learned_hours.sql: write the learned hours of people, unless more was learned of them meanwhile.
UPDATE orchestrator.answer_hours h
   SET learned = r.learned, sure = r.sure, learned_at = %(now)s
  FROM unnest(%(user_id)s::uuid[], %(learned)s::bytea[], %(sure)s::real[], %(as_of)s::timestamptz[])
    AS r (user_id, learned, sure, as_of)
 WHERE h.user_id = r.user_id AND h.as_of = r.as_of AND h.off_since IS NULL
