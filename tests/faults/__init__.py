"""The path under fire: real function processes, and what breaks them from outside."""
