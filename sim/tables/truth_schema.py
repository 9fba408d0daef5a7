"""The columns of the tables of `truth/`, which only the simulation knows."""

from __future__ import annotations

from sim.tables.column import Column, TableSchema

TRUTH_EXCHANGES = TableSchema(
    [
        Column(
            "exchange_id",
            "id",
            "The exchange, in the order of the log.",
            source="row.id",
            prefix="req_",
            encoding="plain",
            compression="none",
            profile="lean",
        ),
        Column(
            "task_uid",
            "id",
            "Task it belongs to.",
            prefix="task_",
            encoding="plain",
            profile="lean",
        ),
        Column(
            "actor_id",
            "word",
            "Actor of the scenario that sent it.",
            profile="lean",
        ),
        Column(
            "typology_id",
            "word",
            "Typology of that actor.",
            profile="lean",
        ),
        Column(
            "is_extraction",
            "bool",
            "Whether it extracts: the typology extracts, and the task is from the operator's list.",
            profile="lean",
        ),
        Column(
            "cover_flag",
            "bool",
            "Whether the task is cover: done by an actor with a list or `cover: benchmark`, "
            "but not from a list.",
            profile="lean",
        ),
        Column(
            "user_initiated",
            "bool",
            "Whether a person or program opens a turn with it: the first call of a task that asks "
            "for an answer, and the one before it that warms the cache.",
            source="row.user",
            profile="lean",
        ),
        Column(
            "attempt_of",
            "id?",
            "The call that it is another attempt at: the identifier of its first attempt; "
            "missing (0) in the first attempt itself.",
            prefix="req_",
            encoding="plain",
        ),
        Column(
            "session_uid",
            "id",
            "Session: the turns that go on with one another.",
            prefix="sess_",
            compression="none",
        ),
        Column(
            "turn",
            "int32",
            "Number of the task in its session, from 0.",
            source="task.turn",
            encoding="split",
        ),
        Column(
            "step",
            "int32",
            "Number of the call in its turn, from 0.",
            encoding="split",
        ),
        Column(
            "agent_uid",
            "id",
            "Who makes the call: the main agent of the session, or a sub-agent of a turn.",
            prefix="agent_",
            compression="none",
        ),
        Column(
            "parent_agent_uid",
            "id?",
            "Agent that had the sub-agent work; missing (0) for the main agent.",
            prefix="agent_",
            encoding="plain",
        ),
        Column(
            "shares_with",
            "id?",
            "The earlier call of the session whose input begins like this one's: the identifier of "
            "its first attempt; missing (0) in the first call of a session. A call that was "
            "never made, because its turn was given up before, has no row.",
            prefix="req_",
            encoding="plain",
            compression="none",
        ),
        Column(
            "shared_prefix_tokens",
            "int32",
            "Tokens of that common beginning: all of the earlier input within a history, the "
            "static prefix after a compaction and at the start of a sub-agent.",
            unit="tokens",
            source="row.shared",
            encoding="split",
            compression="lz4",
        ),
        Column(
            "think_time_s",
            "float32",
            "Pause before the call as drawn, of the user or of tools, counted from the end of the "
            "call before; 0 in the first call of a session.",
            unit="s",
            encoding="split",
            compression="lz4",
        ),
    ]
)

TRUTH_TASKS = TableSchema(
    [
        Column("task_uid", "id", "Identifier.", prefix="task_", encoding="plain"),
        Column(
            "account_id",
            "id",
            "Account that worked on it.",
            source="account.account_id",
            prefix="acc_",
            compression="none",
        ),
        Column("actor_id", "word", "Actor of the scenario."),
        Column("typology_id", "word", "Typology of that actor."),
        Column(
            "started_at",
            "time",
            "First request; before the log opens for work that was in progress.",
            ranges=True,
            encoding="delta",
            compression="none",
        ),
        Column(
            "ended_at",
            "time",
            "End of its last attempt; may lie after the end of the clock.",
            encoding="split",
            compression="lz4",
        ),
        Column(
            "calls",
            "int32",
            "Calls that the whole task takes.",
            source="row.calls",
            encoding="split",
        ),
        Column(
            "exchanges",
            "int32",
            "Attempts that were made, up to the end of the clock.",
            source="row.exchanges",
            encoding="split",
        ),
        Column(
            "exchanges_in_log",
            "int32",
            "Those inside the clock.",
            source="row.logged",
            encoding="split",
        ),
        Column("work", "word", "`own`, `list` or `cover`: what the task works on."),
        Column(
            "item",
            "int64?",
            "Number of the prompt on the list, of the benchmark item, or of the prompt in "
            "the queue; else missing. Below 2^53, so exact as a float.",
            encoding="split",
            compression="lz4",
        ),
        Column(
            "run",
            "int32",
            "Run of the benchmark; -1 for work begun before what the scenario asks for; else 0.",
            source="row.round",
            encoding="plain",
        ),
        Column(
            "state",
            "word",
            "`finished`; `given_up` after a call that failed for good; `cut_off` by the end "
            "of the clock; or `barred` because the account was refused (403).",
        ),
    ]
)

