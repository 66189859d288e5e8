"""Try a dump or an entry: what it is taken for, its first records cleaned, and what a pool would drop of them and why.

try_source(["data/demo/forum.jsonl.gz"], [], 2000)

Nothing is written, and digests are not compared: a trial is to take seconds whatever the dump's size.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from koreason.config.effects import given
from koreason.config.files.layers import layered
from koreason.config.joined import per_source
from koreason.config.load import load
from koreason.config.variables import expand
from koreason.curate.deciding.filters import evidence, first_reason, names
from koreason.curate.guessing.guess import guess
from koreason.curate.ingest import checked
from koreason.curate.prompts.of_records import BOUNDED_BYTES, Prompts
from koreason.curate.reading.readers import READERS, WHOLE
from koreason.curate.reading.streamed.streams import Stream, opened
from koreason.curate.reading.wanted import Wanted
from koreason.curate.spec import Pool, PromptLanguage, Source
from koreason.curate.text.cleaned import cleaned
from koreason.errors import UserError, printable
from koreason.intake.named import is_glob, matching

RECORDS = 2000
FILES = 20  # of many, read from
SHOWN = 20
TEXT_CHARS, ANSWER_CHARS = 300, 80
LANGUAGE = "ko"
# What the paper says (section 5.1), and where it says nothing what config/paper.yaml does.
PAPER = Pool(min_target_share=0.30, min_chars=50, max_chars=8192, drop_image_dependent=True, min_chars_beside_image=150)


class Asked(NamedTuple):
    """What is tried: the source, its files, the pool whose thresholds count, whether it masks personal data, and what is said of it."""

    name: str
    source: Source
    files: list[str]
    pool: Pool
    language: PromptLanguage
    mask: bool
    told: list[str]


def try_source(paths: list[str], configfiles: list[Path], count: int) -> None:
    """Print what became of the first records.

    Raises:
        UserError: the dump cannot be read, or no column looks like a question.
    """
    config = layered(configfiles)
    asked = _entry(paths[0], config) if len(paths) == 1 and paths[0] in (config.get("sources") or {}) else _guessed(paths, config)
    print("\n".join(map(printable, asked.told)))
    frame, fates, told = read(asked, count)
    print(f"\nread {fates.total():,} records: {', '.join(f'{number:,} {fate}' for fate, number in fates.items())}")
    print("".join(f"  {printable(line)}\n" for line in told), end="")
    if frame.is_empty():
        raise UserError("no record could be used", asked.source.root, "correct its format, encoding and columns")
    frame = judged(frame, asked)
    print(summary(frame))
    print(f"\nthe first {min(SHOWN, frame.height)} prompts, cleaned:")
    for row in frame.head(SHOWN).iter_rows(named=True):
        print(_shown(row))


def _entry(name: str, config: dict[str, Any]) -> Asked:
    entry = config["sources"][name]
    if entry.get("pool"):
        raise UserError(f"is made of the pool {entry['pool']}: there is no dump to try", f"source {name}")
    source = checked(load(Source, given("ingest", "sources", entry), f"source {name}"), name)
    root = expand(source.root)
    files: list[str] = []
    for file in sorted(source.files):
        files += matching(file, root) if is_glob(file, root) else [file]
    pool = next((one for one in (config.get("pools") or {}).items() if name in one[1].get("sources", [])), None)
    told = [f"source {name}: {source.format}, {len(files):,} files"]
    if pool is None:
        told.append("no pool takes it: the paper's thresholds count")
        return Asked(name, source, files, PAPER, _language(config, LANGUAGE), False, told)
    wanted = pool[1]
    told.append(f"the thresholds of the pool {pool[0]} count")
    thresholds = load(Pool, given("pool", "pools", wanted) | per_source.thresholds(config, pool[0], name), f"pool {pool[0]}")
    mask = per_source.is_masked(config, pool[0], name)
    return Asked(name, source, files, thresholds, _language(config, wanted.get("language", LANGUAGE)), mask, told)


def _guessed(paths: list[str], config: dict[str, Any]) -> Asked:
    if absent := [path for path in paths if not Path(path).exists()]:
        known = ", ".join(config.get("sources") or {}) or "none: name a --configfile"
        raise UserError("is no file, no folder and no source", absent[0], f"sources are: {known}")
    found = guess([Path(path) for path in paths])
    told = [*found.reasons, f"columns: {', '.join(found.found)}", "the paper's thresholds count"]
    return Asked("source", found.source(), found.files, PAPER, _language(config, LANGUAGE), False, told)


def _language(config: dict[str, Any], name: str) -> PromptLanguage:
    language: PromptLanguage = load(PromptLanguage, given("clean", "languages", config["languages"][name]), f"language {name}")
    return language


def read(asked: Asked, count: int) -> tuple[pl.DataFrame, Counter[str], list[str]]:
    """The first prompts, what became of the records, and why some were not used."""
    wanted = Wanted(asked.source)
    prompts = Prompts(asked.name, asked.source, wanted)
    fates, reasons, firsts = Counter[str](), Counter[tuple[str, str]](), dict[tuple[str, str], str]()
    streams = min(len(asked.files), FILES) or 1
    for stream in _streams(asked):
        for number, record in enumerate(READERS[asked.source.format](stream, asked.source, wanted), 1):
            reason = prompts.add(stream.name, record)
            fate = "accepted" if reason is None else "skipped" if record.skipped else "rejected"
            fates[fate] += 1
            if reason is not None:
                reasons[fate, reason] += 1
                firsts.setdefault((fate, reason), f"{stream.name} record {record.number}")
            if number * streams >= count or prompts.bytes > BOUNDED_BYTES:
                break
        if fates.total() >= count or prompts.bytes > BOUNDED_BYTES:
            break
    told = [f"{fate}: {number:,} {reason}, first at {firsts[fate, reason]}" for (fate, reason), number in sorted(reasons.items())]
    if wanted.known and wanted.unseen:
        told.append(f"no record had {', '.join(sorted(wanted.unseen))}; there are {', '.join(wanted.known)}")
    frame = pl.from_arrow(prompts.taken())
    assert isinstance(frame, pl.DataFrame)
    return frame, fates, told


def _streams(asked: Asked) -> Iterator[Stream]:
    source = asked.source
    if source.format == "datasets":
        yield Stream(source.hub or "", Path(source.hub or ""), iter(()))
        return
    root = expand(source.root)
    for name in asked.files[:: max(1, len(asked.files) // FILES)][:FILES]:
        if not (root / name).is_file():
            raise UserError("no such file", root / name, "fetch the dump, or correct the source's `root` and `files`")
        yield from opened(root / name, name, source.max_bytes, whole=source.format in WHOLE)


def judged(frame: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """The prompts cleaned, with `reason`, the filter that would drop each, and its `evidence`."""
    frame = cleaned(frame, asked.language, html=asked.source.html, mask=asked.mask)
    return frame.with_columns(reason=first_reason(asked.pool)).with_columns(evidence=evidence(asked.pool))


def summary(frame: pl.DataFrame) -> str:
    """How many would be kept, and dropped for each reason, with an example of what it goes by."""
    counts = Counter(reason for reason in frame["reason"] if reason)
    lines = [
        f"of {frame.height:,} prompts {frame.height - counts.total():,} would be kept, before duplicates and benchmarks are looked for"
    ]
    for reason in names():
        if counts[reason]:
            example = frame.filter(pl.col("reason") == reason)["evidence"][0] or ""
            lines.append(f"  {reason:<16}{counts[reason]:>7,} {counts[reason] / frame.height:>6.1%}  such as {_line(example, 60)!r}")
    return "\n".join(lines)


def _shown(row: dict[str, Any]) -> str:
    parts = [_line(row[column], TEXT_CHARS) for column in ("passage", "question") if row[column]]
    if row["options"]:
        parts.append(" / ".join(_line(option, ANSWER_CHARS) for option in row["options"][:10]))
    answers = [f"[{column}] {_line(row[column], ANSWER_CHARS)}" for column in ("gold", "answer", "url", "posted_at") if row[column]]
    return f"  {row['reason'] or 'kept':<16}{' | '.join([*parts, *answers])}"


def _line(text: str, most: int) -> str:
    """The beginning of a text on one line, without what a terminal would obey."""
    line = printable(text[: 2 * most])
    return line if len(line) <= most else f"{line[: most - 1]}…"
