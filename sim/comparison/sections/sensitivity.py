"""Section `sensitivity`: which parameters move the count and the odds: Sobol indices, a tornado.

Sobol indices by SALib (Herman and Usher, JOSS 2017; Saltelli et al., Comput. Phys. Commun. 181,
2010): first-order S1, the share of the variance that a parameter explains alone, and total ST, with
all it does together with others. The quantities are log10 of the reported count and log10 of the
likelihood ratio of the accused hypothesis to another one, of clusters that the hypothesis makes.
That one is cut off at a hundred to one either way, or a few clusters far outside would be all its
variance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.inference.evidence_model import EvidenceModel, log_densities
from sim.comparison.inference.likelihood import without_implied
from sim.comparison.inference.prior_predictive import Draws, draw
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.sections.design import NAMES
from sim.comparison.tables import Table, number_column, text_column
from sim.comparison.wording import short_number
from sim.streams import Streams

MOST, LEAST = 512, 64
CAP = 2.0
COUNT, ODDS_COUNT, ODDS_ALL = "log10 count", "log10 odds, count alone", "log10 odds, all known"
SOBOL_NOTES = (
    "S1: share of the variance that a dial explains alone; ST: with all that it does together with "
    "others. Intervals of 95 %. Log odds are cut off at a hundred to one, and are those of all "
    "clusters, published or not.",
)
TORNADO_NOTES = (
    "Mean of log10 of the reported count where a dial is in its lowest and highest tenth; for a "
    "choice, the options with the smallest and the largest mean.",
)
# Smaller indices and bars are not kept; smaller ones are not in the table, or not in text.
_LEAST_TOTAL, _LEAST_WIDTH = 0.005, 0.05
_LEAST_IN_TABLE, _LEAST_IN_TEXT = 0.02, 0.3

# Shares as findings say them.
_SHARES = {
    0.1: "a tenth",
    0.2: "a fifth",
    0.3: "three tenths",
    0.4: "two fifths",
    0.55: "half",
    0.75: "three quarters",
}

Quantity = Callable[[Draws], Floats]


@dataclass(frozen=True)
class Index:
    """Sobol indices of one parameter for one quantity.

    Attributes
    ----------
    hypothesis
        Id of the hypothesis.
    quantity
        `COUNT`, `ODDS_COUNT` or `ODDS_ALL`.
    parameter
        Column of the unit cube, see `Hypothesis.columns`.
    first, total
        First-order and total index; estimates may lie somewhat below 0 or above 1.
    first_error, total_error
        Half-widths of their 95 % intervals, by bootstrap.
    """

    hypothesis: str
    quantity: str
    parameter: str
    first: float
    first_error: float
    total: float
    total_error: float


@dataclass(frozen=True)
class Bar:
    """Mean of log10 of the reported count where a parameter is lowest and highest.

    For numbers these are the lowest and the highest tenth of the draws; for a choice the options
    with the smallest and the largest mean. The other parameters vary as their priors say.

    Attributes
    ----------
    hypothesis, parameter
        Id of the hypothesis, and column of the parameter.
    low, high
        The smaller and the larger mean, whichever end of the parameter it belongs to.
    low_at, high_at
        Which tenth or option has that mean.
    middle
        The mean of all draws.
    """

    hypothesis: str
    parameter: str
    low: float
    high: float
    low_at: str
    high_at: str
    middle: float


@dataclass(frozen=True)
class Sensitivity:
    """The result of the section.

    Attributes
    ----------
    indices
        Sobol indices above 0.005, by hypothesis and quantity.
    bars
        Bars of the tornado wider than 0.05, by hypothesis, the widest first.
    """

    indices: tuple[Index, ...]
    bars: tuple[Bar, ...]


def compute(inputs: Inputs) -> Sensitivity:
    """Vary the parameters of every hypothesis."""
    model, settings = inputs.model, inputs.settings
    return Sensitivity(sobol(model, settings.accused, settings.against), tornado(model))


# Sobol indices


def sobol(model: EvidenceModel, accused: str, against: str) -> tuple[Index, ...]:
    """Estimate Sobol indices of every hypothesis, by draws of their own.

    The priors are as stated. Indices of the odds are of clusters of `accused` and of `against`
    only.

    Returns
    -------
    tuple
        By hypothesis, quantity and parameter; only those with a total index above 0.005.
    """
    indices = []
    for id_ in model.ids:
        quantities: dict[str, Quantity] = {COUNT: _log_count}
        if id_ in (accused, against):
            quantities[ODDS_COUNT] = _log_odds(model, accused, against, NAMES[:1])
            quantities[ODDS_ALL] = _log_odds(model, accused, against, NAMES)
        indices += _indices(model, id_, quantities)
    return tuple(indices)


def _indices(model: EvidenceModel, id_: str, quantities: Mapping[str, Quantity]) -> list[Index]:
    """Draw a Saltelli design over the parameters of a hypothesis, and analyse each quantity.

    The design is on the unit cube of `columns`. What is drawn beyond the parameters, such as
    lengths of tasks, is noise between its points, which total indices contain. Indices of totals up
    to 0.005 are left out.
    """
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    # A design on the unit cube
    hypothesis = model.library.hypotheses[id_]
    names = list(hypothesis.columns)
    problem: dict[str, Any] = {
        "num_vars": len(names),
        "names": np.asarray(names),  # SALib 1.5.0 passes them to pandas, which wants no list
        "bounds": [[0.0, 1.0]] * len(names),
    }
    seed = Streams(model.seed).key("compare", id_, "sobol") % 2**31
    u = sample.sample(problem, _base(model.draws), calc_second_order=False, seed=seed)

    # One draw for each of its points
    u = np.clip(u, 0, 1 - 1e-12)
    draws = draw(hypothesis, u, Streams(model.seed).rng("compare", id_, "sobol"))

    indices = []
    for name, quantity in quantities.items():
        result = analyse.analyze(
            problem, quantity(draws), calc_second_order=False, seed=seed, num_resamples=50
        )
        columns = (result[key].tolist() for key in ("S1", "S1_conf", "ST", "ST_conf"))
        rows = zip(names, *columns, strict=True)
        indices += [Index(id_, name, *row) for row in rows if row[3] > _LEAST_TOTAL]
    return indices


def _base(draws: int) -> int:
    """Return how many points of the sequence are taken, a power of two from 64 to 512.

    It is the largest power that is no more than an eighth of the draws, within these limits.
    """
    return min(max(1 << ((draws // 8).bit_length() - 1), LEAST), MOST)


def _log_count(draws: Draws) -> Floats:
    """Return log10 of the reported counts, (n,), whether published or not; 0 counts as 1."""
    return np.asarray(np.log10(np.maximum(draws.reported["count"], 1)))


def _log_odds(model: EvidenceModel, accused: str, against: str, known: Sequence[str]) -> Quantity:
    """Return the function of draws that gives their log10 odds, cut off at `CAP`."""
    fits = [model.stated_fit(x) for x in (accused, against)]

    def log_odds(draws: Draws) -> Floats:
        """Return log10 likelihood ratios of the drawn clusters, cut off, (n,)."""
        logs = log_densities(fits, draws.reported, [without_implied(known)])[0]
        return np.asarray(np.clip((logs[:, 0] - logs[:, 1]) / np.log(10), -CAP, CAP))

    return log_odds


# Tornado


def tornado(model: EvidenceModel) -> tuple[Bar, ...]:
    """Return the bars of every hypothesis, the widest first, those up to 0.05 left out."""
    all_bars: list[Bar] = []
    for id_, hypothesis in model.library.hypotheses.items():
        draws = model.base(id_)
        y = _log_count(draws)
        choices = _choices(model, id_)
        bars = [
            _bar(id_, name, draws.parameters[name], y, choices.get(name))
            for name in hypothesis.columns
        ]
        bars.sort(key=lambda bar: bar.low - bar.high)
        all_bars += [bar for bar in bars if bar.high - bar.low > _LEAST_WIDTH]
    return tuple(all_bars)


def _choices(model: EvidenceModel, id_: str) -> dict[str, tuple[str, ...]]:
    """Return the options of those parameters that are drawn as the number of an option."""
    hypothesis = model.library.hypotheses[id_]
    names = {"access": hypothesis.access.names, "uptake": hypothesis.uptake.names}
    names["convention"] = hypothesis.common["convention"].names
    for key, work in hypothesis.work.items():
        if work.suites is not None:
            names[f"{key}.suites"] = work.suites.names
        if work.calls is not None:
            names |= {f"{key}.{x}": work.calls.names for x in ("calls", "calls_too")}
    return names


def _bar(id_: str, parameter: str, x: Floats, y: Floats, names: tuple[str, ...] | None) -> Bar:
    """Compare means of a quantity between groups of draws by one parameter.

    Parameters
    ----------
    id_, parameter
        Id of the hypothesis, and column of the parameter.
    x
        Its drawn values, (n,); of a choice the place of the option.
    y
        The quantity, (n,).
    names
        The options of a choice; None for a number.
    """
    groups: dict[str, Floats]
    if names is not None:
        groups = {name: y[x == k] for k, name in enumerate(names) if (x == k).any()}
    else:
        low, high = np.quantile(x, [0.1, 0.9])
        groups = {f"{low:.3g} or less": y[x <= low], f"{high:.3g} or more": y[x >= high]}

    means = {name: float(values.mean()) for name, values in groups.items()}
    least, most = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    return Bar(id_, parameter, means[least], means[most], least, most, float(y.mean()))


# Tables and findings


def sobol_table(comparison: Comparison, result: Sensitivity) -> Table:
    """Return a row for each hypothesis, quantity and parameter, the largest totals first."""
    columns = (
        text_column("explanation", "explanation"),
        text_column("quantity", "quantity"),
        text_column("dial", "dial"),
        number_column("first", "S1", "", "number"),
        number_column("first_error", "+-", "", "number"),
        number_column("total", "ST", "", "number"),
        number_column("total_error", "+-", "", "number"),
    )

    rows = tuple(
        (x.hypothesis, x.quantity, x.parameter, x.first, x.first_error, x.total, x.total_error)
        for x in sorted(result.indices, key=lambda x: (x.hypothesis, x.quantity, -x.total))
        if x.total >= _LEAST_IN_TABLE
    )
    finding = say_sensitivity(comparison, result)
    return Table("sobol", "sensitivity", finding, columns, rows, SOBOL_NOTES)


def tornado_table(comparison: Comparison, result: Sensitivity) -> Table:
    """Return a row for each bar; text shows those that at least double the count."""
    columns = (
        text_column("explanation", "explanation"),
        text_column("dial", "dial"),
        number_column("low", "mean count, lowest", "log10", "number"),
        text_column("low_at", "at"),
        number_column("high", "highest", "log10", "number"),
        text_column("high_at", "at"),
        number_column("middle", "all", "log10", "number"),
    )

    rows = {
        x: (x.hypothesis, x.parameter, x.low, x.low_at, x.high, x.high_at, x.middle)
        for x in result.bars
    }

    return Table(
        "tornado",
        "sensitivity",
        say_tornado(comparison, result),
        columns,
        tuple(rows.values()),
        TORNADO_NOTES,
        shown=tuple(row for x, row in rows.items() if x.high - x.low >= _LEAST_IN_TEXT),
    )


def say_sensitivity(_: Comparison, result: Sensitivity) -> str:
    """Say how much of the count depends on the convention, or else what it depends on most.

    Which parameter the odds depend on most is not said: several come too close for the draws.
    """
    counts = [x for x in result.indices if x.quantity == COUNT]
    if not counts:
        return ""

    totals = {x.hypothesis: x.total for x in counts if x.parameter == "convention"}
    if totals:
        most = max(totals.values())
        words = min(_SHARES, key=lambda share: abs(share - most))
        return (
            "What is counted as an exchange explains, alone or with other assumptions, up to about "
            f"{_SHARES[words]} of the variance of the count, by explanation"
        )
    return f"The count depends most on {max(counts, key=lambda x: x.total).parameter}"


def say_tornado(comparison: Comparison, result: Sensitivity) -> str:
    """Say which bar is the widest."""
    if not result.bars:
        return ""
    bar = max(result.bars, key=lambda x: x.high - x.low)
    return (
        f"The widest bar: {bar.parameter} moves the count of "
        f"{comparison.lowered_title(bar.hypothesis)} by a factor "
        f"of {short_number(10 ** (bar.high - bar.low))}"
    )


SECTION = Section(
    id="sensitivity",
    question="which assumptions matter",
    tables=(sobol_table, tornado_table),
    compute=compute,
    findings=(say_sensitivity,),
    charts=(
        "sim.reporting.charts.sensitivity_chart:sensitivity",
        "sim.reporting.charts.sensitivity_chart:tornado",
    ),
)
