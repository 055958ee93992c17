"""The labelled set: whether waiting messages still make sense, and how findings read as texts."""
