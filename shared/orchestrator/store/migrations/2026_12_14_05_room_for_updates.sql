-- Each text updates its attempt and its conversation once. With room for the next version of each row on the same page
-- (heap-only tuples), no index is written, and pruning replaces vacuum. A wave of fifty writes neighbouring rows, so that
-- half of the page must be free. It applies to pages that are written from now on, and rewrites none.
ALTER TABLE orchestrator.attempts SET (fillfactor = 50);
ALTER TABLE conversations SET (fillfactor = 50);
