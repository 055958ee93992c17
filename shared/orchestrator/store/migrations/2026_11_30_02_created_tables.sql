-- Which of the shared tables this product created. Those of an owner are never closed by us.
CREATE TABLE orchestrator.created_tables (table_name text PRIMARY KEY);

-- The migration that creates missing shared tables was recorded in the transaction that created them: `xmin` names the
-- transaction that wrote a row, and nothing rewrites the catalog's row of a system column. A restore in one transaction
-- gives every row the same one, `orchestrator.attempts` of the next migration included, and then nothing is known.
INSERT INTO orchestrator.created_tables (table_name)
SELECT c.relname
  FROM orchestrator.schema_migrations created
  JOIN pg_attribute a ON a.attname = 'tableoid' AND a.xmin = created.xmin
  JOIN pg_class c ON c.oid = a.attrelid
 WHERE created.name = '2026_11_23_01_shared_tables'
   AND c.relnamespace = to_regnamespace('public')
   AND c.relname IN (
           'users', 'conversations', 'messages', 'message_queue', 'user_message_budget', 'agent_tasks',
           'agent_actions_log'
       )
   AND NOT EXISTS (
           SELECT FROM pg_attribute other
            WHERE other.attrelid = 'orchestrator.attempts'::regclass AND other.attname = 'tableoid'
              AND other.xmin = created.xmin
       );
