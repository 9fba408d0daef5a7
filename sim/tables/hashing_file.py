"""Files that make a check sum of what is written to them."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Protocol


class Digest(Protocol):
    """What makes a check sum of bytes, as `hashlib` has it."""

    def update(self, data: Any, /) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Return the sum of all bytes so far, in hexadecimal digits."""


class Crc32:
    """CRC-32, many times as fast as SHA-256: it finds damage, and nobody's intention."""

    def __init__(self) -> None:
        self._sum = 0

    def update(self, data: Any, /) -> None:
        """Take more bytes."""
        self._sum = zlib.crc32(data, self._sum)

    def hexdigest(self) -> str:
        """Return the sum of all bytes so far, in hexadecimal digits."""
        return f"{self._sum:08x}"


class HashingFile:
    """A binary file that knows a check sum and the number of the bytes written to it.

    It is written from its beginning to its end and cannot seek. Arrow's writers take it as a file,
    and its `close` closes nothing.
    """

    def __init__(self, raw: Any, digest: Digest | None = None) -> None:
        """Write to an open binary file, which stays open; bytes before this moment do not count.

        `digest` makes the check sum; SHA-256 if left out.
        """
        self._raw: Any = raw
        self._digest: Digest = digest or hashlib.sha256()
        self._footer: Any = None
        self._is_over = False
        self.bytes = 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Write what has a buffer, and return how many bytes that were."""
        view = memoryview(data).cast("B")
        if self._is_over:
            return len(view)
        self._digest.update(view)
        if self._footer is not None:
            self._footer.update(view)
        self._raw.write(view)
        self.bytes += len(view)
        return len(view)

    def end(self) -> None:
        """Drop what is written from now on, as Arrow's buffers do when they are thrown away."""
        self._is_over = True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.bytes

    def flush(self) -> None:
        """Do nothing: nothing waits here, and what holds the file open flushes it."""

    def readable(self) -> bool:
        """Whether it can be read: no."""
        return False

    def writable(self) -> bool:
        """Whether it can be written to: yes."""
        return True

    def seekable(self) -> bool:
        """Whether it can be written to in another order: no."""
        return False

    def begin_footer(self) -> None:
        """Begin the footer: what is written from now on is hashed by itself too."""
        self._footer = hashlib.sha256()

    @property
    def footer_sha256(self) -> str:
        """The SHA-256 of what was written since `begin_footer`."""
        return str(self._footer.hexdigest())

    def close(self) -> None:
        """Leave the closing to whoever opened the file."""

    @property
    def digest(self) -> str:
        """The check sum of all that was written, in hexadecimal digits."""
        return self._digest.hexdigest()

    @property
    def sha256(self) -> str:
        """The check sum where it is SHA-256, as it is if no other was asked for."""
        return self.digest
