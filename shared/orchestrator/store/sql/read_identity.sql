-- read_identity.sql: return the ids and numbers by which a person is known, now and before, and which of them are opted
-- out.
SELECT u.id::text AS user_id, u.external_id, coalesce(orchestrator.e164(u.phone_number), u.phone_number) AS phone_number,
       coalesce((
           -- In the spelling that was stored, and in E.164.
           SELECT array_agg(DISTINCT spelling)
             FROM (
                   SELECT u.phone_number AS stored
                    UNION ALL
                   SELECT coalesce(former->>'phone_number', former #>> '{}')
                     FROM jsonb_array_elements(coalesce(u.phone_number_history, '[]')) AS former
                  ) number
            CROSS JOIN LATERAL (VALUES (number.stored), (orchestrator.e164(number.stored))) AS s (spelling)
            WHERE spelling <> coalesce(orchestrator.e164(u.phone_number), u.phone_number)
       ), '{}') AS former_numbers,
       coalesce((
           SELECT array_agg(DISTINCT o.phone_number) FROM orchestrator.opt_outs_of(u.id, orchestrator.e164(u.phone_number)) o
       ), '{}') AS opted_out_numbers
  FROM users u
 WHERE u.id = %(user_id)s
