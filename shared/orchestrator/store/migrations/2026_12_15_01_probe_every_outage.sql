-- An outage that began while anything else was paused was stored without a count of its probes: nothing probed it, and
-- only an operator could end it. One that is still there is probed from now on. No other pause of a provider is endless.
UPDATE orchestrator.pauses
   SET probes = 0, probe_at = coalesce(probe_at, paused_at)
 WHERE scope = 'provider' AND ends_at IS NULL AND probes IS NULL;
