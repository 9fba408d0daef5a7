"""The page that shows a run on several machines: its commands, given word by word."""

from __future__ import annotations

import pytest

from tools.cluster_example import PAGE, machines_of, run_page
from tools.examples import matches


def test_every_machine_has_something_to_do() -> None:
    assert machines_of(PAGE.read_text(encoding="utf-8")) == {
        "store": 1,
        "scheduler": 1,
        "first": 3,
        "second": 2,
        "here": 18,
    }


@pytest.mark.verify
def test_the_commands_print_what_is_shown() -> None:
    for example in run_page():
        printed = "\n".join(example.printed)
        said = f"{example.source}\n{printed}\n(python -m tools.cluster_example rewrites it)"
        assert matches(example.printed, example.shown), said
