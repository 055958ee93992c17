-- read_due_confirmation.sql: return to which number the confirmation of an opt-out goes, and until when. No row where it
-- is claimed, too late, or no longer due: the person wrote START, or has another number (R11).
SELECT o.phone_number, o.confirm_until
  FROM orchestrator.opt_outs o
  JOIN users u ON u.id = o.user_id AND orchestrator.e164(u.phone_number) = o.phone_number
 WHERE o.id = %(opt_out_id)s AND o.ended_at IS NULL AND o.confirm_until > %(now)s AND o.confirmation_id IS NULL
