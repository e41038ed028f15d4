"""What ends a command: errors, each with the exit code it stands for.

A *problem* with the review is a value (`casetable.problems`); an *error* means that we cannot go on.
"""


class CasetableError(Exception):
    """Base of all errors that a user is told in one plain sentence."""

    exit_code = 2


class UsageError(CasetableError):
    """What was asked cannot be done with this review: an unknown record, a file that exists already."""


class ReviewUnreadableError(CasetableError):
    """The review's files cannot be read well enough for the command; nothing was written."""


class SourceError(CasetableError):
    """A source could not be reached or gave no usable answer."""

    exit_code = 4


class SourceRefusedError(CasetableError):
    """A source answered, and repeating the request cannot help: a wrong key, a faulty strategy."""

    exit_code = 2
