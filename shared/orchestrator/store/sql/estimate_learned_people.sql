-- estimate_learned_people.sql: estimate how many people there are of whom something is learned; -1 where it is not known.
SELECT reltuples FROM pg_class WHERE oid = 'orchestrator.answer_hours'::regclass
