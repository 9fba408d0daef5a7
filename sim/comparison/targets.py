"""What a comparison is of: runs, claims by id, all counts of an actor, or a number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.catalog import Claim, nearest
from sim.comparison.claims.cases import cases
from sim.comparison.stated_counts import Figure, figure_of, is_figure, stated_claims
from sim.comparison.wording import and_list, figure_words
from sim.documents.printable import printable
from sim.documents.quantities import quoted
from sim.errors import InvalidInputError

# Texts that begin so are paths and nothing else.
_PATH_BEGINS = ("/", "./", "../")
# How what stands for several actors, or for none, begins: found, but not listed among the names.
_NO_NAMES = ("ALL", "unnamed", "generic")
# The code that a report puts behind the name of an actor, as in "Moonshot GTG-16002".
_CODE = re.compile(r"(.+) (GTG-\d+)")


@dataclass(frozen=True)
class Targets:
    """What is compared, sorted by what it is.

    Attributes
    ----------
    runs
        Paths or URLs of runs.
    claim_ids
        Claims that give a count, each once, those of numbers among them.
    stated
        Claims that were made of numbers, by id.
    """

    runs: tuple[str, ...]
    claim_ids: tuple[str, ...]
    stated: Mapping[str, Claim]


@dataclass(frozen=True)
class _Meaning:
    """One thing that a text may name.

    Attributes
    ----------
    written
        How it is named so that nothing else can be meant.
    words
        What it is, for the message where there are several.
    run, claim_ids, figure
        The one of them that it is.
    """

    written: str
    words: str
    run: str | None = None
    claim_ids: tuple[str, ...] = ()
    figure: Figure | None = None


def find_targets(
    sources: Iterable[str],
    known: Mapping[str, Claim],
    accounts: Figure | None = None,
    days: float | None = None,
) -> Targets:
    """Find what each text names: a run that exists, else a claim, a number, or an actor.

    Parameters
    ----------
    sources
        Each a path or URL of a run, the id of a claim, `all`, a number of exchanges such as `3.4M`,
        or a name of an actor, which stands for all counts reported of it. `./A4` is a run, and
        `claim:A4`, `count:3.4M`, `actor:Moonshot` are nothing else.
    known
        Claims of the catalog and the user's own, by id.
    accounts, days
        What is stated beside each number; None if nothing is.

    Raises
    ------
    InvalidInputError
        For a text that names nothing, or several things; for `accounts` or `days` where there is
        no number.
    """
    runs: list[str] = []
    ids: list[str] = []
    stated: dict[str, Claim] = {}
    for source in sources:
        meaning = _meaning_of(source, known)
        if meaning.run is not None:
            runs.append(meaning.run)
        elif meaning.figure is not None:
            made = stated_claims(meaning.figure, accounts, days)
            stated |= {claim.id: claim for claim in made}
            ids.append(made[0].id)
        else:
            ids += meaning.claim_ids

    if (accounts is not None or days is not None) and not stated:
        raise InvalidInputError(
            "accounts and days go with a number, such as 3.4M; a claim and a run have their own"
        )
    return Targets(tuple(runs), tuple(dict.fromkeys(ids)), stated)


def _meaning_of(text: str, known: Mapping[str, Claim]) -> _Meaning:
    """Return the one thing that a text names; refuse one that names none, or several."""
    kind, _, rest = text.partition(":")
    if kind in _KINDS and rest:
        found = _KINDS[kind](rest, known)
    else:
        found = _runs_at(text)
        if not text.startswith(_PATH_BEGINS):
            found += [x for look_up in _KINDS.values() for x in look_up(text, known)]
    if not found and "/" in text:
        found = [_Meaning(text, "a run", run=text)]  # which is not there; reading it says so

    if not found:
        raise InvalidInputError(_names_nothing(text, known))
    if len(found) > 1:
        may_be = " or ".join(f"{x.words} ({x.written})" for x in found)
        raise InvalidInputError(
            f"{quoted(printable(text))} may be {may_be}; write what is in brackets"
        )
    return found[0]


# What a text may name


def _runs_at(text: str) -> list[_Meaning]:
    """Return the run at a path that exists, or at a URL, which is not looked at."""
    if "://" in text or text.startswith(_PATH_BEGINS) or _exists(text):
        return [_Meaning(f"./{text}", f"the run in the folder {text}", run=text)]
    return []


def _exists(text: str) -> bool:
    """Tell whether there is such a file or folder; no text that cannot be a path is one."""
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long, or with a character that no path has
        return False


def _claims_called(text: str, known: Mapping[str, Claim]) -> list[_Meaning]:
    """Return the claim with an id, or else with one that differs in small and capital letters."""
    if text.casefold() == "all":
        return [_Meaning("claim:all", "all claims that give a count", claim_ids=("all",))]
    alike = [text] if text in known else [x for x in known if x.casefold() == text.casefold()]
    return [
        _Meaning(
            f"claim:{id_}",
            f"the claim {id_}, {known[id_].actor}, {figure_words(known[id_])}",
            claim_ids=(id_,),
        )
        for id_ in alike
    ]


def _counts_called(text: str, _: Mapping[str, Claim]) -> list[_Meaning]:
    """Return the number of exchanges that a text is."""
    if not is_figure(text):
        return []
    figure = figure_of(text, "exchanges")
    return [_Meaning(f"count:{text}", f"the number {text}", figure=figure)]


def _actors_called(text: str, known: Mapping[str, Claim]) -> list[_Meaning]:
    """Return all counts that are reported of an actor, as one thing; `all` is no actor."""
    about = _claims_about(text, known)
    ids = tuple(id_ for id_, case in cases(known).items() if case.claims["count"] in about)
    if not ids or text.casefold() == "all":
        return []
    return [_Meaning(f"actor:{text}", f"the actor {text}, {and_list(ids)}", claim_ids=ids)]


def _claims_about(name: str, known: Mapping[str, Claim]) -> list[Claim]:
    """Return the claims of whatever metric about an actor of that name, in capitals or not."""
    wanted = name.casefold()
    return [x for x in known.values() if wanted in map(str.casefold, names_of(x.actor))]


_KINDS: dict[str, Callable[[str, Mapping[str, Claim]], list[_Meaning]]] = {
    "claim": _claims_called,
    "count": _counts_called,
    "actor": _actors_called,
}


def names_of(actor: str) -> tuple[str, ...]:
    """Return the names by which an actor of a claim may be called.

    Parameters
    ----------
    actor
        In the words of the claim. `Alibaba/Qwen GTG-16005` is called by all of it, by what stands
        before the code, by the code, and by each of the parts that a stroke joins.
    """
    match = _CODE.fullmatch(actor)
    name, code = match.groups() if match else (actor, "")
    names = (actor, name, *name.split("/"), code)
    return tuple(dict.fromkeys(x for x in names if x))


def _names_nothing(text: str, known: Mapping[str, Claim]) -> str:
    """Return the message that a text names nothing, with the ids and names that are near it.

    Of an actor that no report counts, it says what reports give.
    """
    if about := _claims_about(text, known):
        given = and_list(f"{x.id} ({x.metric})" for x in about)
        return f"{quoted(printable(text))}: no report counts its exchanges; reports give {given}"

    counted = cases(known)
    names = [name for case in counted.values() for name in names_of(case.actor)]
    named = (x for x in names if not x.startswith(_NO_NAMES) and "GTG-" not in x)
    near = nearest(text, dict.fromkeys([*counted, *named]))
    name = quoted(printable(text))
    return f"{name}: no run, claim or actor of that name, and no number of exchanges; {near}"
