"""Configuration of the stage `curate`."""

import re
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from koreason.config.marks import How, Natural, Place, Positive, Secret, Share
from koreason.errors import UserError
from koreason.languages import Language

Format = Literal[
    "jsonl",
    "json",
    "csv",
    "tsv",
    "parquet",
    "stackexchange",
    "discourse",
    "xlsx",
    "folder",
    "warc",
    "datasets",
    "placeholder",
    "augmented",
    "translated",
]
Column = Literal["question", "passage", "options", "gold", "answer", "url", "posted_at"]


@dataclass(frozen=True, kw_only=True)
class Files:
    """Foreign files, and how they are read.

    Attributes:
        root: folder of the files, relative to the file of the configuration; `$NAME` is read from the environment. Which files they
            are, their digests say.
        files: path below `root` to the SHA-256 of its bytes; or a glob (`**` for folders) to the SHA-256 of the lines `SHA-256  path`
            of the files that match, as `sha256sum` writes them, in the paths' order.
        encoding: of text files; a record that does not decode is rejected, not guessed at.
        max_reject_share: share of malformed records, or of their bytes, past which the stage stops.
        separator: between the fields of `csv` and `tsv`; null: a comma, a tab.
        max_bytes: most that a file may be decompressed to; null: 1 GiB, or 250 times the file where that is more.
        hub: a Hugging Face data set (`format: datasets`); one that starts with `/`, `.`, `~` or `$` is a folder written by
            `save_to_disk`, and `files` lists what lies in it.
        revision: full commit id of the data set on the hub.
        digest: of all files of the data set, as `koreason pin` writes it; held against where it is read from a mirror.
        split: of the data set.
        name: subset of the data set.
    """

    max_reject_share: Share = 0.01
    root: Annotated[str, How(), Place()] = "."
    files: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    separator: str | None = None
    max_bytes: Positive | None = None
    hub: Annotated[str | None, Place()] = None
    revision: str | None = None
    digest: str | None = None
    split: str | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source(Files):
    """One raw dump.

    Attributes:
        format: how its files are read; `placeholder` stands for a dump that the catalogue's author does not have, `augmented` and
            `translated` for prompts that are made of a pool's.
        columns: our column (`question`, `passage`, `options`, `gold`, `answer`, `url`, `posted_at`) to the dump's columns, by name or by
            path (`data[].paragraphs[].qas[].question`). Several are joined by a blank line; of `options` each is an option.
        html: whether questions hold HTML that must be turned into text.
        sheet: of `xlsx`; null: the first.
    """

    format: Format
    columns: dict[Column, list[str]] = field(default_factory=dict)
    html: bool = False
    sheet: str | None = None


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """One kind of personal data: how it looks, and what stands in its place. Patterns are of Rust's `regex`, so their time is linear.

    They are matched against a text in which full-width digits, brackets and `＠` are ASCII and all dashes are `-`.

    Attributes:
        pattern: regular expression of one; where it has a group `value` (or `value2` …), that part is what is replaced.
        placeholder: what takes its place: of the same shape, belonging to nobody; `${name}` is a group of the pattern.
        context: regular expression that must match somewhere in the text; null: none is needed.
        unless: regular expression of spans, the number included, in which the same shape means something else.
        alone: refuse a match that is a piece of a longer number: beside a digit, an ASCII letter, or a point or dash and a digit.
        rank: kinds of lower rank are masked before others.
    """

    pattern: str
    placeholder: str
    context: str | None = None
    unless: str | None = None
    alone: bool = True
    rank: Natural = 0


def _expanded(classes: dict[str, str]) -> dict[str, str]:
    """Classes with what they hold of each other in its place, in whatever order they stand: a configuration's keys have none.

    Raises:
        UserError: some hold each other in a circle.
    """
    found: dict[str, str] = {}
    waiting = dict(classes)
    while waiting:
        ready = [name for name, pattern in waiting.items() if not _held(pattern) & waiting.keys()]
        if not ready:
            raise UserError("hold each other in a circle", f"classes {', '.join(sorted(waiting))}", "take one out of the other")
        found |= {name: f"(?x:{_with_classes(waiting.pop(name), found)})" for name in ready}
    return found


def _held(pattern: str) -> set[str]:
    return set(re.findall(r"\{([a-z_]+)\}", pattern))


def _with_classes(pattern: str, classes: dict[str, str]) -> str:
    """A pattern with what its `{name}` stand for; repetitions (`{1,3}`) and `\\p{Han}` are no names of classes."""
    return re.sub(r"\{([a-z_]+)\}", lambda name: classes.get(name[1], name[0]), pattern)


@dataclass(frozen=True, kw_only=True)
class ImageModel:
    """A linear model of what depends on a picture, beside the phrases: n-grams with their weights.

    Attributes:
        file: JSON that `bench/pictures.py` makes of labelled sentences; an absolute path, or one below the package.
        sha256: its digest.
        threshold: a text whose score is above depends on a picture.
    """

    file: str
    sha256: str
    threshold: int


