-- find_settled_sids.sql: return which of these Twilio ids belong to texts whose outcome is settled.
SELECT twilio_message_sid FROM messages WHERE twilio_message_sid = ANY (%(sids)s::text[])
