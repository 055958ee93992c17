-- known_sids.sql: which of Twilio's ids belong to texts whose outcome is known.
SELECT twilio_message_sid FROM messages WHERE twilio_message_sid = ANY (%(sids)s::text[])
