-- find_opt_outs.sql: return number and time of those of these opt-outs that are stored, in force or ended.
SELECT o.phone_number, o.opted_out_at
  FROM unnest(%(phone_number)s::text[], %(at)s::timestamptz[]) AS given (phone_number, at)
  JOIN orchestrator.opt_outs o ON o.phone_number = given.phone_number AND o.opted_out_at = given.at
