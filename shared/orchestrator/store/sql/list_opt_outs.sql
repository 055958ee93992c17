-- list_opt_outs.sql: return the opt-outs in force for a person and their number, oldest first.
SELECT o.source, o.opted_out_at, o.note, o.recorded_at
  FROM users u
 CROSS JOIN LATERAL orchestrator.opt_outs_of(u.id, orchestrator.e164(u.phone_number)) in_force
  JOIN orchestrator.opt_outs o ON o.id = in_force.id
 WHERE u.id = %(user_id)s
 ORDER BY o.opted_out_at, o.id
