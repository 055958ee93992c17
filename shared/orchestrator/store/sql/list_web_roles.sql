-- list_web_roles.sql: those of the web roles that this server has.
SELECT rolname FROM pg_roles WHERE rolname = ANY (%(web_roles)s::text[]) ORDER BY rolname
