"""`python -m tests.torture PART [OPTIONS]`: a part is a module of this folder with a `main`."""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = ("scenarios",)

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
        sys.exit(f"name a part: {', '.join(PARTS)}")
    sys.exit(import_module(f"tests.torture.{sys.argv[1]}").main(sys.argv[2:]))
