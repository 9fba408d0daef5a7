"""Readers at sockets of this machine: one that connects, or one that listens."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sim.errors import SimError
from sim.replay.addresses import Address
from sim.replay.reader import Reader

# How long a reader is waited for that has been told of the end.
PATIENCE_S = 5.0
_REMEDIES = {
    errno.EADDRINUSE: "; give another address, or end what is there",
    errno.ECONNREFUSED: "; start its reader first",
}


@contextlib.contextmanager
def reader_that_comes(address: Address, tell: Callable[[Address], None]) -> Iterator[Reader]:
    """Listen at an address until one reader has connected; others are refused.

    Parameters
    ----------
    address
        Where to listen.
    tell
        Is told where, once a reader can come: with the port that the system chose in place of 0.

    Raises
    ------
    SimError
        If the address is taken, or cannot be had.
    """
    with contextlib.ExitStack() as until_it_came:
        listener = until_it_came.enter_context(_socket(address))
        if address.family != socket.AF_UNIX:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with _saying(f"cannot listen at {address}"):
            listener.bind(address.where)
            listener.listen(1)

        if isinstance(address.where, str):
            until_it_came.callback(Path(address.where).unlink, missing_ok=True)
            tell(address)
        else:
            tell(Address(address.family, listener.getsockname()[:2]))
        connection, _ = listener.accept()
    with _reading(connection) as reader:
        yield reader


@contextlib.contextmanager
def reader_at(address: Address) -> Iterator[Reader]:
    """Connect to a reader that listens at an address.

    Raises
    ------
    SimError
        If none does.
    """
    connection = _socket(address)
    try:
        with _saying(f"cannot connect to {address}"):
            connection.connect(address.where)
    except BaseException:
        connection.close()
        raise
    with _reading(connection) as reader:
        yield reader


@contextlib.contextmanager
def _reading(connection: socket.socket) -> Iterator[Reader]:
    """Give the reader behind a connection, and tell it at the end that this is the end.

    Then it is waited for, but not long: what it has yet to read is left to the system. Only if it
    says something after that, its last lines may be lost.
    """
    with connection:
        yield Reader(connection.send, connection.fileno())
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            patient_until = time.monotonic() + PATIENCE_S
            while (left_s := patient_until - time.monotonic()) > 0:
                connection.settimeout(left_s)
                if not connection.recv(65_536):  # nothing that a reader says matters
                    break


def _socket(address: Address) -> socket.socket:
    return socket.socket(address.family, socket.SOCK_STREAM)


@contextlib.contextmanager
def _saying(what: str) -> Iterator[None]:
    """Turn an error of the system into one that says what could not be done."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "")
        raise SimError(f"{what}: {error.strerror or error}{remedy}") from error
