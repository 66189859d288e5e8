"""Configuration of the stage `curate`."""

from dataclasses import dataclass, field
from typing import Literal

from koreason.references import LanguageName, SourceName

Format = Literal["jsonl", "json", "csv", "tsv", "parquet", "stackexchange", "datasets", "placeholder"]


@dataclass(frozen=True)
class Source:
    """One raw dump.

    Attributes:
        format: how its files are read; `placeholder` stands for a dump that the catalogue's author does not have.
        category: one for the whole source, as in the paper (figure 3).
        licence: A may be redistributed, B may be trained on only, C is refused.
        columns: our column (`question`, `answer`, `url`, `posted_at`) to the dump's column names, joined by a blank line.
        root: folder of the files; `$NAME` is read from the environment.
        files: path below `root` to the SHA-256 of its bytes.
        encoding: of text files; a record that does not decode is rejected, not guessed at.
        max_reject_share: share of malformed records past which the stage stops.
        html: whether questions hold HTML that must be turned into text.
        hub, revision, split, name: of a Hugging Face data set (`format: datasets`), at a full commit id; a `hub` that starts
            with `/`, `.`, `~` or `$` is a folder written by `save_to_disk`, and `files` lists what lies in it.
    """

    format: Format
    category: str
    licence: Literal["A", "B", "C"]
    columns: dict[str, list[str]]
    max_reject_share: float
    html: bool
    root: str = "."
    files: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    hub: str | None = None
    revision: str | None = None
    split: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Pool:
    """Sources cleaned and deduplicated together.

    Attributes:
        sources: in order of preference: of equal prompts the one of the earliest source is kept.
        language: entry of `languages`: the target language.
        min_target_share: least share of the target language's scripts, 0 to 1 (paper: 0.30).
        min_chars, max_chars: length of a prompt in characters, both allowed (paper: 50 and 8,192).
        drop_image_dependent: drop prompts that cannot be answered without a picture.
        min_chars_beside_image: a prompt that showed a picture needs this many characters of text to stand without it.
        mask_personal_data: categories whose phone numbers, mail addresses and resident numbers are masked; in the others
            digits of that shape are nearly always part of the problem.
        limit: keep at most this many prompts, drawn by a hash of their ids; null keeps all.
    """

    sources: list[SourceName]
    language: LanguageName
    min_target_share: float
    min_chars: int
    max_chars: int
    drop_image_dependent: bool
    min_chars_beside_image: int
    mask_personal_data: list[str]
    limit: int | None = None
