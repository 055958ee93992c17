-- list_schema_users.sql: the roles that were granted the use of our schema, without its owner.
SELECT DISTINCT r.rolname
  FROM pg_namespace n
 CROSS JOIN LATERAL aclexplode(n.nspacl) AS granted
  JOIN pg_roles r ON r.oid = granted.grantee
 WHERE n.nspname = 'orchestrator' AND granted.privilege_type = 'USAGE' AND granted.grantee <> n.nspowner
 ORDER BY r.rolname
