-- Predicates that several statements share, each written once, and the register of stored statements.
--
-- Each function is LANGUAGE sql, STABLE, one SELECT that returns rows, without SET: Postgres then plans its body as part
-- of the statement that calls it ("inlines" it), in the same search path, so that the tables of the public schema are
-- found as in the statement itself. A scalar function whose body holds EXISTS is never inlined; that is why a yes-or-no
-- predicate returns rows here and is asked with EXISTS (...).

-- What a person wrote as conversation, up to a time (R4). `keywords` are the whole-body words that are no conversation
-- (STOP, HELP and the like); they come from the caller, because `rules/keywords.py` is their one place.
-- Rows that agents write to themselves (`inbound`, role `system`) are not the person's.
-- A text that is still unread counts: only STOP, START and HELP do not make a person active, and a text is not one of
-- these before it was read as one. What an unread text must hold back, `unread_texts` holds back (R11).
CREATE FUNCTION orchestrator.person_texts(keywords text[], until timestamptz)
RETURNS TABLE (id uuid, user_id uuid, content text, created_at timestamptz) AS $$
    SELECT m.id, m.user_id, m.content, m.created_at
      FROM messages m
     WHERE m.direction = 'inbound' AND m.role = 'user' AND m.created_at <= until
       AND upper(btrim(m.content)) <> ALL (keywords)
       AND NOT EXISTS (
           SELECT FROM orchestrator.readings r WHERE r.inbound_id = m.id AND r.kind NOT IN ('conversation', 'unjudged')
       )
$$ LANGUAGE sql STABLE;

-- A person's texts that are not classified yet: one of them may be a wish to stop, so nothing goes to the person (R11).
CREATE FUNCTION orchestrator.unread_texts(person uuid) RETURNS TABLE (inbound_id uuid) AS $$
    SELECT r.inbound_id FROM orchestrator.readings r WHERE r.user_id = person AND r.kind = 'unjudged'
$$ LANGUAGE sql STABLE;

-- The opt-outs in force for a number or its person (R11).
CREATE FUNCTION orchestrator.opt_outs_of(person uuid, number text) RETURNS TABLE (id uuid, phone_number text) AS $$
    SELECT o.id, o.phone_number
      FROM orchestrator.opt_outs o
     WHERE o.ended_at IS NULL AND (o.phone_number = number OR o.user_id = person)
$$ LANGUAGE sql STABLE;

-- A person's newest budget row, which carries their limits and whether quiet hours hold (R1).
CREATE FUNCTION orchestrator.newest_budget(person uuid)
RETURNS TABLE (date date, daily_limit int, hourly_limit int, quiet_hours_enabled boolean) AS $$
    SELECT b.date, b.daily_limit, b.hourly_limit, b.quiet_hours_enabled
      FROM user_message_budget b
     WHERE b.user_id = person
     ORDER BY b.date DESC
     LIMIT 1
$$ LANGUAGE sql STABLE;

-- The conversation that a text to or from a person on a number joins.
CREATE FUNCTION orchestrator.open_conversation(person uuid, number text) RETURNS TABLE (id uuid) AS $$
    SELECT c.id
      FROM conversations c
     WHERE c.user_id = person AND c.phone_number = number AND c.status = 'active'
     ORDER BY c.created_at DESC
     LIMIT 1
$$ LANGUAGE sql STABLE;

-- The messages that supersede a message: newer ones of its topic, and those that name it (R9). `sequence` is the
-- message's sequence_id or null. A sequence is as new as its newest part, so that of two overlapping ones only one
-- supersedes the other, and an incomplete sequence supersedes nothing.
CREATE FUNCTION orchestrator.superseders(message uuid, person uuid, about text, published timestamptz, sequence uuid)
RETURNS TABLE (id uuid, published_at timestamptz, why text) AS $$
    SELECT s.id, s.published_at, s.why
      FROM (
            SELECT n.id, n.published_at, n.status, n.reason, n.accepted_at, 'newer_of_topic' AS why
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
            SELECT r.id, r.published_at, r.status, r.reason, r.accepted_at, 'replaced'
              FROM message_queue r
             WHERE r.supersedes_message_id = message AND r.user_id = person
           ) s
     WHERE s.accepted_at IS NOT NULL AND s.status IN ('queued', 'approved', 'sending', 'sent')
       AND s.reason IS DISTINCT FROM 'sequence_incomplete'
$$ LANGUAGE sql STABLE;

-- The pauses that stop a message of a lane and an agent to a person at a time (R13). It takes the place of
-- `orchestrator.is_paused`, which Postgres called row by row and which stays for code that still runs.
CREATE FUNCTION orchestrator.pauses_of(lane text, agent text, person uuid, at timestamptz)
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
           WHEN 'agent' THEN starts_with(agent, p.value)
           WHEN 'brake' THEN p.value = agent
           WHEN 'user' THEN p.value = person::text
           END
$$ LANGUAGE sql STABLE;

-- Triggers on `messages` by which another sender still picks up outbound rows.
CREATE FUNCTION orchestrator.old_sender_triggers() RETURNS TABLE (name text) AS $$
    SELECT t.tgname::text
      FROM pg_trigger t
      JOIN pg_proc p ON p.oid = t.tgfoid
     WHERE t.tgrelid = to_regclass('messages') AND NOT t.tgisinternal
       AND p.prosrc ~* '(queued_for_send|pg_notify)'
$$ LANGUAGE sql STABLE;

-- The functions that `store/stored_statements.py` made of statements. One that a migrate no longer needed is dropped by
-- a migrate that comes 30 days later: until then a deploy that goes back finds it.
CREATE TABLE orchestrator.stored_statements (
    function_name text PRIMARY KEY,
    unneeded_since timestamptz            -- the first migrate that did not need it; null while it is needed
);
