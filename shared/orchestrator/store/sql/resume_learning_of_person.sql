-- resume_learning_of_person.sql: learn of a person again, from their next texts on.
UPDATE orchestrator.answer_hours SET off_since = NULL WHERE user_id = %(user_id)s::uuid AND off_since IS NOT NULL
