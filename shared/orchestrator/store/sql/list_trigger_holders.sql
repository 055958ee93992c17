-- list_trigger_holders.sql: the roles besides their owner that may add triggers to shared tables. A trigger, also one with
-- a function in pg_temp, runs with the rights of each role that writes to the table. Superusers are left out.
SELECT coalesce(r.rolname, 'public') AS role, c.relname AS table_name,
       granted.grantee = 0 OR r.rolname = ANY (%(web_roles)s::text[]) AS is_outsider
  FROM pg_class c
 CROSS JOIN LATERAL aclexplode(c.relacl) AS granted
  LEFT JOIN pg_roles r ON r.oid = granted.grantee
 WHERE c.relnamespace = to_regnamespace('public') AND c.relname = ANY (%(tables)s::text[]) AND c.relkind IN ('r', 'p')
   AND granted.privilege_type = 'TRIGGER' AND granted.grantee <> c.relowner AND NOT coalesce(r.rolsuper, false)
 ORDER BY role, c.relname
