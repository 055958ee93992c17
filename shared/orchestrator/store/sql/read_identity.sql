-- read_identity.sql: return the ids and numbers by which a person is known, now and before, and which of them are opted
-- out.
SELECT u.id::text AS user_id, u.external_id, u.phone_number,
       coalesce((
           SELECT array_agg(coalesce(former->>'phone_number', former #>> '{}'))
             FROM jsonb_array_elements(coalesce(u.phone_number_history, '[]')) AS former
       ), '{}') AS former_numbers,
       coalesce((
           SELECT array_agg(DISTINCT o.phone_number) FROM orchestrator.opt_outs_of(u.id, u.phone_number) o
       ), '{}') AS opted_out_numbers
  FROM users u
 WHERE u.id = %(user_id)s
