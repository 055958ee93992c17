-- When an opt-out took effect, beside when it came (R11, R15); null of those from before the column.
ALTER TABLE orchestrator.opt_outs ADD COLUMN IF NOT EXISTS stored_at timestamptz;
