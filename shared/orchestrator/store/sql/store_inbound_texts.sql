-- store_inbound_texts.sql: store inbound texts in the conversations of the people who have these numbers now; a text
-- that is not new changes nothing. Texts of unknown senders are kept aside. A text that counts as conversation is linked
-- to what it answers: the newest open question, or else our last text. Returns each text with its person and its
-- classification.
WITH texts AS (
    SELECT t.*, least(t.received_at, %(now)s) AS wrote_at
      FROM unnest(%(inbound_id)s::uuid[], %(sid)s::text[], %(phone_number)s::text[], %(body)s::text[],
                  %(content)s::text[], %(media)s::text[], %(kind)s::text[], %(judged_by)s::text[], %(is_sms)s::boolean[],
                  %(received_at)s::timestamptz[], %(new_conversation_id)s::uuid[], %(is_new)s::boolean[])
        AS t (inbound_id, sid, phone_number, body, content, media, kind, judged_by, is_sms, received_at,
              new_conversation_id, is_new)
), texts_of_people AS (
    SELECT t.*, u.id AS user_id,
           -- YES of a person who was opted out until now is START; of any other person it is an answer. A text of a
           -- person who is opted out needs no classification: nothing goes to them anyway. Neither does a text from
           -- before a STOP or a START that came earlier.
           CASE WHEN t.kind = 'yes' AND ended_opt_out.id IS NOT NULL THEN 'start'
                WHEN t.kind = 'yes' OR (
                     t.kind = 'unjudged' AND (
                         EXISTS (SELECT FROM orchestrator.opt_outs_of(u.id, t.phone_number))
                         OR EXISTS (
                             SELECT FROM orchestrator.readings later
                              WHERE later.phone_number = t.phone_number AND later.kind = 'start'
                                AND later.received_at >= t.received_at
                         )
                     )
                 ) THEN 'conversation'
                ELSE t.kind END AS final_kind,
           -- An automatic answer of the other side may be any words. What gives it away is that they come again (R4).
           t.is_sms AND NOT (
               t.body <> '' AND orchestrator.words_of(t.body) = coalesce(
                   lag(orchestrator.words_of(t.body)) OVER (PARTITION BY u.id ORDER BY t.received_at, t.sid),
                   previous.words,
                   ''
               )
           ) AS opens_window,
           coalesce(open.id, first_value(t.new_conversation_id) OVER (PARTITION BY u.id ORDER BY t.received_at, t.sid))
               AS conversation_id
      FROM texts t
     CROSS JOIN LATERAL (
            -- Of the people who share a phone, the person whom we texted last.
            SELECT p.user_id AS id
              FROM orchestrator.people_of(t.phone_number) p
             ORDER BY orchestrator.texted_at(p.user_id, t.phone_number) DESC NULLS LAST, p.user_id
             LIMIT 1
           ) u
      LEFT JOIN LATERAL orchestrator.open_conversation(u.id, t.phone_number) open ON true
      LEFT JOIN LATERAL (
            SELECT id FROM orchestrator.opt_outs
             WHERE phone_number = t.phone_number AND ended_at = t.received_at
             LIMIT 1
           ) ended_opt_out ON true
      LEFT JOIN LATERAL (
            SELECT orchestrator.words_of(m.content) AS words
              FROM messages m
             WHERE m.user_id = u.id AND m.direction = 'inbound' AND m.role = 'user' AND m.created_at <= t.wrote_at
             ORDER BY m.created_at DESC
             LIMIT 1
           ) previous ON true
     WHERE t.is_new
), links AS (
    SELECT p.inbound_id, questions.ids AS may_answer,
           CASE WHEN questions.ids IS NULL THEN coalesce(questions.newest, last.message_id) END AS in_reply_to
      FROM (
            SELECT t.*,
                   -- An earlier text of the batch has answered what was open.
                   row_number() OVER (PARTITION BY t.user_id ORDER BY t.received_at, t.sid) > 1 AS follows
              FROM texts_of_people t
             WHERE t.final_kind IN ('conversation', 'unjudged') AND t.opens_window
           ) p
     CROSS JOIN LATERAL (
            SELECT (array_agg(of_agent.message_id))[1] AS newest,  -- of one agent alone
                   CASE WHEN count(*) > 1
                        THEN array_agg(of_agent.message_id ORDER BY of_agent.asked_at DESC, of_agent.message_id DESC)
                   END AS ids
              FROM (
                    SELECT DISTINCT ON (q.agent_id) q.message_id, q.asked_at
                      FROM orchestrator.open_questions(
                               p.user_id, %(not_conversation)s::text[], p.wrote_at - %(open_for)s::interval, p.wrote_at
                           ) q
                     WHERE NOT p.follows
                     ORDER BY q.agent_id, q.asked_at DESC, q.message_id DESC
                   ) of_agent
           ) questions
      LEFT JOIN LATERAL orchestrator.last_text_to(p.user_id, p.wrote_at) last ON true
), new_conversations AS (
    INSERT INTO conversations (id, user_id, phone_number, status, created_at, updated_at, last_message_at)
    SELECT DISTINCT ON (conversation_id) conversation_id, user_id, phone_number, 'active', wrote_at, %(now)s,
           max(wrote_at) OVER (PARTITION BY conversation_id)
      FROM texts_of_people
     ORDER BY conversation_id, received_at
        ON CONFLICT (id) DO NOTHING
), new_texts AS (
    INSERT INTO messages (id, conversation_id, user_id, role, content, direction, twilio_message_sid, status,
                          created_at)
    SELECT inbound_id, conversation_id, user_id, 'user', content, 'inbound', sid, 'received', wrote_at
      FROM texts_of_people
     ORDER BY received_at, sid
        -- A text that was stored before ids were registered.
        ON CONFLICT (id) DO NOTHING
    RETURNING id
), classifications AS (
    INSERT INTO orchestrator.readings (inbound_id, user_id, phone_number, kind, judged_by, received_at, opens_window,
                                       in_reply_to, may_answer)
    SELECT p.inbound_id, user_id, phone_number, final_kind, judged_by, received_at, opens_window, l.in_reply_to,
           l.may_answer
      FROM texts_of_people p
      LEFT JOIN links l ON l.inbound_id = p.inbound_id
     WHERE p.inbound_id IN (SELECT id FROM new_texts)
), new_media AS (
    INSERT INTO orchestrator.media (inbound_id, place, url, content_type)
    SELECT p.inbound_id, m.place, m.item->>'url', m.item->>'content_type'
      FROM texts_of_people p
     CROSS JOIN LATERAL jsonb_array_elements(p.media::jsonb) WITH ORDINALITY AS m (item, place)
     WHERE p.inbound_id IN (SELECT id FROM new_texts)
), conversation_times AS (
    UPDATE conversations c
       SET last_message_at = greatest(c.last_message_at, last.at), updated_at = %(now)s
      FROM (SELECT conversation_id, max(wrote_at) AS at FROM texts_of_people GROUP BY conversation_id) AS last
     WHERE c.id = last.conversation_id
), activity_times AS (
    UPDATE users u
       SET last_active_at = greatest(u.last_active_at, last.at)
      FROM (SELECT user_id, max(wrote_at) AS at FROM texts_of_people GROUP BY user_id) AS last
     WHERE u.id = last.user_id
), reachable_numbers AS (
    -- A phone that writes can be reached.
    DELETE FROM orchestrator.numbers n USING texts_of_people p
     WHERE n.phone_number = p.phone_number AND n.changed_at <= p.wrote_at
), texts_of_unknown_senders AS (
    INSERT INTO orchestrator.strangers (sid, phone_number, body, media, received_at)
    SELECT sid, phone_number, body, media::jsonb, received_at
      FROM texts
     WHERE is_new AND NOT EXISTS (SELECT FROM orchestrator.people_of(texts.phone_number))
        ON CONFLICT (sid) DO NOTHING
), events AS (
    INSERT INTO orchestrator.events (target, type, user_id, message_id, detail, at)
    SELECT targets.target, 'reply.received', user_id, p.inbound_id,
           jsonb_build_object(
               'conversation_id', conversation_id, 'kind', final_kind, 'in_reply_to', l.in_reply_to,
               'agent_id', (SELECT m.agent_id FROM message_queue m WHERE m.id = l.in_reply_to),
               'candidates', (
                   SELECT jsonb_agg(jsonb_build_object('message_id', m.id, 'agent_id', m.agent_id) ORDER BY c.place)
                     FROM unnest(l.may_answer) WITH ORDINALITY AS c (id, place)
                     JOIN message_queue m ON m.id = c.id
               )
           ),
           wrote_at
      FROM texts_of_people p
      LEFT JOIN links l ON l.inbound_id = p.inbound_id
     CROSS JOIN (
            SELECT 'bus' AS target WHERE EXISTS (SELECT FROM orchestrator.event_bus)
             UNION ALL
            SELECT target FROM orchestrator.reply_targets
           ) targets
     WHERE p.inbound_id IN (SELECT id FROM new_texts)
)
SELECT t.inbound_id, coalesce(p.user_id, stored.user_id) AS user_id, t.phone_number,
       coalesce(stored.kind, p.final_kind) AS kind, coalesce(stored.received_at, t.received_at) AS received_at, t.is_new
  FROM texts t
  LEFT JOIN texts_of_people p ON p.inbound_id = t.inbound_id
  LEFT JOIN orchestrator.readings stored ON stored.inbound_id = t.inbound_id
