"""Configuration of prompts that are made of a pool's prompts."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from koreason.config.marks import Natural, Positive, Range, Share
from koreason.curate.spec import Format

Ratio = Annotated[float, Range(above=0)]


@dataclass(frozen=True, kw_only=True)
class Phrasing:
    """What the making of prompts must know of a target language.

    Attributes:
        directives: short sentences that ask for a form of the answer, for questions without options.
        choice_directives: the same for questions with options, which are shown lettered from A.
        negations: regular expressions of cues by which a question asks for what is wrong: its distractors are right.
        relative_options: regular expressions of options that speak of other options, as in "all of the above".
        around_gold: regular expressions of what stands around the label of the right option, and is no part of it.
    """

    directives: list[str] = field(default_factory=list)
    choice_directives: list[str] = field(default_factory=list)
    negations: list[str] = field(default_factory=list)
    relative_options: list[str] = field(default_factory=list)
    around_gold: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Style:
    """The question unchanged, with a directive of the language beside it (paper, section 5.2).

    Attributes:
        place: where the directive goes: before the question, after it (before its options), or either, drawn.
    """

    place: Literal["before", "after", "either"] = "either"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The question with distractors of similar questions among its options (paper, section 5.2).

    Attributes:
        similar: how many of the most similar questions, by BM25, give their distractors.
        most: options of a question at the most (paper: ten).
        near_duplicate: least Jaccard similarity of the character pairs of two options that say the same.
    """

    similar: Positive = 10
    most: Annotated[int, Range(3, 10)] = 10
    near_duplicate: Share = 0.7


@dataclass(frozen=True, kw_only=True)
class Augment:
    """How prompts are varied; each kind that is given makes prompts of its own.

    Attributes:
        style: null: none.
        options: null: none.
        limit: make at most this many of each kind, of prompts that are drawn; null: of all.
        seed: of directives, places, order and draw.
    """

    style: Style | None = None
    options: Options | None = None
    limit: Positive | None = None
    seed: Natural = 0


@dataclass(frozen=True, kw_only=True)
class Translate:
    """What a translation must be like to be a prompt.

    Attributes:
        min_length_ratio, max_length_ratio: characters of the translation to those of the original, both allowed.
    """

    min_length_ratio: Ratio
    max_length_ratio: Ratio


@dataclass(frozen=True, kw_only=True)
class Making:
    """A source whose prompts are made of a pool's.

    Attributes:
        augment: how prompts are varied (`format: augmented`).
        translate: what translations must be like (`format: translated`).
    """

    format: Format
    max_reject_share: Share = 0.01
    augment: Augment | None = None
    translate: Translate | None = None
