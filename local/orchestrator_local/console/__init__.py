"""The console of `make local`: a page that shows the stack and acts on it."""
