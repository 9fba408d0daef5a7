"""What all speed ratios share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.records import record


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Any:
    def printed(title: str, text: str) -> None:
        with capsys.disabled():
            print(f"\n{title}\n\n{text}")  # noqa: T201 - what the benchmark is for
        record("performance", {title: text})

    return printed
