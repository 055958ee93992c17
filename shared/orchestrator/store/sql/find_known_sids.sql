-- find_known_sids.sql: return which of these Twilio ids the database holds, in settled texts or in attempts.
SELECT twilio_message_sid FROM messages WHERE twilio_message_sid = ANY (%(sids)s::text[])
 UNION
SELECT twilio_message_sid FROM orchestrator.attempts WHERE twilio_message_sid = ANY (%(sids)s::text[])
