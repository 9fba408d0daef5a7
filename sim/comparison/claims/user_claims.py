"""Claims of the user's own, from a YAML file: strict, and with every fault at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from sim.catalog import Bound, Claim, Status, claims
from sim.comparison.claims.observables import OBSERVABLES, observable_of
from sim.distributions import MOST
from sim.documents.files import read_file
from sim.documents.form_problems import Layout, problems_of_form
from sim.documents.forms import Form
from sim.documents.problems import Path as Keys
from sim.documents.problems import Problem, raise_problems, suggest
from sim.documents.quantities import UNITS_US, figure_schema, parse_figure
from sim.documents.strict_yaml import Document, dotted
from sim.documents.value_types import Day, PositiveDuration, Version
from sim.errors import InvalidInputError

_EXCHANGES = ("exchanges", "requests", "prompts")

# The units that a claim may have, by its metric.
METRICS: Mapping[str, tuple[str, ...]] = {
    "exchanges": _EXCHANGES,
    "prompts": ("prompts",),
    **{name: (observable.unit,) for name, observable in OBSERVABLES.items()},
    "count": _EXCHANGES,
}

NOT_SAID = "nothing is said here"
# Words of a report that say which bound is meant.
BOUND_OF_WORDS: Mapping[str, Bound] = {
    "over": "over",
    "more than": "over",
    "at least": "over",
    "nearly": "nearly",
    "almost": "nearly",
    "approximately": "approximately",
    "about": "approximately",
    "around": "approximately",
    "some": "approximately",
    "hundreds": "between",
    "thousands": "between",
}
# What each of these bounds, said in words, cannot stand beside.
_CONTRADICTS: Mapping[Bound | None, tuple[Bound, ...]] = {
    "over": ("nearly", "exact"),
    "nearly": ("over", "exact"),
    "approximately": ("over", "nearly", "exact"),
}
READING = "as the user states it"
ID_PATTERN = r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*"


def _is_id(text: str) -> str:
    """Return a text that is an id; refuse others with ValueError, as validators do."""
    if not re.fullmatch(ID_PATTERN, text) or len(text) > 64:
        raise ValueError(
            "should be letters and digits, joined by - or _, at most 64 characters, beginning "
            f"with a letter; found '{text}'"
        )
    return text


def _is_said(text: str) -> str:
    """Return a text without spaces around it; refuse one that is empty then."""
    if not text.strip():
        raise ValueError("should not be empty")
    return text.strip()


def _is_metric(text: str) -> str:
    """Return a known metric; refuse others, with the nearest one as a hint."""
    if text not in METRICS:
        raise ValueError(f"unknown metric '{text}'{suggest(text, METRICS)}")
    return text


_Id = Annotated[str, AfterValidator(_is_id)]
_Text = Annotated[
    str, AfterValidator(_is_said), WithJsonSchema({"type": "string", "pattern": r"\S"})
]
_Metric = Annotated[
    str,
    AfterValidator(_is_metric),
    WithJsonSchema({"type": "string", "enum": sorted(METRICS)}),
]
_Figure = Annotated[
    float,
    BeforeValidator(parse_figure),
    Field(gt=0, le=MOST),
    WithJsonSchema(figure_schema(exclusiveMinimum=0, maximum=MOST)),
]
_Low = Annotated[
    float,
    BeforeValidator(parse_figure),
    Field(ge=0, le=MOST),
    WithJsonSchema(figure_schema(minimum=0, maximum=MOST)),
]


class ClaimForm(Form):
    """A claim as a user writes it; which figures and units go together is checked elsewhere."""

    report: Annotated[_Text, Field(description="who reports, and where")]
    date: Annotated[Day, Field(description="day of the report")]
    actor: Annotated[_Text, Field(description="whom the figure is about")]
    metric: Annotated[_Metric, Field(description="which figure of the actor's traffic")]
    value: Annotated[_Figure | None, Field(description="the figure; not needed with between")] = (
        None
    )
    bound: Annotated[Bound, Field(description="how the figure is meant")] = "exact"
    low: Annotated[_Low | None, Field(description="smallest value; with between alone")] = None
    high: Annotated[_Figure | None, Field(description="largest value; with between alone")] = None
    unit: Annotated[
        _Text | None, Field(description="what is counted; that of the metric if left out")
    ] = None
    window: Annotated[
        PositiveDuration | None, Field(description="time that the figure covers, such as 30 d")
    ] = None
    source: Annotated[_Text, Field(description="where it can be read")]
    status: Annotated[Status, Field(description="how the figure is known")] = "reported"
    not_said: Annotated[_Text, Field(description="what the source leaves open")] = NOT_SAID
    qualifier: Annotated[str, Field(description="the words around the figure")] = ""


class ClaimsForm(Form):
    """A file of claims."""

    version: Annotated[Version, Field(description="version of the format: 1")]
    claims: Annotated[dict[_Id, ClaimForm], Field(min_length=1, description="claims by id")]


_LAYOUT = Layout(
    root=ClaimsForm,
    title="a file of claims",
    item="claim",
)


def load_claims(path: str | Path) -> Mapping[str, Claim]:
    """Read and check the claims of a file; return them by id, in the order of the file.

    Windows become days. A value that is left out beside `low` and `high` is `low`, a placeholder.

    Parameters
    ----------
    path:
        A YAML file, `-` for standard input.

    Raises
    ------
    InvalidInputError
        Lists every fault with its place, a line each.
    """
    try:
        return claims_of(read_file(Path(path)))
    except FileNotFoundError:
        raise InvalidInputError(f"{path}: no such file") from None


def claims_of(document: Document) -> Mapping[str, Claim]:
    """Return the claims of a document by id, read-only.

    Faults of single keys and faults between keys are found in one round: claims that are right on
    their own are checked further even if others are not.

    Raises
    ------
    InvalidInputError
        Lists every fault with its place, a line each.
    """
    form, data, problems = problems_of_form(_LAYOUT, document)
    raw = data.get("claims") if isinstance(data, dict) else None
    sound = dict(_sound(raw)) if isinstance(raw, dict) else {}
    ids = raw if isinstance(raw, dict) else ()
    raise_problems([*problems, *_problems_between_keys(document, ids, sound)])
    if not isinstance(form, ClaimsForm):
        raise AssertionError("a document without problems has a form")
    return MappingProxyType({key: _claim(key, claim) for key, claim in form.claims.items()})


def _sound(raw: Mapping[str, Any]) -> Iterator[tuple[str, ClaimForm]]:
    """Yield the claims that are right on their own, to be checked further in the same round."""
    for key, value in raw.items():
        try:
            yield key, TypeAdapter(ClaimForm).validate_python(value, strict=True)
        except ValidationError:
            continue


def _claim(key: str, form: ClaimForm) -> Claim:
    """Return a checked claim of the user's as the catalog has its own.

    Its figure is *given*, or for a range a *placeholder*; how it is read is as the user states it.
    """
    fields = form.model_dump(exclude={"window"})
    is_range = form.bound == "between"
    return Claim.model_validate(
        {
            **fields,
            "id": key,
            "value": form.low if form.value is None else form.value,
            "unit": form.unit or METRICS[form.metric][0],
            "figure": "placeholder" if is_range else "given",
            "window_days": None if form.window is None else form.window / UNITS_US["d"],
            "reading": READING,
        }
    )


# --- what has to hold between the keys of a claim, and between claims


def _problems_between_keys(
    document: Document, ids: Iterable[str], sound: Mapping[str, ClaimForm]
) -> Iterator[Problem]:
    """Yield ids that the catalog has, and what is wrong with claims that are right key by key."""
    catalog_ids = set(claims())
    for key in ids:
        if key in catalog_ids:
            message = f"'{key}' is a claim of the catalog; choose another id"
            yield _problem(document, ("claims", key), message, at_key=True)

    for key, claim in sound.items():
        for name, message in (*_bound_faults(claim), *_metric_faults(claim)):
            path = ("claims", key, name) if name else ("claims", key)
            yield _problem(document, path, message)
    yield from _given_twice(document, sound)


def _problem(document: Document, path: Keys, message: str, *, at_key: bool = False) -> Problem:
    """Return a problem at the place of a key's value, or `at_key` at the key itself.

    A problem with a key is shown under the mapping that the key stands in.
    """
    shown = path[:-1] if at_key else path
    return Problem(document.place(path, key=at_key), dotted(shown), message)


def _bound_faults(claim: ClaimForm) -> Iterator[tuple[str, str]]:
    """Yield what is wrong between bound, value, low and high: key and message.

    The key is empty for a fault of the claim as a whole.
    """
    low, high, value = claim.low, claim.high, claim.value
    if qualifier_faults := list(_qualifier_faults(claim)):
        yield from qualifier_faults
    elif claim.bound != "between":
        if value is None:
            yield "", "missing key 'value'"
        for name in ("low", "high"):
            if getattr(claim, name) is not None:
                yield name, "goes with bound 'between' alone"
    elif low is None or high is None:
        yield "bound", "'between' needs low and high, such as 200 and 1_000 for 'hundreds'"
    elif low >= high:
        yield "high", f"should be greater than low, {low:.15g}; found {high:.15g}"
    elif value is not None and not low <= value < high:
        yield "value", f"should lie between {low:.15g} and {high:.15g}; found {value:.15g}"


def _qualifier_faults(claim: ClaimForm) -> Iterator[tuple[str, str]]:
    """Yield that the words around a figure have no bound beside them, or one they contradict."""
    words = claim.qualifier.strip()
    excluded = _CONTRADICTS.get(_said_bound(claim), ())
    if words and "bound" not in claim.model_fields_set:
        yield "qualifier", f"'{words}' needs a bound beside it; {_bound_hint(claim)}"
    elif claim.bound in excluded:
        allowed = ", ".join(x for x in get_args(Bound) if x not in excluded)
        yield (
            "bound",
            f"'{claim.bound}' contradicts the qualifier '{words}'; give bound: one of {allowed}, "
            "or change the words",
        )


def _bound_hint(claim: ClaimForm) -> str:
    """Return which bound to give beside the words around a figure."""
    return f"give bound: {_said_bound(claim) or 'one of ' + ', '.join(get_args(Bound))}"


def _said_bound(claim: ClaimForm) -> Bound | None:
    """Return the bound that the words around a figure begin with, None if they say none."""
    words = claim.qualifier.strip().lower()
    for begins, bound in BOUND_OF_WORDS.items():
        if words == begins or words.startswith(f"{begins} "):
            return bound
    return None


def _metric_faults(claim: ClaimForm) -> Iterator[tuple[str, str]]:
    """Yield what is wrong between metric, unit and figures: key and message.

    Units are those of `METRICS`. Shares lie in [0, 1], and counts are whole.
    """
    units = METRICS[claim.metric]
    if claim.unit is None and claim.metric == "count":
        yield "", f"missing key 'unit'; say what is counted: {', '.join(units)}"
    elif claim.unit is not None and claim.unit not in units:
        allowed = ", ".join(units)
        yield "unit", f"'{claim.unit}' does not go with metric '{claim.metric}'; allowed: {allowed}"

    kind = OBSERVABLES[observable_of(claim.metric) or "count"].kind
    for name in ("value", "low", "high"):
        figure = getattr(claim, name)
        if figure is None:
            continue
        if kind == "share" and figure > 1:
            yield name, f"a share lies in [0, 1]; found {figure:.15g}"
        if kind == "count" and not figure.is_integer():
            yield name, f"should be a whole number, found {figure:.15g}"


def _given_twice(document: Document, sound: Mapping[str, ClaimForm]) -> Iterator[Problem]:
    """Yield claims that give what one before them gives: a case has room for one."""
    first: dict[tuple[str, str, str | None], str] = {}
    for key, claim in sound.items():
        subject = (claim.report, claim.actor, observable_of(claim.metric))
        before = first.setdefault(subject, key)
        if before != key:
            message = f"'{before}' already gives the {subject[2]} of this actor in this report"
            yield _problem(document, ("claims", key, "metric"), message)
