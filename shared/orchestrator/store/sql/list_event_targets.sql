-- list_event_targets.sql: list the targets of events with what waits for each: how many events, since when (null where
-- none waits), how many have failed, and the newest error.
SELECT t.target, count(e.id) AS waiting, min(e.at) AS oldest, count(e.id) FILTER (WHERE e.failures > 0) AS failed,
       (array_agg(e.error ORDER BY e.leased_until DESC) FILTER (WHERE e.error IS NOT NULL))[1] AS error
  FROM (
        SELECT 'bus' AS target WHERE EXISTS (SELECT FROM orchestrator.event_bus)
         UNION ALL
        SELECT target FROM orchestrator.reply_targets
       ) t
  LEFT JOIN orchestrator.events e ON e.target = t.target
 GROUP BY t.target
 ORDER BY t.target
