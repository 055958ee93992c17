-- list_shared_tables.sql: those of the shared tables that exist.
SELECT relname FROM pg_class
 WHERE relnamespace = to_regnamespace('public') AND relname = ANY (%(tables)s::text[]) AND relkind IN ('r', 'p')
