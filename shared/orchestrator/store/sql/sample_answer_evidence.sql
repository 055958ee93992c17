-- sample_answer_evidence.sql: read a bounded sample of what is known of people, by blocks of the table, for the curves of
-- everybody.
SELECT h.hours, h.texts, h.answers, h.as_of
  FROM orchestrator.answer_hours h TABLESAMPLE SYSTEM (%(percent)s::real) REPEATABLE (%(seed)s::int)
 WHERE h.off_since IS NULL AND h.hours <> '{}'
 LIMIT %(limit)s::int
