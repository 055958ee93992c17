"""The operator's console: pages about one stack, served on the operator's own machine."""
