-- find_recovered_sids.sql: which of Twilio's ids this database knows, of settled texts and of others.
SELECT twilio_message_sid FROM messages WHERE twilio_message_sid = ANY (%(sids)s::text[])
 UNION
SELECT twilio_message_sid FROM orchestrator.attempts WHERE twilio_message_sid = ANY (%(sids)s::text[])
