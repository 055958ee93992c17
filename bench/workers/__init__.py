"""Programs that run in measured processes: each prints `ready`, waits for a line, works, and prints its seconds."""
