"""Processes that are measured: each prints `ready`, waits for a line, works, and prints its seconds."""
