-- list_roles.sql: those of these roles that exist.
SELECT rolname FROM pg_roles WHERE rolname = ANY (%(roles)s::text[]) ORDER BY rolname
