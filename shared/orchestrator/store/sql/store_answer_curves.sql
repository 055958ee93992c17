-- store_answer_curves.sql: store the curves of everybody, and what they give for people of whom nothing is known.
INSERT INTO orchestrator.answer_curves AS c (curves, hours, stops, texts, people, fitted_at)
VALUES (%(curves)s::jsonb, %(hours)s::bytea, %(stops)s::bytea, %(texts)s::int, %(people)s::int, %(now)s)
    ON CONFLICT (only_row) DO UPDATE
   SET curves = excluded.curves, hours = excluded.hours, stops = excluded.stops, texts = excluded.texts,
       people = excluded.people, fitted_at = excluded.fitted_at
 WHERE c.fitted_at < excluded.fitted_at
