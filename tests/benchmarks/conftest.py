"""What all speed ratios share."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Any:
    def printed(title: str, text: str) -> None:
        with capsys.disabled():
            print(f"\n{title}\n\n{text}")  # noqa: T201 - what the benchmark is for

    return printed
