"""A mutation run: changes the code in one place, runs the tests that reach it, and counts which changes they notice."""
