"""A page to look at: a quick analysis with tables and charts that stand in for the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sim.comparison.analysis import SECTIONS, Analysis, analyse
from sim.comparison.tables import Cell, Column, Table
from sim.reporting.page import page

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
FINDINGS = (
    "the count alone moves the odds between the two explanations by less than ten to one",
    f"nobody has published what {EVIL} would need",
)
_WORDS = "what the source does not say, at such a length that the cell has to be wrapped in lines "

SVG = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="756pt" height="200pt" viewBox="0 0 756 200"
  xmlns="http://www.w3.org/2000/svg" version="1.1">
 <metadata><a xmlns="http://example.org/ns" about="http://example.org/">x</a></metadata>
 <defs><style type="text/css">*{stroke-linejoin: round} #glyph{color: #abc}</style>
  <path id="glyph" d="M 0 0 L 20 0 L 20 20 z"/>
  <clipPath id="abc"><rect x="0" y="0" width="700" height="150"/></clipPath></defs>
 <g id="figure_1" clip-path="url(#abc)" style="clip-path: url('#abc')">
  <use xlink:href="#glyph" x="40" y="40"/><use href="#glyph" x="90" y="40" fill="#abc"/>
  <rect x="10" y="80" width="600" height="30" style="fill: #1f5a8a"/></g>
</svg>
"""


@dataclass(frozen=True)
class Picture:
    """A chart."""

    id: str
    section: str
    title: str
    alt: str
    subtitle: str = f"how to read it {EVIL}"
    source: str = "where it comes from"

    def body(self) -> str:
        return SVG

    def csv(self) -> str:
        return f"name,n\n{self.id},1\n"


def quick_analysis() -> Analysis:
    """An analysis without draws of explanations: half a second."""
    return analyse(draws=200, sections=("claims", "critique", "benchmark-runs", "priors"))


def stand_in_tables() -> tuple[Table, ...]:
    """A short table for every section, and a long, a wide and a wordy one."""
    short = (Column("name", "name"), Column("n", "how many", "exchanges, C2", "count"))
    rows: tuple[tuple[Cell, ...], ...] = (("benchmarking", 150_000), ("extraction", 3_400_000.0))
    made = [
        Table(f"of-{x}", x, f"what {x} says in short", short, rows, ("a note",)) for x in SECTIONS
    ]
    odds = (Column("known", "known"), Column("ratio", "ratio", "log10", "odds"))
    many = tuple((f"count and {k}", k / 100 - 1) for k in range(200))
    made.append(Table("long", "odds", "a long table is folded", odds, many))
    made.append(Table("folded", "odds", "a folded table is printed", odds, many[:40]))
    wide = (
        Column("model", "model"),
        *(Column(f"c{k}", f"share {k}", "", "share") for k in range(30)),
    )
    shares: list[tuple[Cell, ...]] = [
        (f"model {m}", *(k / 30 for k in range(30))) for m in range(4)
    ]
    left_out = tuple(f"c{k}" for k in range(8, 30))
    made.append(Table("wide", "needed", "a wide table scrolls", wide, tuple(shares), (), left_out))
    cited = (Column("dial", "dial"), Column("status", "status"), Column("source", "source"))
    priors: list[tuple[Cell, ...]] = [
        (f"dial {k} {_WORDS * (k % 3)}", status, EVIL) for k, status in enumerate(_STATUSES)
    ]
    made.append(Table("cited", "priors", f"everything has a status {EVIL}", cited, tuple(priors)))
    return tuple(made)


_STATUSES = ("measured", "reported", "prior", "prior", None)


def stand_in_charts() -> tuple[Picture, ...]:
    """Three charts, two of them in one section, all with the same ids inside."""
    return tuple(
        Picture(id_, section, f"the chart of {id_} {EVIL}", f"{id_}: what it shows {EVIL}")
        for id_, section in (("runs", "benchmark-runs"), ("odds", "odds"), ("growing", "odds"))
    )


@cache
def stand_in_page() -> str:
    """The page of all of these."""
    return page(quick_analysis(), stand_in_tables(), FINDINGS, stand_in_charts())


def written(folder: Path) -> Path:
    """The page as a file."""
    path = folder / "page.html"
    path.write_text(stand_in_page(), encoding="utf-8")
    return path
