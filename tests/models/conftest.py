"""Fixtures of all tests of models."""

from tests.models.known import cache, know

__all__ = ['cache', 'know']
