-- list_due_confirmations.sql: list the opt-outs of these numbers whose confirmation is due and not claimed (R11).
SELECT o.id, o.user_id
  FROM orchestrator.opt_outs o
 WHERE o.phone_number = ANY (%(phone_number)s::text[]) AND o.ended_at IS NULL AND o.user_id IS NOT NULL
   AND o.confirm_until > %(now)s AND o.confirmation_id IS NULL
