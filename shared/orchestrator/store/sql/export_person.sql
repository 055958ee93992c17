-- export_person.sql: return everything that the database holds about a person, as one JSON document.
SELECT jsonb_build_object(
           'user', to_jsonb(u),
           'conversations', (
               SELECT jsonb_agg(to_jsonb(c) ORDER BY c.created_at) FROM conversations c WHERE c.user_id = u.id
           ),
           'messages', (SELECT jsonb_agg(to_jsonb(m) ORDER BY m.created_at) FROM messages m WHERE m.user_id = u.id),
           'readings', (
               SELECT jsonb_agg(to_jsonb(r) ORDER BY r.received_at) FROM orchestrator.readings r WHERE r.user_id = u.id
           ),
           'media', (
               SELECT jsonb_agg(to_jsonb(m) ORDER BY m.inbound_id, m.place)
                 FROM orchestrator.media m JOIN orchestrator.readings r ON r.inbound_id = m.inbound_id
                WHERE r.user_id = u.id
           ),
           'message_queue', (
               SELECT jsonb_agg(to_jsonb(m) ORDER BY m.created_at) FROM message_queue m WHERE m.user_id = u.id
           ),
           'timeline', (
               SELECT jsonb_agg(to_jsonb(t) ORDER BY t.id)
                 FROM orchestrator.timeline t JOIN message_queue m ON m.id = t.message_id
                WHERE m.user_id = u.id
           ),
           'relevance', (
               SELECT jsonb_agg(to_jsonb(r) ORDER BY r.judged_at)
                 FROM orchestrator.relevance r JOIN message_queue m ON m.id = r.message_id
                WHERE m.user_id = u.id
           ),
           'attempts', (
               SELECT jsonb_agg(to_jsonb(a) ORDER BY a.started_at) FROM orchestrator.attempts a WHERE a.user_id = u.id
           ),
           'approvals', (
               SELECT jsonb_agg(to_jsonb(a) ORDER BY a.approved_at)
                 FROM orchestrator.approvals a JOIN message_queue m ON m.id = a.message_id
                WHERE m.user_id = u.id
           ),
           'budget', (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.date) FROM user_message_budget b WHERE b.user_id = u.id),
           'opt_outs', (
               SELECT jsonb_agg(to_jsonb(o) ORDER BY o.opted_out_at) FROM orchestrator.opt_outs o
                WHERE o.user_id = u.id OR o.phone_number = orchestrator.e164(u.phone_number)
           ),
           'consents', (
               SELECT jsonb_agg(to_jsonb(c) ORDER BY c.at) FROM orchestrator.consents c WHERE c.user_id = u.id
           ),
           'number_checks', (
               SELECT jsonb_agg(to_jsonb(c) ORDER BY c.asked_at) FROM orchestrator.number_checks c WHERE c.user_id = u.id
           ),
           'number', (SELECT to_jsonb(n) FROM orchestrator.numbers n WHERE n.phone_number = orchestrator.e164(u.phone_number)),
           'agent_tasks', (
               SELECT jsonb_agg(to_jsonb(t) ORDER BY t.created_at) FROM agent_tasks t WHERE t.user_id = u.id
           ),
           'agent_actions_log', (
               SELECT jsonb_agg(to_jsonb(l) ORDER BY l.created_at) FROM agent_actions_log l WHERE l.user_id = u.id
           ),
           'kept_words', (
               SELECT jsonb_agg(to_jsonb(k) ORDER BY k.written_at) FROM orchestrator.kept_words k WHERE k.user_id = u.id
           ),
           'answer_hours', (SELECT to_jsonb(h) FROM orchestrator.answer_hours h WHERE h.user_id = u.id),
           'legal_hold', (SELECT to_jsonb(h) FROM orchestrator.legal_holds h WHERE h.user_id = u.id),
           'events', (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.at) FROM orchestrator.events e WHERE e.user_id = u.id)
       )
  FROM users u
 WHERE u.id = %(user_id)s
