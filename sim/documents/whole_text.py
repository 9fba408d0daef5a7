"""Writing a file of text that is there when it is whole, and not before."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write text to a file in UTF-8; its folder is made if it is missing.

    A file of the same name is replaced when all is written, and stays as it is if that fails.
    Devices, pipes and links are written through.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode()
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_bytes(content)
        return

    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