@dataclass(frozen=True, kw_only=True)
class PromptLanguage(Language):
    """What cleaning must know of a target language. All patterns are regular expressions of Rust's `regex`.

    Attributes:
        image_phrases: phrases by which a post depends on a picture it does not contain.
        table_phrases: phrases that depend on a table: they count where no table stands in the text.
        lone_phrases: texts that point at something and hold nothing else, from `^` to `\\z`: what they point at was a picture.
        lone_exceptions: texts that look like one of these and depend on nothing.
        image_exceptions: phrases that look like one of these and depend on nothing; taken away before the search.
        image_model: what tells the rest, and weighs the phrases; null: the phrases alone decide.
        markup_mentions: what stands right behind a tag that is spoken of and marks nothing up, as in `the <p> tag`.
        boilerplate: what forum software, mail programs and telephones put around a post: removed.
        boilerplate_words: literal words, one of which stands in each of these: texts without any are not searched; none: all are.
        personal_data: kinds of personal data each with its rank among them.
        classes: alternatives that patterns share: in the others and in later classes `{name}` stands for them; their white space means
            nothing.
    """

    image_phrases: list[str]
    table_phrases: list[str] = field(default_factory=list)
    lone_phrases: list[str] = field(default_factory=list)
    lone_exceptions: list[str] = field(default_factory=list)
    image_exceptions: list[str] = field(default_factory=list)
    image_model: ImageModel | None = None
    markup_mentions: list[str] = field(default_factory=list)
    boilerplate: list[str] = field(default_factory=list)
    boilerplate_words: list[str] = field(default_factory=list)
    personal_data: dict[str, PersonalData] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        classes = _expanded(self.classes)
        lists = ("image_phrases", "table_phrases", "lone_phrases", "lone_exceptions", "image_exceptions", "markup_mentions", "boilerplate")
        for name in lists:
            object.__setattr__(self, name, [_with_classes(pattern, classes) for pattern in getattr(self, name)])
        kinds = {  # by rank: a configuration's keys have no order
            kind: replace(
                personal,
                pattern=_with_classes(personal.pattern, classes),
                context=personal.context and _with_classes(personal.context, classes),
                unless=personal.unless and _with_classes(personal.unless, classes),
            )
            for kind, personal in sorted(self.personal_data.items(), key=lambda item: (item[1].rank, item[0]))
        }
        object.__setattr__(self, "personal_data", kinds)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """What the search for duplicates must know of a target language.

    Attributes:
        talk: regular expression of what daily talk adds without meaning: laughter, dots, marks.
        asides: regular expression of what stands around a question and does not change it: greetings, thanks, marks awarded.
        interchangeable: regular expression of words and endings of which one may stand for another and the question stays
            the same: `explain` and `please explain`.
        opposites: regular expression of words that turn a question into another: most and least, right and wrong, negations, numerals.
    """

    talk: str = ""
    asides: str = ""
    interchangeable: str = ""
    opposites: str = ""


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """What decontamination must know of a target language.

    Attributes:
        segmenter: how a text is cut into words: at white space and script borders, into characters, or by a morphological
            analyser.
        endings: regular expression of what is cut off a word's end before words are compared.
    """

    segmenter: Literal["words", "characters", "kiwi"] = "words"
    endings: str = ""


@dataclass(frozen=True, kw_only=True)
class Near:
    """How near-duplicates are known.

    Attributes:
        near_duplicates: least Jaccard similarity of the character 5-grams of twins; null: only equal prompts are twins.
    """

    near_duplicates: Share | None = None


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """How overlaps with benchmarks are known.

    Attributes:
        contamination: `paper`: one shared 13-gram of words or morphemes removes (section 5.3); `robust`: shared characters, and
            shared numbers and LaTeX, which find translations, too; `both`: either.
        max_bench_share: a source is refused of which a larger share is one benchmark.
        sealed: path below `sealed_root` to the SHA-256 of what `koreason seal` made of a benchmark that must not lie in the clear.
        sealed_root: folder of these files; `$NAME` is read from the environment.
        seal_key: the environment variable with their key, as `$NAME`.
    """

    contamination: Literal["paper", "robust", "both"] = "robust"
    max_bench_share: Share = 0.5
    sealed: dict[str, str] = field(default_factory=dict)
    sealed_root: Annotated[str, How(), Place()] = "."
    seal_key: Annotated[str | None, How(), Secret()] = None


ShareOf = Literal["characters", "outside_math_and_code", "letters"]
TwinKind = Literal["text", "stem", "code", "exam", "talk"]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What differs in one source or category; null: as in the pool.

    Attributes:
        min_target_share: as in the pool.
        target_share_of: as in the pool.
        min_chars, max_chars: as in the pool.
        drop_image_dependent: as in the pool.
        min_chars_beside_image: as in the pool.
        max_repetition: as in the pool.
        max_damage: as in the pool.
    """

    min_target_share: Share | None = None
    target_share_of: ShareOf | None = None
    min_chars: Natural | None = None
    max_chars: Positive | None = None
    drop_image_dependent: bool | None = None
    min_chars_beside_image: Natural | None = None
    max_repetition: Share | None = None
    max_damage: Share | None = None


@dataclass(frozen=True, kw_only=True)
class Pool:
    """What of the cleaned prompts is kept.

    Attributes:
        min_target_share: least share of the target language's scripts, 0 to 1 (paper: 0.30).
        target_share_of: of all characters but white space (the paper does not say), of those outside of formulas and code, or of
            letters.
        min_chars, max_chars: length of a prompt in characters, both allowed (paper: 50 and 8,192).
        drop_image_dependent: drop prompts that cannot be answered without a picture.
        min_chars_beside_image: a prompt that showed a picture needs this many characters of text to stand without it.
        max_repetition: largest share of a text that is one thing over and over.
        max_damage: largest share of characters that are damage.
        limit: keep at most this many prompts, drawn by a hash of their ids; null keeps all.
    """

    min_target_share: Share
    target_share_of: ShareOf = "characters"
    min_chars: Natural
    max_chars: Positive
    drop_image_dependent: bool
    min_chars_beside_image: Natural
    max_repetition: Share = 0.5
    max_damage: Share = 0.05
    limit: Positive | None = None
