"""Whether the instrument is right about runs whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator

from sim.comparison.analysis import Analysis
from sim.comparison.answers.columns import number, plural, text, title_of
from sim.comparison.inference.odds import Odds
from sim.comparison.tables import Row, Table

_ALMOST_ALL = 0.99


def truth_table(a: Analysis) -> Table:
    """The true explanation of each cluster of one typology, and the likeliest one."""
    columns = (
        text("run", "run"),
        text("typology", "typology"),
        text("true", "described by"),
        number("probability", "it gets", "", "share"),
        text("likeliest", "likeliest"),
        number("its", "which gets", "", "share"),
    )
    return Table("truth", "odds", say_truth(a), columns, tuple(_rows(a)), TRUTH_NOTES)


TRUTH_NOTES = (
    "Probabilities at equal odds before, with the priors as stated and all that is known. The "
    "explanations were not made for these runs, and runs smaller than what they expect look odd to "
    "all of them.",
)


def _rows(a: Analysis) -> Iterator[Row]:
    described = {t: h.id for h in a.library.hypotheses.values() for t in h.typologies}
    for cluster, found in zip(a.runs, a.odds, strict=False):
        typology = max(cluster.truth, key=cluster.truth.__getitem__, default=None)
        if typology is None or cluster.truth[typology] < _ALMOST_ALL:
            continue
        chances = probabilities(found)
        true, likeliest = described.get(typology), max(chances, key=chances.__getitem__)
        yield (
            cluster.name,
            typology,
            true or "no explanation",
            chances[true] if true else None,
            likeliest,
            chances[likeliest],
        )


def probabilities(found: Odds) -> dict[str, float]:
    """Return the probabilities of explanations that were equally likely before, priors as "
    "stated.
    """
    weights = {x: 10**-ratio.stated for x, ratio in found.steps[-1].ratios.items()}
    weights[found.accused] = 1.0
    whole = sum(weights.values())
    return {x: weight / whole for x, weight in weights.items()}


def say_truth(a: Analysis) -> str:
    """How often the instrument is right."""
    rows = list(_rows(a))
    known = [row for row in rows if row[3] is not None]
    if not known:
        return ""
    right = sum(row[2] == row[4] for row in known)
    accused = a.settings.accused
    of_accused = [row for row in known if row[2] == accused]
    said = (
        f"At equal odds the true explanation is the likeliest for {right} of "
        f"{plural(len(known), 'cluster')} whose truth an explanation describes"
    )
    if of_accused:
        found = sum(row[4] == accused for row in of_accused)
        said += f", and for {found} of {len(of_accused)} that are {title_of(a, accused)}"
    wrongly = [str(row[0]) for row in rows if row[2] != accused and row[4] == accused]
    if wrongly:
        said += (
            f"; {', '.join(wrongly)} {'is' if len(wrongly) == 1 else 'are'} taken for it wrongly"
        )
    return said
