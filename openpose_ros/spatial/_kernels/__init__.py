"""Compiled loops over depth images; as in the parser, arrays and scalars only, unchecked."""
