"""The labelled set: relevance, wishes to stop, and renderings, and the program that measures the model with it."""
