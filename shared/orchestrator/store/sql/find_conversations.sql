-- find_conversations.sql: whose conversations these are.
SELECT id, user_id FROM conversations WHERE id = ANY (%(conversation_ids)s::uuid[])
