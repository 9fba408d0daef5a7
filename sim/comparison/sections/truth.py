"""Runs whose truth is known: what they are, and whether the likeliest hypothesis is the true one.

The tables of runs stand under `odds`, whichever sections are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.inference.odds import Odds
from sim.comparison.section import Comparison
from sim.comparison.strength import SLIGHT, STRONG, TOO_CLOSE
from sim.comparison.tables import Form, Row, Table, number_column, text_column
from sim.comparison.wording import and_list, plural

RUN_NOTES = (
    "Seen whole and counted as C2, without an accuser's errors. Exchanges per account and per task "
    "are means, Gini is that of exchanges over accounts, repeated are prompts sent before, shared "
    "accounts that pay with an instrument of another.",
)
TRUTH_NOTES = (
    "Probabilities at equal odds before, with the priors as stated and all observables of the run. "
    "The explanations were not made for these runs, and runs smaller than what they expect look "
    "odd to all of them.",
)
# Titles of the columns of observables.
_TITLES = {
    "accounts": "accounts",
    "exchanges_per_account": "per account",
    "concentration": "Gini",
    "exchanges_per_task": "per task",
    "item_repetition": "repeated",
    "moved_24h": "moved",
    "synchrony": "synchrony",
    "shared_instruments": "shared",
}
# A cluster is of one typology if so large a share of its exchanges is.
_ALMOST_ALL = 0.99


def tables_of_runs(comparison: Comparison, odds: Sequence[Odds]) -> tuple[Table, ...]:
    """Return the tables that show runs, without those that have no rows.

    Parameters
    ----------
    comparison
        Its runs are shown.
    odds
        The odds of the runs, in their order; empty if no section weighed them.
    """
    tables = runs_table(comparison), truth_table(comparison, odds), run_counts_table(comparison)
    return tuple(table for table in tables if table.rows)


def runs_table(comparison: Comparison) -> Table:
    """Return the observables of runs, or of their actors, a row each; empty where not defined."""
    columns = (
        text_column("run", "run"),
        number_column("scale", "scale", "", "number"),
        *(
            number_column(name, title, OBSERVABLES[name].unit, _form_of(name))
            for name, title in _TITLES.items()
        ),
        text_column("truth", "truth (C2)"),
    )

    rows = tuple(
        (
            x.name,
            x.scale,
            *(getattr(x, name) for name in _TITLES),
            ", ".join(f"{k} {100 * v:.3g} %" for k, v in x.truth.items()) or None,
        )
        for x in comparison.runs
    )
    clusters = plural(len(comparison.runs), "cluster")
    finding = f"{clusters} of simulated runs, weighed in place of claims"
    return Table("runs", "odds", finding, columns, rows, RUN_NOTES, wide=("scale",))


def _form_of(observable: str) -> Form:
    """Return how a column of an observable is written: shares in percent, all else as numbers."""
    return "share" if OBSERVABLES[observable].kind == "share" else "number"


def run_counts_table(comparison: Comparison) -> Table:
    """Return the counts of runs under each convention, and as multiples of the claims.

    A multiple is of the lower end of the count of a claim, as reported.
    """
    columns = (
        text_column("run", "run"),
        text_column("convention", "counted"),
        number_column("count", "count", "exchanges", "id"),
        *(number_column(f"of_{x.id}", f"/ {x.id}", "", "number") for x in comparison.cases),
    )
    rows: tuple[Row, ...] = tuple(
        (x.name, name, count, *(count / case.interval("count").low for case in comparison.cases))
        for x in comparison.runs
        for name, count in x.counts.items()
    )
    return Table("run-counts", "odds", say_run_counts(comparison), columns, rows)


def say_run_counts(comparison: Comparison) -> str:
    """Say by which factor the convention changes the count of a cluster: largest to smallest."""
    factors = [max(x.counts.values()) / max(min(x.counts.values()), 1) for x in comparison.runs]
    if not factors:
        return ""
    return (
        f"What is counted as an exchange changes the count of a cluster by a factor of "
        f"{min(factors):.2g} to {max(factors):.2g}"
    )


def truth_table(comparison: Comparison, odds: Sequence[Odds]) -> Table:
    """Return the true hypothesis of each cluster of one typology, and the likeliest one.

    A hypothesis is true of a cluster if it names the typology of nearly all of its exchanges (99
    %). Clusters of several typologies, and runs without truth, have no row.
    """
    columns = (
        text_column("run", "run"),
        text_column("typology", "typology"),
        text_column("true", "described by"),
        number_column("probability", "it gets", "", "share"),
        text_column("likeliest", "likeliest"),
        number_column("its", "which gets", "", "share"),
        text_column("call", "which is"),
    )
    rows = tuple(_truth_rows(comparison, odds))
    return Table("truth", "odds", say_truth(comparison, odds), columns, rows, TRUTH_NOTES)


def _truth_rows(comparison: Comparison, odds: Sequence[Odds]) -> list[Row]:
    """Return the rows of the truth table; none where the runs were not weighed."""
    describing = {t: h.id for h in comparison.library.hypotheses.values() for t in h.typologies}

    rows: list[Row] = []
    if not odds or not comparison.runs:
        return rows  # not weighed, or claims are

    for cluster, weighed in zip(comparison.runs, odds, strict=True):
        typology = max(cluster.truth, key=cluster.truth.__getitem__, default=None)
        if typology is None or cluster.truth[typology] < _ALMOST_ALL:
            continue
        chances = probabilities(weighed)
        true, likeliest = describing.get(typology), max(chances, key=chances.__getitem__)
        rows.append(
            (
                cluster.name,
                typology,
                true or "no explanation",
                chances[true] if true else None,
                likeliest,
                chances[likeliest],
                _call(weighed),
            )
        )
    return rows


def _call(odds: Odds) -> str:
    """Return whether the likeliest explanation is clearly so."""
    if odds.none_fits:
        return "none fits"
    return TOO_CLOSE if len(favourites(odds)) > 1 else "clear"


def probabilities(odds: Odds) -> dict[str, float]:
    """Return the probabilities of hypotheses that were equally likely before.

    They follow from all observables of the cluster, under the priors as stated, and add up to 1.
    """
    weights = {x: 10**-ratio.stated for x, ratio in odds.steps[-1].ratios.items()}
    weights[odds.accused] = 1.0
    total = sum(weights.values())
    return {x: weight / total for x, weight in weights.items()}


def favourites(odds: Odds, margin: float = SLIGHT) -> tuple[str, ...]:
    """Return the explanations that nothing is clearly likelier than, with all its observables.

    Those are within the margin and two standard errors of the likeliest one; several are a tie.

    Parameters
    ----------
    odds
        Of one cluster.
    margin
        Log10 of a ratio: that of 3 to 1 unless another is given.
    """
    weights = {key: (-x.stated, x.error) for key, x in odds.steps[-1].ratios.items()}
    weights[odds.accused] = (0.0, 0.0)
    most, error = max(weights.values())
    return tuple(
        key for key, (weight, own) in weights.items() if most - weight < margin + 2 * (own + error)
    )


def say_truth(comparison: Comparison, odds: Sequence[Odds]) -> str:
    """Say of how many clusters the truth is ten times likelier than all else, or something than it.

    At 3 to 1 the numbers changed with the seed of the draws.
    """
    described = _described(comparison, odds)
    if not described:
        return ""
    sure, beaten = _decided(described, odds)
    sentence = (
        "At equal odds the true explanation is surely ten times likelier than any other for "
        f"{sure} of {plural(len(described), 'cluster')} whose truth an explanation describes, and "
        f"another one ten times likelier than it for {beaten}"
    )

    accused = comparison.settings.accused
    of_accused = [(place, true) for place, true in described if true == accused]
    if of_accused:
        sure, beaten = _decided(of_accused, odds)
        title = comparison.lowered_title(accused)
        sentence += f"; of {len(of_accused)} that are {title} for {sure} and for {beaten}"
    wrongly = [
        comparison.runs[place].name
        for place, true in described
        if favourites(odds[place], STRONG) == (accused,) != (true,)
    ]
    if wrongly:
        verb = "is" if len(wrongly) == 1 else "are"
        sentence += f"; {and_list(wrongly)} {verb} taken for it wrongly, ten to one"
    return sentence


def _decided(described: Sequence[tuple[int, str]], odds: Sequence[Odds]) -> tuple[int, int]:
    """Return for how many clusters the truth is alone the favourite, and for how many it is none.

    A favourite is within ten to one, and two standard errors, of the likeliest explanation.
    """
    found = [(favourites(odds[place], STRONG), true) for place, true in described]
    sure = sum(likely == (true,) for likely, true in found)
    return sure, sum(true not in likely for likely, true in found)


def _described(comparison: Comparison, odds: Sequence[Odds]) -> list[tuple[int, str]]:
    """Return the place and the true explanation of clusters of one typology that one describes."""
    describing = {t: h.id for h in comparison.library.hypotheses.values() for t in h.typologies}
    found = []
    for place, cluster in enumerate(comparison.runs if odds else ()):
        typology = max(cluster.truth, key=cluster.truth.__getitem__, default=None)
        if typology and cluster.truth[typology] >= _ALMOST_ALL and typology in describing:
            found.append((place, describing[typology]))
    return found
