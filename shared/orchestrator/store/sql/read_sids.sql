-- read_sids.sql: Twilio's ids of the texts to and from a person that are not known to be deleted there.
SELECT twilio_message_sid FROM messages WHERE user_id = %(user_id)s AND twilio_message_sid IS NOT NULL
 UNION
SELECT twilio_message_sid FROM orchestrator.attempts WHERE user_id = %(user_id)s AND twilio_message_sid IS NOT NULL
