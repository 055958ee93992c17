-- list_policy_roles.sql: for each of these tables, the roles that hold a grant on it, and the roles of our policy.
SELECT c.relname, c.relrowsecurity,
       (
           SELECT coalesce(array_agg(DISTINCT r.rolname::text ORDER BY r.rolname::text), '{}')
             FROM (
                   SELECT granted.grantee FROM aclexplode(c.relacl) AS granted
                    UNION ALL
                   SELECT granted.grantee
                     FROM pg_attribute a
                    CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
                    WHERE a.attrelid = c.oid
                  ) AS grants
             JOIN pg_roles r ON r.oid = grants.grantee
            WHERE r.oid <> c.relowner AND r.rolname <> ALL (%(web_roles)s::text[])
       ) AS grantees,
       (
           SELECT array_agg(r.rolname::text ORDER BY r.rolname::text)
             FROM pg_policy p
             JOIN pg_roles r ON r.oid = ANY (p.polroles)
            WHERE p.polrelid = c.oid AND p.polname = %(policy)s
       ) AS policy_roles
  FROM pg_class c
 WHERE c.relnamespace = to_regnamespace('public') AND c.relname = ANY (%(tables)s::text[]) AND c.relkind IN ('r', 'p')
 ORDER BY c.relname
