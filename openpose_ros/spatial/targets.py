"""Whom a robot may be told to follow; nothing heavy, as parameters are read from it."""

TARGETS = ('nearest', 'most_central', 'id')
