-- list_failing_number_triggers.sql: list the triggers of an owner that fail on each change of a person's number, each with
-- the SQL that ends it.
SELECT name, 'ALTER TABLE public.users DISABLE TRIGGER ' || quote_ident(name) || ';' AS removal
  FROM orchestrator.failing_number_triggers()
 ORDER BY 1
