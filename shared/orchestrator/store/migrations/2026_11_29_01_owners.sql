-- Where publishers are bound to agents, what one of them publishes is its own (R9). A publisher is the AWS identity
-- without a role's session; rows that were written before hold the session too.

CREATE OR REPLACE FUNCTION orchestrator.withdrawals_of(
    message uuid, person uuid, about text, published timestamptz, author text
) RETURNS TABLE (withdrawn_at timestamptz) AS $$
    SELECT w.withdrawn_at FROM orchestrator.withdrawals w
     WHERE w.message_id = message
       AND (author IS NULL OR split_part(w.publisher, ':', 1) = split_part(author, ':', 1))
     UNION ALL
    SELECT t.withdrawn_at FROM orchestrator.topic_withdrawals t
     WHERE t.user_id = person AND t.topic = about AND t.withdrawn_at >= published
       AND (author IS NULL OR split_part(t.publisher, ':', 1) = split_part(author, ':', 1))
$$ LANGUAGE sql STABLE;

-- The messages that supersede a message: newer ones of its topic, and those that name it (R9). `sequence` is the
-- message's sequence_id or null. A sequence is as new as its newest part, so that of two overlapping ones only one
-- supersedes the other, and an incomplete sequence supersedes nothing. A message with an owner is superseded by its
-- owner's messages alone.
CREATE OR REPLACE FUNCTION orchestrator.superseders(
    message uuid, person uuid, about text, published timestamptz, sequence uuid
) RETURNS TABLE (id uuid, published_at timestamptz, why text) AS $$
    SELECT s.id, s.published_at, s.why
      FROM (
            SELECT n.id, n.published_at, n.status, n.reason, n.accepted_at, n.publisher, 'newer_of_topic' AS why
              FROM message_queue n
             WHERE n.user_id = person AND n.topic = about
               AND (n.published_at, coalesce(n.sequence_id, n.id)) > (
                       coalesce(
                           (
                               SELECT max(part.published_at) FROM message_queue part
                                WHERE part.sequence_id = sequence AND part.accepted_at IS NOT NULL
                           ),
                           published
                       ),
                       coalesce(sequence, message)
                   )
             UNION ALL
            SELECT r.id, r.published_at, r.status, r.reason, r.accepted_at, r.publisher, 'replaced'
              FROM message_queue r
             WHERE r.supersedes_message_id = message AND r.user_id = person
           ) s
     WHERE s.accepted_at IS NOT NULL AND s.status IN ('queued', 'approved', 'sending', 'sent')
       AND s.reason IS DISTINCT FROM 'sequence_incomplete'
       AND NOT EXISTS (
           SELECT FROM message_queue o
            WHERE o.id = message AND split_part(o.publisher, ':', 1) <> coalesce(split_part(s.publisher, ':', 1), '')
       )
$$ LANGUAGE sql STABLE;

-- The settings of agents are compared with ids in lower case and name publishers without sessions. Prefixes that differ
-- in case or surrounding space alone become one, with the stricter value of each setting.
WITH former AS (
    DELETE FROM orchestrator.agents
     WHERE prefix <> lower(btrim(prefix)) OR publishers::text LIKE '%:%'
        OR EXISTS (
               SELECT FROM orchestrator.agents other
                WHERE lower(btrim(other.prefix)) = agents.prefix AND other.prefix <> agents.prefix
           )
    RETURNING *, lower(btrim(prefix)) AS normal
)
INSERT INTO orchestrator.agents (prefix, may_use_urgent, hourly_limit, publishers)
SELECT f.normal, bool_and(f.may_use_urgent), min(f.hourly_limit),
       (SELECT array_agg(DISTINCT split_part(publisher, ':', 1))
          FROM former each, unnest(each.publishers) AS publisher
         WHERE each.normal = f.normal)
  FROM former f
 GROUP BY f.normal;

-- A pause of agents reaches every spelling of their ids.
CREATE OR REPLACE FUNCTION orchestrator.pauses_of(lane text, agent text, person uuid, at timestamptz)
RETURNS TABLE (scope text, value text) AS $$
    SELECT p.scope, p.value
      FROM orchestrator.pauses p
     WHERE (p.ends_at IS NULL OR p.ends_at > at)
       AND CASE p.scope
           WHEN 'everything' THEN true
           WHEN 'provider' THEN true
           WHEN 'lane' THEN p.value = lane
           WHEN 'busy' THEN p.value = lane
           WHEN 'spending' THEN lane <> 'urgent'
           WHEN 'agent' THEN starts_with(lower(agent), lower(p.value))
           WHEN 'brake' THEN lower(p.value) = lower(agent)
           WHEN 'user' THEN p.value = person::text
           END
$$ LANGUAGE sql STABLE;
