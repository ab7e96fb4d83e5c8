"""
Every compiled loop of PoseNet's decoder: arrays and scalars only, no checks of arguments.

As in the parser for part affinity fields: signatures are explicit, and everything is compiled, or
taken from Numba's cache, when this package is first imported. Positions are in pixels of the
network's input, (0, 0) the centre of the first cell, and float64 as in the reference.
"""
