-- read_answer_hours.sql: return what is learned of a person, beside what is learned of everybody.
SELECT h.hours, h.texts, h.answers, h.as_of, h.learned_at, h.off_since, c.curves, c.fitted_at
  FROM (SELECT) AS always
  LEFT JOIN orchestrator.answer_hours h ON h.user_id = %(user_id)s::uuid
  LEFT JOIN orchestrator.answer_curves c ON true
