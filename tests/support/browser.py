"""The Chromium in which the page is tested: found, or else installed by `make browser`.

One on the PATH is taken first, then that of playwright. Tests fail without one; a check that is
silently skipped is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "the tests of the page need a Chromium: `make browser` installs one, or do it by hand with "
    "`apt-get install chromium` or `playwright install chromium`"
)
_APT = (
    ("apt-get", "update"),
    ("apt-get", "install", "--yes", "--no-install-recommends", "chromium"),
)
_PLAYWRIGHT = ((sys.executable, "-m", "playwright", "install", "chromium"),)


def on_path() -> str | None:
    """Return the browser on the PATH, None if there is none."""
    return next((found for found in map(shutil.which, NAMES) if found), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """Give a headless Chromium; raises RuntimeError with what to install if there is none."""
    with sync_playwright() as play:
        found = on_path()
        if found is None and not Path(play.chromium.executable_path).exists():
            raise RuntimeError(MISSING)
        try:
            # Root, in containers, has no sandbox; the only page shown is our own.
            browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except Error as error:
            raise RuntimeError(f"{found or 'Chromium'} does not start: {error}") from error
        try:
            yield browser
        finally:
            browser.close()


def is_there() -> bool:
    """Whether a Chromium is on the PATH or among those of playwright."""
    if on_path() is not None:
        return True
    with sync_playwright() as play:
        return Path(play.chromium.executable_path).exists()


def install() -> bool:
    """Install a Chromium: by apt-get for root, or else by playwright; return whether it is there.

    What fails goes on to the next way, and the tests then say what is missing.
    """
    can_apt = os.geteuid() == 0 and shutil.which("apt-get") is not None
    for way in (_APT, _PLAYWRIGHT) if can_apt else (_PLAYWRIGHT,):
        if all(subprocess.run(command, check=False).returncode == 0 for command in way):
            break
    return is_there()


if __name__ == "__main__":
    if not (is_there() or install()):
        sys.stderr.write(f"{MISSING}\n")
