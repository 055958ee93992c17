"""Measurements, side by side with the other way of doing it."""
