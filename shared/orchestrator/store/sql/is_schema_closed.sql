-- is_schema_closed.sql: whether the schema grants nothing to PUBLIC or a web role, and its functions to its users.
WITH objects AS (
    SELECT nspacl AS acl FROM pg_namespace WHERE nspname = 'orchestrator'
     UNION ALL
    SELECT relacl FROM pg_class WHERE relnamespace = to_regnamespace('orchestrator')
     UNION ALL
    SELECT coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE pronamespace = to_regnamespace('orchestrator')
)
SELECT NOT EXISTS (
           SELECT FROM objects CROSS JOIN LATERAL aclexplode(acl) AS granted
            WHERE granted.grantee = 0
               OR granted.grantee IN (SELECT oid FROM pg_roles WHERE rolname = ANY (%(web_roles)s::text[]))
       )
   AND NOT EXISTS (
           SELECT FROM pg_namespace n
            CROSS JOIN LATERAL aclexplode(n.nspacl) AS of_schema
             JOIN pg_roles r ON r.oid = of_schema.grantee
             JOIN pg_proc f ON f.pronamespace = n.oid
            WHERE n.nspname = 'orchestrator' AND of_schema.privilege_type = 'USAGE'
              AND NOT has_function_privilege(r.oid, f.oid, 'EXECUTE')
       ) AS is_closed
