-- A person may revoke by e-mail, on the phone or on a web page; an operator records it (R11, 47 CFR 64.1200(a)(10)).
-- What the operator wrote about it, and when; null where the person sent a text.
ALTER TABLE orchestrator.opt_outs ADD COLUMN note text;
ALTER TABLE orchestrator.opt_outs ADD COLUMN recorded_at timestamptz;
