-- read_person_sids.sql: return Twilio's ids of a person's texts that are not known to be deleted at Twilio.
SELECT twilio_message_sid FROM messages WHERE user_id = %(user_id)s AND twilio_message_sid IS NOT NULL
 UNION
SELECT twilio_message_sid FROM orchestrator.attempts WHERE user_id = %(user_id)s AND twilio_message_sid IS NOT NULL
