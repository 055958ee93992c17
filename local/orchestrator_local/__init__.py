"""The whole stack on one machine, made of real parts: to try it, to demonstrate it and to test it."""
