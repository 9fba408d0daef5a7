"""What README and a guide say of `reports/`: sentences and numbers, taken from the files there."""

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
# Whose tasks the guide shows.
_TASKS_OF = {
    "coders": "people who code with an agent",
    "laboratory": "a laboratory that runs SWE-bench",
    "pool-large": "the large pool",
}
_QUANTILES = ("p50", "p90", "p99")
_ITEM = re.compile(r"<li>(.*?)</li>", re.DOTALL)


def answer() -> str:
    """Return the short answer of `reports/index.html` as a list, and what would settle it."""
    page = (REPORTS / "index.html").read_text(encoding="utf-8")
    (listed,), (settles,) = _ANSWER.findall(page), _SETTLES.findall(page)
    sentences = [*_ITEM.findall(listed), settles]
    return "".join(f"* {_plain(sentence)}\n" for sentence in sentences)


def accounts() -> str:
    """Return what half of the accounts of each group have, beside the mean, as a sentence."""
    said = [
        f"of `{group}` {float(row['p50']):,.0f} (mean {float(row['mean']):,.0f})"
        for group, row in _exchanges_per("account").items()
        if int(row["units"]) >= _FEWEST and group != OTHERS
    ]
    return (
        "Half of the accounts have at most so many exchanges: "
        f"{', '.join(said[:-1])} and {said[-1]}.\n"
    )


def exchanges_per_task() -> str:
    """Return the mean and median of an account of the large pool, and a table of tasks."""
    pool = _exchanges_per("account")["pool-large"]
    tasks = _exchanges_per("task")
    rows = [
        [said, *(f"{float(tasks[group][column]):,.0f}" for column in _QUANTILES)]
        for group, said in _TASKS_OF.items()
    ]
    lines = [["per task, at a tenth", *_QUANTILES], ["---"] * (1 + len(_QUANTILES)), *rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return (
        "A mean says little about these. In the same scenario at a tenth (`make demo`) the large "
        f"pool has {float(pool['mean']):,.0f} exchanges an account\nin the mean, and its median "
        f"account has {float(pool['p50']):,.0f}:\n\n{table}"
    )


def _exchanges_per(unit: str) -> dict[str, dict[str, str]]:
    """Return the exchanges per task or account by group, in the order of the chart."""
    path = REPORTS / "charts" / "exchange-distributions.csv"
    with path.open(encoding="utf-8") as lines:
        return {row["group"]: row for row in csv.DictReader(lines) if row["unit"] == unit}


def _plain(html: str) -> str:
    """Return a piece of a page as text in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


BLOCKS: dict[str, Callable[[], str]] = {
    "answer": answer,
    "accounts": accounts,
    "exchanges per task": exchanges_per_task,
}
