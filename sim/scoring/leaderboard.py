"""The leaderboard: scores of many detectors over packs and splits, merged into one page."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim.documents.printable import printable
from sim.documents.whole_text import write_whole
from sim.errors import InvalidInputError
from sim.packs.outside import expect_outside
from sim.scoring.figures import Figure, Section
from sim.scoring.score import Score
from sim.scoring.score_files import ScoreFile, read_scores, write_scores
from sim.scoring.summary import worst_of
from sim.scoring.words import interval_words, number_words

# Title, id of the figure, and the section that it stands in.
COLUMNS = (
    ("PR-AUC", "pr_auc"),
    ("ROC-AUC", "auc"),
    ("recall at FPR 1e-2", "recall_at_fpr_1e-2"),
    ("recall at FPR 1e-3", "recall_at_fpr_1e-3"),
    ("campaigns, a tenth of them flagged", "campaign_recall_10"),
    ("accounts detected within 7 days", "detected_within_7_days"),
    ("got away, in parts of what was planned", "got_away_planned"),
)
_TITLE = "# Leaderboard"
_SHOWN = frozenset(id_ for _, id_ in COLUMNS)
# The hard negative that is flagged most has a column too.
_WORST = "FPR of the worst hard negative"
# Splits in the order in which they are shown; others follow by name.
_FIRST = ("campaign", "time", "regime", "world-held-out", "adaptation-held-out")
_LAST = ("random-rows",)


@dataclass(frozen=True, repr=False)
class Leaderboard:
    """Scores of detectors, one for each detector, pack and split, with the figures shown.

    Attributes
    ----------
    scores
        By pack, then split, the best PR-AUC first.
    """

    scores: tuple[Score, ...]

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        packs = {score.pack for score in self.scores}
        return f"<Leaderboard: {len(self)} scores on {len(packs)} packs>"

    def of(self, pack: str, split: str) -> tuple[Score, ...]:
        """Return the scores on a split of a pack, the best PR-AUC first."""
        return tuple(x for x in self.scores if (x.pack, x.split) == (pack, split))

    def to_markdown(self) -> str:
        """Return the page: for each pack an overview over its splits, then a table a split."""
        first = self.scores[0]
        lines = [
            _TITLE,
            "",
            "What detectors find in simulated packs; it says nothing of anybody's traffic. All is "
            f"weighted to a prevalence of {first.prevalence:g}; what is flagged has a rate of "
            f"false positives of {first.fpr:g}. In brackets stand intervals of 95 %, in which "
            "operators and organisations count, not accounts: where two overlap, the order says "
            "little. The worst of many hard negatives looks worse than it is. `-` was not "
            "measured: so few cannot show it, or the detector says nothing of time.",
            "",
            "`sim leaderboard` writes this page of the scores that `sim score` made; a name that "
            "ends in `-truth` learned from the truth, which no provider has.",
            "",
        ]

        for pack in dict.fromkeys(score.pack for score in self.scores):
            lines += self._pack(pack)
        return "\n".join(lines)

    def _pack(self, pack: str) -> list[str]:
        """Return the part of a pack: the overview over its splits, then each of them."""
        mine = [score for score in self.scores if score.pack == pack]
        splits = list(dict.fromkeys(score.split for score in mine))
        lines = [f"## {_plain(pack)}", "", "PR-AUC of each split:", ""]
        found = {(x.detector, x.split): x.find("pr_auc") for x in mine}
        rows = [
            [_code(name), *(_number(found.get((name, split))) for split in splits)]
            for name in dict.fromkeys(score.detector for score in mine)
        ]
        lines += [*_table(["detector", *map(_plain, splits)], rows), ""]

        heads = ["detector", *(title for title, _ in COLUMNS), _WORST]
        for split in splits:
            table = _table(heads, list(map(row_of, self.of(pack, split))))
            lines += [f"### {_plain(split)}", "", *table, ""]
        return lines

    def write(self, place: str | os.PathLike[str]) -> None:
        """Write the page, and beside it the scores as `.json`, to which others can be added.

        Parameters
        ----------
        place
            Ends in `.md`. A leaderboard that is there is replaced, other files are not.

        Raises
        ------
        InvalidInputError
            If one of the two files is no leaderboard, or lies in a run or a pack.
        """
        path = Path(place)
        beside = path.with_suffix(".json")
        expect_outside(os.fspath(place), path)
        _expect_board(path, _is_page)
        _expect_board(beside, _holds_board)
        write_scores(self.scores, beside)
        write_whole(path, self.to_markdown())


def _expect_board(path: Path, is_board: Callable[[Path], bool]) -> None:
    """Raise InvalidInputError if something else than a leaderboard would be replaced."""
    if path.exists() and not is_board(path):
        raise InvalidInputError(
            f"{printable(path)}: is there, and no leaderboard; choose another name, or move it away"
        )


def _is_page(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(f"{_TITLE}\n".encode())


def _holds_board(path: Path) -> bool:
    """Whether a file holds scores that were shortened for a leaderboard."""
    try:
        return all(score == _shortened(score) for score in read_scores(path))
    except InvalidInputError:
        return False


def leaderboard(given: Iterable[Score | ScoreFile]) -> Leaderboard:
    """Return the leaderboard of scores and files of scores.

    The same score given twice counts once.

    Parameters
    ----------
    given
        Scores, and files that `sim score -o` or `sim leaderboard -o` wrote.

    Raises
    ------
    InvalidInputError
        A file cannot be read; two scores of one detector, pack and split differ; packs of one name
        hold other data; or scores are of several prevalences or rates of false positives.
    """
    named: list[tuple[str, Score]] = []
    for each in given:
        if isinstance(each, Score):
            named.append(("a score", _shortened(each)))
        else:
            named += [(printable(each), _shortened(score)) for score in read_scores(each)]
    if not named:
        raise InvalidInputError("a leaderboard needs at least one score")

    faults = [*_mixed(named), *_contradictions(named)]
    if faults:
        raise InvalidInputError("\n".join(faults))
    scores = {_key(score): score for _, score in named}
    return Leaderboard(tuple(sorted(scores.values(), key=_place)))


def _key(score: Score) -> tuple[str, str, str]:
    return score.pack, score.split, score.detector


def _place(score: Score) -> tuple[object, ...]:
    """Return what scores are sorted by."""
    split = _FIRST.index(score.split) if score.split in _FIRST else len(_FIRST)
    figure = score.find("pr_auc")
    best = -(figure.value or 0.0) if figure else 0.0
    return score.pack, split + (score.split in _LAST), score.split, best, score.detector


def _shortened(score: Score) -> Score:
    """Return a score with the figures of a leaderboard alone."""
    sections, worst = [], worst_of(score)
    for section in score.sections:
        kept = [x for x in section.figures if x.id in _SHOWN and not x.of]
        kept += [x for x in section.figures if x is worst]
        figures = tuple(replace(x, rests_on="", why_not="") for x in kept)
        if figures:
            sections.append(Section(section.id, section.title, figures))
    return replace(score, sections=tuple(sections), curves=(), notes=())


def _mixed(named: Sequence[tuple[str, Score]]) -> list[str]:
    """Return a line for each setting that is not the same in all scores."""
    lines = []
    for name, words in (("prevalence", "--prevalence"), ("fpr", "--fpr")):
        values: dict[float, list[str]] = {}
        for where, score in named:
            values.setdefault(getattr(score, name), []).append(where)
        if len(values) > 1:
            found = "; ".join(f"{x:g} in {wheres[0]}" for x, wheres in values.items())
            lines.append(f"{name}: found {found}; score all with the same {words}")
    return lines


def _contradictions(named: Sequence[tuple[str, Score]]) -> list[str]:
    """Return a line for each pack that is two, and for each score that is not the same twice."""
    lines = []
    packs: dict[str, tuple[str, Score]] = {}
    known: dict[tuple[str, str, str], tuple[str, Score]] = {}
    for where, score in named:
        other, first = packs.setdefault(score.pack, (where, score))
        if first.pack_sum != score.pack_sum:
            lines.append(
                f"{where}: {score.pack} holds other data than {score.pack} in {other}; score all "
                "on one pack, or give one of them another name"
            )

        other, first = known.setdefault(_key(score), (where, score))
        if _asked(first) == _asked(score) and _figures(first) != _figures(score):
            lines.append(
                f"{where}: {score.detector} on {score.pack}, {score.split}: PR-AUC "
                f"{_number(score.find('pr_auc'))}, but {_number(first.find('pr_auc'))} in "
                f"{other}; leave one out, or give it another name by `sim score --name`"
            )
    return list(dict.fromkeys(lines))


def _asked(score: Score) -> tuple[str, float, float]:
    """Return what has to be the same of two scores whose figures are held against each other."""
    return score.pack_sum, score.prevalence, score.fpr


def _figures(score: Score) -> list[object]:
    return [section.to_dict() for section in score.sections]


def row_of(score: Score) -> list[str]:
    """Return the cells of a shortened score in the table of its split."""
    cells = [interval_words(score.find(id_)) for _, id_ in COLUMNS]
    worst = worst_of(score)
    rate = f"{worst.of} {interval_words(worst)}" if worst else "-"
    return [_code(score.detector), *cells, rate]


def _code(text: str) -> str:
    """Return a text as code of Markdown, which shows its signs as they are."""
    plain = printable(text) or " "
    marks = "`" * (1 + max(map(len, re.findall("`+", plain)), default=0))
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{marks}{space}{plain}{space}{marks}"


def _plain(text: str) -> str:
    """Return a text for headings and cells: as it is, or as code if Markdown has signs in it."""
    return text if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 .-]*", text) else _code(text)


def _number(figure: Figure | None) -> str:
    return number_words(figure.value if figure else None)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table of Markdown; the first column is of texts."""
    head, *body = (
        "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in row) + " |"
        for row in (heads, *rows)
    )
    return [head, f"| --- |{' --: |' * (len(heads) - 1)}", *body]
