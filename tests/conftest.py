"""Fixtures that several test files share."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "fast", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fast")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep SIM_ variables of the developer's shell out of the tests."""
    for name in [name for name in os.environ if name.startswith("SIM_")]:
        monkeypatch.delenv(name)
