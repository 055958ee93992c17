-- find_conversation_owners.sql: return the person of each of these conversations.
SELECT id, user_id FROM conversations WHERE id = ANY (%(conversation_ids)s::uuid[])
