-- lock_agent_groups.sql: let the waves that send for a group of agents with a limit come one after the other until they
-- commit, so that each counts the texts of the one before (R13). Groups without a limit take no lock.
SELECT pg_advisory_xact_lock(hashtextextended('agent_group ' || limited.key, 0))
  FROM (
        SELECT DISTINCT key FROM unnest(%(agent_groups)s::text[]) AS batch (key) ORDER BY key
       ) limited
