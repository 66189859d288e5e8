"""The rules of the workflow, in the order in which it runs, and what each is called where something else is named after it.

RULES["page"].stage           # "report"
stage_of("import_traces")     # "trace"
rule_of("score-bench")        # "score"
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What a rule is called.

    Attributes:
        name: in the workflow.
        command: its subcommand.
        resources: its entry of `resources`.
        stage: by which people name what it makes, as the folders of `results` are laid out.
    """

    name: str
    command: str
    resources: str
    stage: str


def _rule(name: str, command: str = "", resources: str = "", stage: str = "") -> Rule:
    return Rule(name, command or name, resources or name, stage or name)


_OVERLAPS = {"command": "decontaminate", "resources": "decontaminate", "stage": "decontaminate"}
RULES = {
    rule.name: rule
    for rule in (
        _rule("base"),
        _rule("ingest"),
        _rule("augment", stage="ingest"),
        _rule("clean"),
        _rule("sketch"),
        _rule("dedup"),
        _rule("decontaminate"),
        _rule("pool"),
        _rule("trace"),
        _rule("import_traces", command="import-traces", resources="ingest", stage="trace"),
        _rule("decontaminate_traces", **_OVERLAPS),
        _rule("measure"),
        _rule("judge", resources="measure"),
        _rule("select"),
        _rule("decontaminate_mix", **_OVERLAPS),
        _rule("pack"),
        _rule("train"),
        _rule("bench"),
        _rule("generate"),
        _rule("score", command="score-bench"),
        _rule("page", resources="report", stage="report"),
    )
}
_PLACES = {name: place for place, name in enumerate(RULES)}
_NAMED = {word: rule.name for rule in reversed(RULES.values()) for word in (rule.stage, rule.command)} | {name: name for name in RULES}


def resources_of(rule: str) -> str:
    """The entry of `resources` of a rule; another workflow's has its own name."""
    return RULES[rule].resources if rule in RULES else rule


def stage_of(word: str) -> str:
    """The stage that a rule, or what a manifest calls its stage, belongs to."""
    return RULES[word].stage if word in RULES else word


def rule_of(word: str) -> str:
    """The rule that a command, a stage or a rule is called by; of several the first."""
    return _NAMED.get(word, word)


def in_order(rule: str) -> tuple[int, str]:
    """Sorts rules as the pipeline runs them, rules of other workflows behind them."""
    return _PLACES.get(rule, len(RULES)), rule
