"""What each table of a pack is, in a sentence: for cards, which have no room for more."""

from __future__ import annotations

TABLE_MEANINGS = {
    "log/exchanges": "HTTP attempts, one row each, in order of time, as the provider logs them.",
    "log/accounts": "Who sends: accounts with their sign-up and organisation.",
    "log/credentials": "API keys and other credentials of the accounts.",
    "log/orgs": "Organisations, which hold the accounts.",
    "log/payment_instruments": "Cards and other instruments that accounts pay with.",
    "log/account_payment": "Which account pays with which instrument.",
    "log/payment_events": "Charges, declines, disputes and refunds.",
    "log/edges_observed": "What accounts share, as the provider sees it, with gaps and errors.",
    "log/model_catalog": "Models on offer.",
    "log/enforcement_events": "What the provider did about accounts: limits, suspensions, bans.",
    "labels_observed/labels": "What the provider comes to know of accounts and cards, and when.",
    "splits": "Which account or example is in which fold of which split.",
    "features/accounts": "Features of examples, which are accounts in a window of time.",
    "features/account_days": "Features of each account on each day.",
    "features/windows": "Features of each run of so many requests of an account.",
    "truth/exchanges": "For each exchange what it truly is: task, actor, typology, campaign.",
    "truth/tasks": "The tasks behind the exchanges.",
    "truth/accounts": "For each account its true actor, typology and campaign.",
    "truth/campaigns": "Campaigns, with operator, target and adaptations.",
    "truth/actors": "Actors: what was asked of each beside what it achieved.",
    "truth/links": "Who truly stands behind accounts, and what they share.",
    "truth/members": "The simulations that were merged.",
    "truth/targets": "What a detector should find: the target of each account and example.",
    "truth/sample_weights": "Weights of accounts, for a population of a stated prevalence.",
    "truth/label_propensity": "How probable it was that an account would be labelled.",
    "truth/split_keys": "What each fold of each split holds.",
    "truth/split_cuts": "Identifiers that many have, so that they may be on both sides of a split.",
}
"""By the name of a table of a pack."""
