"""The version, for everything that says it; package.xml repeats it, and a test compares them."""

__version__ = '0.1.0'
