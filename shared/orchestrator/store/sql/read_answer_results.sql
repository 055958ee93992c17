-- read_answer_results.sql: return the sums of learned hours and of the holdouts, over all weeks and in the last ones.
SELECT period, arm, people, texts, answers, answers_in_1h, answers_in_4h, stops, texts_squared, answers_squared,
       stops_squared, texts_answers, texts_stops
  FROM orchestrator.answer_results
 WHERE period = 'all' OR period >= %(since)s::text
 ORDER BY period, arm
