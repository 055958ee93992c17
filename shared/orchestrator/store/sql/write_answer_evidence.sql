-- write_answer_evidence.sql: write what a batch of texts adds to its people and to the results, and how far `learn` has
-- read. Nothing is written where another run has read further meanwhile, nothing of people who were deleted, and
-- nothing of those of whom an operator has stopped the learning. Returns whether it wrote.
WITH progress AS (
    INSERT INTO orchestrator.answer_progress AS p (up_to, counts, changed_at)
    VALUES (%(up_to)s::uuid, %(counts)s::jsonb, %(now)s)
        ON CONFLICT (only_row) DO UPDATE
       SET up_to = excluded.up_to, counts = excluded.counts, changed_at = excluded.changed_at
     WHERE p.up_to = %(after)s::uuid
    RETURNING up_to
), evidence AS (
    SELECT *
      FROM unnest(
               %(user_id)s::uuid[], %(hours)s::text[], %(texts)s::text[], %(answers)s::text[], %(all_texts)s::int[],
               %(all_answers)s::int[], %(all_stops)s::int[], %(week)s::text[], %(week_texts)s::int[],
               %(week_answers)s::int[], %(week_stops)s::int[]
           ) AS e (user_id, hours, texts, answers, all_texts, all_answers, all_stops, week, week_texts, week_answers,
                   week_stops)
), living AS (
    -- A deletion comes wholly before this or wholly after it.
    SELECT u.id
      FROM users u
     WHERE EXISTS (SELECT FROM progress)
       AND u.id = ANY (%(user_id)s::uuid[]) AND u.phone_number NOT LIKE 'forgotten-%%'
     ORDER BY u.id
       FOR SHARE
), people AS (
    INSERT INTO orchestrator.answer_hours AS h (user_id, hours, texts, answers, as_of, all_texts, all_answers, all_stops,
                                                week, week_texts, week_answers, week_stops)
    SELECT e.user_id, e.hours::smallint[], e.texts::real[], e.answers::real[], %(now)s, e.all_texts, e.all_answers,
           e.all_stops, e.week, e.week_texts, e.week_answers, e.week_stops
      FROM evidence e
      JOIN living l ON l.id = e.user_id
     ORDER BY e.user_id
        ON CONFLICT (user_id) DO UPDATE
       SET hours = excluded.hours, texts = excluded.texts, answers = excluded.answers, as_of = excluded.as_of,
           learned_at = NULL, all_texts = excluded.all_texts, all_answers = excluded.all_answers,
           all_stops = excluded.all_stops, week = excluded.week, week_texts = excluded.week_texts,
           week_answers = excluded.week_answers, week_stops = excluded.week_stops
     WHERE h.off_since IS NULL
), results AS (
    INSERT INTO orchestrator.answer_results AS r (period, arm, people, texts, answers, answers_in_1h, answers_in_4h, stops,
                                                  texts_squared, answers_squared, stops_squared, texts_answers, texts_stops)
    SELECT n.*
      FROM unnest(
               %(period)s::text[], %(arm)s::text[], %(people)s::int[], %(arm_texts)s::int[], %(arm_answers)s::int[],
               %(answers_in_1h)s::int[], %(answers_in_4h)s::int[], %(arm_stops)s::int[], %(texts_squared)s::bigint[],
               %(answers_squared)s::bigint[], %(stops_squared)s::bigint[], %(texts_answers)s::bigint[],
               %(texts_stops)s::bigint[]
           ) AS n
     WHERE EXISTS (SELECT FROM progress)
        ON CONFLICT (period, arm) DO UPDATE
       SET people = r.people + excluded.people, texts = r.texts + excluded.texts, answers = r.answers + excluded.answers,
           answers_in_1h = r.answers_in_1h + excluded.answers_in_1h,
           answers_in_4h = r.answers_in_4h + excluded.answers_in_4h, stops = r.stops + excluded.stops,
           texts_squared = r.texts_squared + excluded.texts_squared,
           answers_squared = r.answers_squared + excluded.answers_squared,
           stops_squared = r.stops_squared + excluded.stops_squared,
           texts_answers = r.texts_answers + excluded.texts_answers, texts_stops = r.texts_stops + excluded.texts_stops
)
SELECT EXISTS (SELECT FROM progress) AS is_ours
