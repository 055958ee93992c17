-- read_answer_progress.sql: return how far `learn` has read, what it has counted, and the curves of everybody.
SELECT p.up_to, p.counts, c.curves, c.fitted_at
  FROM (SELECT) AS always
  LEFT JOIN orchestrator.answer_progress p ON true
  LEFT JOIN orchestrator.answer_curves c ON true
