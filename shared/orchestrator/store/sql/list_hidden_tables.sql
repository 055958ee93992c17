-- list_hidden_tables.sql: the tables of which row level security may hide rows from this session's role. An owner, unless
-- it is forced, and a role with BYPASSRLS are exempt: row_security_active knows.
SELECT needed.table_name, array_agg(needed.command ORDER BY needed.command) AS commands, current_user::text AS role
  FROM unnest(%(tables)s::text[], %(commands)s::text[]) AS needed (table_name, command)
 CROSS JOIN LATERAL (SELECT to_regclass(needed.table_name) AS id) AS tables
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE p.polpermissive AND shows_all) AS open,
              count(*) FILTER (WHERE NOT p.polpermissive AND NOT shows_all) AS restricting
         FROM pg_policy p
        CROSS JOIN LATERAL (
              SELECT CASE needed.command
                     WHEN 'INSERT' THEN coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid))
                     ELSE pg_get_expr(p.polqual, p.polrelid)
                     END = 'true' AS shows_all
              ) AS conditions
        WHERE p.polrelid = tables.id
          AND CASE p.polcmd WHEN '*' THEN true WHEN 'r' THEN needed.command = 'SELECT' WHEN 'a' THEN needed.command = 'INSERT'
              WHEN 'w' THEN needed.command = 'UPDATE' WHEN 'd' THEN needed.command = 'DELETE' END
          AND EXISTS (
              SELECT FROM unnest(p.polroles) AS to_role
               WHERE to_role = 0 OR pg_has_role(to_role, 'USAGE')
          )
       ) AS policies
 WHERE row_security_active(tables.id)
   -- Without the right there is an error, and not a hidden row. The query function's role only reads.
   AND has_any_column_privilege(tables.id, needed.command)
   AND (policies.open = 0 OR policies.restricting > 0)
 GROUP BY needed.table_name
 ORDER BY needed.table_name
