"""What README says of `reports/`: its sentences and numbers, taken from the files there."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

from sim.reporting.run_charts.shown import OTHERS

REPORTS = Path(__file__).parents[1] / "reports"
_ANSWER = re.compile(r'<ul class="answer">(.*?)</ul>', re.DOTALL)
_SETTLES = re.compile(r'<p class="settle"><strong>.*?</strong>(.*?)</p>', re.DOTALL)
# Groups of fewer accounts have no half worth a word.
_FEWEST = 20
_ITEM = re.compile(r"<li>(.*?)</li>", re.DOTALL)


def answer() -> str:
    """Return the short answer of `reports/index.html` as a list, and what would settle it."""
    page = (REPORTS / "index.html").read_text(encoding="utf-8")
    (listed,), (settles,) = _ANSWER.findall(page), _SETTLES.findall(page)
    sentences = [*_ITEM.findall(listed), settles]
    return "".join(f"* {_plain(sentence)}\n" for sentence in sentences)


def accounts() -> str:
    """Return what half of the accounts of each group have, beside the mean, as a sentence."""
    with (REPORTS / "charts" / "exchange-distributions.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["unit"] == "account"]
    said = [
        f"of `{row['group']}` {float(row['p50']):,.0f} (mean {float(row['mean']):,.0f})"
        for row in rows
        if int(row["units"]) >= _FEWEST and row["group"] != OTHERS
    ]
    return (
        "Half of the accounts have at most so many exchanges: "
        f"{', '.join(said[:-1])} and {said[-1]}.\n"
    )


def _plain(html: str) -> str:
    """Return a piece of a page as text in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


BLOCKS: dict[str, Callable[[], str]] = {"answer": answer, "accounts": accounts}
