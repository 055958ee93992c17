-- pause_by_outcome.sql: pause agents and message types by what their texts brought (R13); returns those that were not
-- paused before. A pause that an operator ended after the texts were counted stays ended.
INSERT INTO orchestrator.pauses AS p (scope, value, note, paused_at)
SELECT scope, value, note, %(now)s
  FROM unnest(%(scope)s::text[], %(value)s::text[], %(note)s::text[]) AS b (scope, value, note)
    ON CONFLICT (scope, value) DO UPDATE
   SET note = excluded.note, paused_at = excluded.paused_at, ends_at = NULL
 WHERE p.ends_at < %(now)s
RETURNING p.scope, p.value
