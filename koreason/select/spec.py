"""Configuration of the stage `select`."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from koreason.config.checks.bounds import out_of_order
from koreason.config.joined.parts import CLUSTER_SIMILARITY, FORMS, key_of, of_one_form, pair_of
from koreason.config.marks import Flow, Natural, Positive, Range, Share
from koreason.config.references import ImportedName, PoolName, RecipeName
from koreason.errors import UserError
from koreason.switching.spec import Measure

Strategy = Literal["consensus", "diverse", "hardest", "longest", "random"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """All traces of one recipe on one pool, or those that came finished.

    Attributes:
        pool: entry of `pools`.
        recipe: entry of `recipes`.
        imported: entry of `imported`, in place of both.
    """

    pool: Annotated[
        PoolName | None,
        Flow(makes=("clean", "sketch", "dedup", "decontaminate", "decontaminate_traces", "pool", "trace", "measure")),
    ] = None
    recipe: Annotated[RecipeName | None, Flow(makes=("trace", "decontaminate_traces", "measure"))] = None
    imported: Annotated[ImportedName | None, Flow(makes=("import_traces", "decontaminate_traces", "measure"))] = None

    def __post_init__(self) -> None:
        if not of_one_form(self.pool, self.recipe, self.imported):
            raise UserError("is neither of a pool and a recipe nor imported", "traces", FORMS)

    @property
    def folder(self) -> str:
        """Where its traces lie below all traces, as its measures below all measures."""
        return "/".join(pair_of(vars(self)))

    @property
    def key(self) -> str:
        """By which `--shards` says how many it has."""
        return key_of(*pair_of(vars(self)))


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a measure of a trace may be; both ends are allowed, and null is no end.

    Attributes:
        min: least value.
        max: largest value.
    """

    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, kw_only=True)
class Strata:
    """Strata of a measure, and how much of each category's quota may come from each.

    Attributes:
        measure: by which traces are told apart.
        edges: where a stratum ends and the next begins, in rising order; an edge belongs to the one above. A trace without the measure
            belongs to the first.
        shares: the largest share of a quota, of each stratum, one more than there are edges.
    """

    measure: Measure
    edges: list[float]
    shares: list[Share]

    def __post_init__(self) -> None:
        if said := out_of_order(self.edges, self.shares):
            what, _, accepted = said.partition("; ")
            raise UserError(what, "strata", accepted)


@dataclass(frozen=True, kw_only=True)
class Refusing:
    """What selection must know of a target language.

    Attributes:
        refusals: regular expressions (Rust's `regex`) of an answer that refuses, looked for at its beginning; English ones are known.
    """

    refusals: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Filters:
    """What a trace must be like to be trained on.

    Attributes:
        min_think_share, max_think_share: ends of the band of the target language's share of the thinking (paper: 0.05 to 0.20).
        min_answer_share: least share of the target language in the answer.
        max_loop_ratio: compression ratio of the last 1,000 characters past which a trace counts as a loop.
        min_think_chars: least length of the thinking.
        max_tokens: longest trace (paper: 16,384).
        measures: least and largest value of any measure (docs/measures.md).
        drop_wrong: drop traces whose answer is known to be wrong; the paper keeps them.
        drop_prompt_leaks: drop traces that repeat a part of the recipe's system prompt.
        drop_refusals: drop traces whose answer refuses, by the `refusals` of the recipe's language.
        max_leaked_share: largest share of letters in a third script, of the thinking or of the answer; null: any.
        max_garbled_share: largest share of characters that no text holds on purpose; null: any.
        drop_copies: drop traces whose thinking or answer is the question again.
        allow_no_thinking: replies without thinking pass, and are learnt from as the answer alone; what is asked of the thinking is
            asked of those that have some.
    """

    min_think_share: Share
    max_think_share: Share
    min_answer_share: Share
    max_loop_ratio: Annotated[float, Range(above=0)]
    min_think_chars: Natural
    max_tokens: Positive
    measures: dict[Measure, Bounds] = field(default_factory=dict)
    drop_wrong: Annotated[bool, Flow(makes=("judge",))] = False
    drop_prompt_leaks: bool = False
    drop_refusals: bool = False
    max_leaked_share: Share | None = None
    max_garbled_share: Share | None = None
    drop_copies: bool = False
    allow_no_thinking: bool = False


@dataclass(frozen=True)
class Mix:
    """A training set.

    Attributes:
        traces: what it is drawn from; the first part that has a prompt's passing trace provides it.
        filters: what a trace must be like.
        quotas: category to the largest number of rows taken; categories not named are left out.
        samples_per_prompt: most traces of one prompt.
        seed: of the draw.
        strata: parts of each quota by a measure; null: quotas go by categories alone.
        strategies: category to what of it is drawn first, `random` where it is not named. `longest`: the traces of most tokens; `hardest`:
            those whose prompt's samples agree least, with each other or with the known answer; `consensus`: no prompt of which samples
            differ or one is wrong; `diverse`: one prompt of each cluster of prompts that are alike.
        cluster_similarity: Jaccard similarity of two questions' character 5-grams, with all numbers taken for the same, from which on
            they are alike to `diverse`; less than the pools' `near_duplicates`.
        token_budgets: category to the most tokens taken, beside its quota of rows; a category's draw ends where one of them is full.
        purged: traces that are left out, PROMPT_ID/SAMPLE; `koreason spikes` writes them.
        across_parts: later parts fill up what earlier ones lack of `samples_per_prompt`; else one part provides all samples of a prompt.
    """

    traces: list[Part]
    filters: Filters
    quotas: dict[str, Natural]
    samples_per_prompt: Positive
    seed: Natural
    strata: Strata | None = None
    strategies: Annotated[dict[str, Strategy], Flow(makes=("judge",))] = field(default_factory=dict)
    cluster_similarity: Annotated[float, Range(0.3, most=1)] = CLUSTER_SIMILARITY
    token_budgets: dict[str, Natural] = field(default_factory=dict)
    purged: list[str] = field(default_factory=list)
    across_parts: bool = False
