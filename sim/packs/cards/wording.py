"""What several cards say alike: licence, purpose, limits, and what a pack must not be used for."""

from __future__ import annotations

import re

from sim.catalog.loading import typologies
from sim.packs.facts import PackFacts

LICENCE = "CDLA-Permissive-2.0"
LICENCE_URL = "https://cdla.dev/permissive-2-0/"
WHY_LICENCE = (
    "It is made for data: whoever passes the data on passes the text of the licence on, and "
    "nothing is asked of results, such as a detector that was trained on it. CC-BY-4.0 would "
    "leave open whether a model owes attribution."
)

_PURPOSE = (
    "To develop and compare detectors of coordinated model extraction (systematic collection of "
    "the answers of a language model through its API) under conditions that a provider has: "
    "labels that come late, partial and wrong; harmless customers that look like a campaign; "
    "evidence that lies in relations between accounts{adapting}."
)

MUST_NOT = (
    "Attribution. No account, campaign or operator stands for a named company, laboratory or "
    "person. A detector that fires on real traffic says nothing about who sends it.",
    "Automatic bans. A detector trained on simulated traffic may rank accounts for a person to "
    "look at; it must not decide alone about anybody's access.",
    "Claims of measured prevalence. Who made the pack chose how common abuse is in it. No share, "
    "rate or count of it is a measurement of the world.",
    "Evading detection. Where adversaries adapt, they do so that defences can be tested against "
    "them.",
)

LIMITS = (
    "Everything is simulated. Parameters of abusive behaviour are priors: no public log of a "
    "campaign exists to fit them to.",
    "There are no texts of prompts or answers; what is left of them are lengths, hashes and, "
    "where the recipe asks for them, vectors from a synthetic geometry.",
    "A detector's scores here do not carry over to a provider; differences between methods may.",
    "One engine wrote all of it. What it cannot do, no account does.",
)

_BIASES = (
    "Abusive accounts are many more than in any population: use `truth/sample_weights`.",
    "It has {typologies}, all of one catalogue; kinds of abuse that are not among them are not "
    "there.",
    "Countries, networks and clients follow priors of the catalogue, not any provider's customers.",
)

TRUTH = (
    "Tables below `truth/` are for evaluation only. They are sealed: they lie in a folder of their "
    "own, nothing outside it tells what they say, and without it all else works. A detector that "
    "reads them has seen the answers; so has one that uses sample weights in training, because "
    "they differ by class."
)

TARGET = (
    "`target` of `truth/targets`: at least {share:.0%} of what an account sent in the window "
    "belongs to a campaign of extraction. Beside it stand `any_extraction`, `half_extraction`, "
    "`abusive_typology` and `extraction_purpose`, which disagree with it in part."
)


def target_words(facts: PackFacts) -> str:
    """Return what the recommended target is."""
    return TARGET.format(share=facts.recipe.least_share)


def purpose(facts: PackFacts) -> str:
    """Return what the pack is for."""
    adaptive = facts.splits.get("adaptation-held-out", {"left_out": True})
    return _PURPOSE.format(adapting="" if "left_out" in adaptive else "; adversaries who adapt")


def biases(facts: PackFacts) -> tuple[str, ...]:
    """Return in what the data are unlike what a provider has."""
    used = {actor.typology for scenario in facts.recipe.scenarios for actor in scenario.actors}
    number, known = len(used), len(typologies())
    words = f"{number} of {known} typologies (kinds of senders)"
    return tuple(each.format(typologies=words) for each in _BIASES)


def version(facts: PackFacts) -> str:
    """Return the version of the values as MAJOR.MINOR.PATCH: of `v1-draft` 1.0.0-draft."""
    parts = re.fullmatch(r"v([1-9]\d*)(-[a-z]+)?", facts.recipe.status)
    return f"{parts[1]}.0.0{parts[2] or ''}" if parts else "0.0.0"


def remake(facts: PackFacts) -> str:
    """Return in one sentence how the pack is made again."""
    same = "makes the same values again with the versions of software in `manifest.json`"
    if facts.is_shipped:
        return f"`sim dataset {facts.recipe.name}` {same}."
    return (
        f'In Python `sim.dataset(sim.open_pack("PACK").recipe, "COPY")` {same}, where the whole '
        "recipe stands."
    )


def upkeep(facts: PackFacts) -> str:
    """Return whether the values may change."""
    status = facts.recipe.status
    if not status:
        return "The recipe has no version; whoever made the pack knows."
    sums = " Checksums of the values of each table stand in the repository."
    if "draft" in status:
        stays = f"`{status}` is a draft: its values may change."
    elif facts.is_shipped:
        stays = f"Values of `{status}` stay; changed values get another version."
    else:
        stays = f"The values are of version `{status}`; whoever publishes them knows if they stay."
    return stays + (sums if facts.is_shipped else "")


def what_it_holds(facts: PackFacts) -> str:
    """Return one sentence on the size of the pack."""
    rows = facts.rows
    scenarios = facts.recipe.scenarios
    number = len(scenarios)
    return (
        f"{rows.get('log/exchanges', 0):,} exchanges of {rows.get('log/accounts', 0):,} accounts "
        f"over {_days(scenarios[0].clock.duration_us)}, from "
        f"{number:,} simulation{'' if number == 1 else 's'} in "
        f"{len(facts.recipe.worlds)} world{'' if len(facts.recipe.worlds) == 1 else 's'}"
    )


def _days(duration_us: int) -> str:
    days = duration_us / 86_400e6
    return f"{days:g} day{'' if days == 1 else 's'}"


def audit_words(facts: PackFacts) -> str:
    """Return in one sentence what the audits found."""
    if facts.audit is None:
        return "It was not audited when it was made; `sim audit` does so."
    return (
        f"Audits by the limits of `{facts.audit.difficulty}`: {facts.audit.headline}. `audit.json` "
        "has every figure with its limit."
    )
