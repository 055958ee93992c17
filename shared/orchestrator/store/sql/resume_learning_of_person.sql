-- resume_learning_of_person.sql: learn of a person again, from their next texts on: nothing is known of them as of now.
UPDATE orchestrator.answer_hours SET off_since = NULL, as_of = %(now)s, learned_at = %(now)s
 WHERE user_id = %(user_id)s::uuid AND off_since IS NOT NULL
