"""Whether a file still is what the manifest says, as far as every reader can afford to look.

A file of up to a megabyte is hashed whole. Of a larger one its size is compared, and of Parquet the
footer; checksums of pages are Arrow's to check, for those that it reads. Large files of CSV or JSON
lines are hashed by `sim verify` alone.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sim.tables.formats import FileRecord

SMALL_BYTES = 1 << 20
_CHUNK = 1 << 20
OTHER_BYTES = "has the right size but other bytes than the manifest says"
# Length of the footer in 4 bytes, then a word of 4.
_END_BYTES = 8


def other_size(size: int, record: FileRecord) -> str | None:
    """Say that a file has not the size that it was written with; None if it has."""
    if size == record.bytes:
        return None
    return f"has {size:,} bytes, the manifest says {record.bytes:,}"


def seen_damage(file: Any, record: FileRecord) -> str | None:
    """Say what is wrong with a file that is open for reading; None if nothing can be seen.

    None is no proof for large files: bytes that were changed in the middle of one are found by the
    page checksums of Parquet, or by `sim verify` alone.

    Parameters
    ----------
    file
        Open for reading of bytes, with `seek`. It is left at its beginning.
    record
        What the manifest says of it.
    """
    size = file.seek(0, 2)
    wrong = other_size(size, record)
    if wrong is None and size <= SMALL_BYTES:
        wrong = _other_bytes(file, 0, record.sha256)
    elif wrong is None and record.footer is not None:
        file.seek(size - _END_BYTES)
        length = int.from_bytes(file.read(4), "little")
        wrong = _other_bytes(file, max(size - _END_BYTES - length, 0), record.footer)
    file.seek(0)
    return wrong


def _other_bytes(file: Any, begin: int, sha256: str) -> str | None:
    """Say that the bytes from `begin` to the end have another hash; None if they have this one."""
    file.seek(begin)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return None if digest.hexdigest() == sha256 else OTHER_BYTES
