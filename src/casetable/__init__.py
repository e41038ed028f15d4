"""casetable keeps a review of published cases in git and rebuilds its table, byte for byte."""

__version__ = "0.1.0"