TRUTH_ACCOUNTS = TableSchema(
    [
        Column("account_id", "id", "Identifier.", prefix="acc_"),
        Column("actor_id", "word", "Actor of the scenario."),
        Column("typology_id", "word", "Its typology."),
        Column("purpose", "word", "What the traffic is for."),
        Column("access_legitimacy", "word", "Whether the provider lets this sender in."),
        Column("coordination", "word", "Whether accounts work together."),
        Column(
            "extraction_share",
            "float32",
            "Share of its exchanges in the log that extract, whoever sent them through it; "
            "0 if it sent nothing.",
        ),
        Column(
            "campaign_uid",
            "id?",
            "Campaign of a coordinated actor; else missing (0).",
            prefix="camp_",
        ),
        Column("operator_uid", "id", "Who stands behind the account.", prefix="op_"),
        Column(
            "generation", "int16", "0 for first accounts, else how many held its place before it."
        ),
        Column("stolen_card", "bool", "Whether it pays with a stolen card."),
        Column(
            "active_from",
            "time?",
            "From when on it was used, at sign-up or later; null for one that always was.",
        ),
        Column(
            "active_until",
            "time?",
            "When its owner leaves, banned or not: nothing is begun from then on; null for never.",
        ),
    ]
)

TRUTH_CAMPAIGNS = TableSchema(
    [
        Column("campaign_uid", "id", "Identifier.", prefix="camp_"),
        Column("operator_uid", "id", "Who runs it.", prefix="op_"),
        Column("actor_id", "word", "Actor of the scenario."),
        Column("typology_id", "word", "Its typology."),
        Column("accounts", "int32", "Accounts that it has or had, replacements included."),
        Column("accounts_in_log", "int32", "Those that sent something."),
        Column("replacements", "int32", "Accounts that took the place of others."),
        Column("accounts_banned", "int32", "Bans within the log."),
        Column("requested_exchanges", "int64", "What `truth/actors` says was requested."),
        Column("achieved_exchanges", "int64", "And achieved."),
        Column("extraction_exchanges", "int64", "Exchanges in the log (C1) that extract."),
        Column(
            "starts_at", "time", "When it begins; the opening of the log if it was in progress."
        ),
        Column("ends_at", "time", "When the work is planned to end."),
        Column(
            "adaptations",
            "word",
            "Operators of adaptation that its dials switch on, such as `AD1 AD8`; see "
            "[typologies.md](typologies.md#adversary).",
        ),
        Column(
            "budget_usd",
            "float64?",
            "What may be spent; missing where there is no bound.",
            unit="USD",
        ),
        Column(
            "planned_usd",
            "float64",
            "First identities and expected tokens, as far as the budget reaches.",
            unit="USD",
        ),
        Column(
            "spent_identities_usd",
            "float64",
            "Accounts, verified identities, cards and addresses at the start.",
            unit="USD",
        ),
        Column(
            "spent_replacements_usd",
            "float64",
            "Those of replacements, and idle places.",
            unit="USD",
        ),
        Column(
            "spent_tokens_usd",
            "float64",
            "List price of its exchanges in the log, batches at half.",
            unit="USD",
        ),
    ]
)

TRUTH_ACTORS = TableSchema(
    [
        Column("actor_id", "word", "Actor of the scenario."),
        Column("typology_id", "word", "Its typology."),
        Column(
            "unit",
            "word",
            "What was requested: `answered exchanges` (C2) of a pool, `tasks` of a "
            "benchmark, `expected exchanges` of a population.",
        ),
        Column(
            "requested",
            "int64",
            "How many; for a population the expectation, given the volumes of its accounts.",
        ),
        Column(
            "achieved",
            "int64",
            "How many there are; earlier work that was in progress does not count for a target.",
        ),
        Column("exchanges_in_log", "int64", "Exchanges in the log (C1)."),
        Column("tasks_in_log", "int64", "Tasks with an exchange in the log (C6)."),
        Column("tasks_finished", "int64", "Those that were finished before the log closed."),
        Column("tasks_given_up", "int64", "Those that were given up."),
        Column("tasks_cut_off", "int64", "Those that the end of the log cut off."),
        Column("tasks_barred", "int64", "Those whose account was barred."),
    ]
)

TRUTH_LINKS = TableSchema(
    [
        Column("account_id", "id", "Account.", prefix="acc_"),
        Column("to_id", "id", "What it is linked to."),
        Column(
            "link",
            "word",
            "`operator`: who stands behind it. `replaces`: the account whose place it took. "
            "`shared_card`, `shared_address`: the instrument or the home address that another "
            "account has too, who may be a stranger.",
        ),
    ]
)
