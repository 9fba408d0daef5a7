"""The errors that a user can meet, each with the exit code that the command line gives it."""

from __future__ import annotations

import errno

# What the system says when a disk is full.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class SimError(Exception):
    """A run could not be carried out; the message says where, what was found, and the remedy."""

    exit_code = 1


class InvalidInputError(SimError):
    """The scenario or the call is invalid; nothing was written."""

    exit_code = 2


class CheckFailedError(SimError):
    """A check that the user asked for did not hold."""

    exit_code = 3
