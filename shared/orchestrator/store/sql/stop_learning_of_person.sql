-- stop_learning_of_person.sql: forget what is learned of a person, and learn nothing more.
INSERT INTO orchestrator.answer_hours AS h (user_id, off_since)
VALUES (%(user_id)s::uuid, %(now)s)
    ON CONFLICT (user_id) DO UPDATE
   SET hours = '{}', texts = '{}', answers = '{}', as_of = NULL, learned = NULL, sure = NULL, learned_at = NULL,
       off_since = coalesce(h.off_since, excluded.off_since)
