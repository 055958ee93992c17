-- list_table_access.sql: the roles that can read or write rows of the shared tables, and what each would lose by closing
-- them. Superusers and Postgres's own roles are left out; PUBLIC stands for every role. A partition, or another table that
-- inherits, has rights and policies of its own.
WITH RECURSIVE tables (id, is_part) AS (
    SELECT c.oid, false
      FROM pg_class c
     WHERE c.relnamespace = to_regnamespace('public') AND c.relname = ANY (%(tables)s::text[]) AND c.relkind IN ('r', 'p')
     UNION
    SELECT i.inhrelid, true FROM tables t JOIN pg_inherits i ON i.inhparent = t.id
), shared AS (
    SELECT c.oid, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS relname,
           c.relnamespace, c.relacl, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
           NOT tables.is_part AND EXISTS (SELECT FROM orchestrator.created_tables t WHERE t.table_name = c.relname) AS is_ours
      FROM tables
      JOIN pg_class c ON c.oid = tables.id
      JOIN pg_namespace n ON n.oid = c.relnamespace
), roles AS (
    SELECT oid, rolname AS name, rolbypassrls AS bypasses, rolname = ANY (%(web_roles)s::text[]) AS is_outsider
      FROM pg_roles
     WHERE NOT rolsuper AND rolname NOT LIKE 'pg\_%%'
     UNION ALL
    SELECT 0, 'public', false, true
), grants AS (
    SELECT s.oid AS table_id, granted.grantee, granted.privilege_type
      FROM shared s
     CROSS JOIN LATERAL aclexplode(s.relacl) AS granted
     UNION ALL
    SELECT s.oid, granted.grantee, granted.privilege_type
      FROM shared s
      JOIN pg_attribute a ON a.attrelid = s.oid
     CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
), commands (command, privilege, others) AS (
    VALUES ('r', 'SELECT', 'pg_read_all_data'), ('a', 'INSERT', 'pg_write_all_data'),
           ('w', 'UPDATE', 'pg_write_all_data'), ('d', 'DELETE', 'pg_write_all_data')
), access AS (
    SELECT r.name, r.is_outsider, s.relname, s.is_ours, c.privilege, rows_seen.are_all,
           is_owner
           OR (r.bypasses AND is_member_of_others)
           OR EXISTS (
               SELECT FROM grants g
                 JOIN roles grantee ON grantee.oid = g.grantee AND NOT grantee.is_outsider
                WHERE g.table_id = s.oid AND g.privilege_type = c.privilege
                  AND pg_has_role(r.oid, g.grantee, 'USAGE')
           ) AS keeps
      FROM shared s
     CROSS JOIN roles r
     CROSS JOIN commands c
     CROSS JOIN LATERAL (
           SELECT pg_has_role(r.oid, s.relowner, 'USAGE') AS is_owner,
                  pg_has_role(r.oid, c.others, 'USAGE') AS is_member_of_others
           ) AS rights
     CROSS JOIN LATERAL (
           SELECT true AS are_all
            WHERE NOT s.relrowsecurity OR r.bypasses OR (is_owner AND NOT s.relforcerowsecurity)
            UNION ALL
           SELECT bool_or(CASE c.command WHEN 'a' THEN coalesce(checked, shown) ELSE shown END = 'true')
             FROM pg_policy p
            CROSS JOIN LATERAL (
                  SELECT pg_get_expr(p.polqual, p.polrelid) AS shown, pg_get_expr(p.polwithcheck, p.polrelid) AS checked
                  ) AS conditions
            WHERE p.polrelid = s.oid AND p.polpermissive AND p.polcmd IN ('*', c.command)
              AND EXISTS (
                  SELECT FROM unnest(p.polroles) AS to_role
                   WHERE to_role = 0 OR pg_has_role(r.oid, to_role, 'USAGE')
              )
           HAVING count(*) > 0
           ) AS rows_seen
     WHERE has_schema_privilege(r.name, s.relnamespace, 'USAGE')
       AND CASE c.privilege
           WHEN 'DELETE' THEN has_table_privilege(r.name, s.oid, c.privilege)
           ELSE has_any_column_privilege(r.name, s.oid, c.privilege)
           END
)
SELECT name AS role, relname AS table_name, is_outsider, is_ours,
       bool_or(privilege = 'SELECT') AS reads,
       bool_or(privilege <> 'SELECT') AS writes,
       bool_or(coalesce(are_all, false)) AS sees_all,
       coalesce(array_agg(DISTINCT privilege) FILTER (WHERE is_ours AND NOT keeps), '{}') AS would_lose
  FROM access
 GROUP BY name, relname, is_outsider, is_ours
 ORDER BY name, relname
