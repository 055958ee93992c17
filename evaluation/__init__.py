"""The labelled set (relevance, stop requests, renderings), and the program that measures the model with it."""
