"""Rows per second of `koreason clean` and of datatrove with the same filters, on one core, side by side.

    PYTHONPATH=. .envs/dev/bin/python bench/clean.py [--rows 40000] [--repeats 3]

The texts are the demo's prompts joined at random into realistic lengths, with a tenth of them repeated. Both read one
Parquet file and write the surviving prompts to another; which survive, and their texts, must be identical. In
datatrove the steps are what its users write: formatters and filters, with our regular expressions. Duplicates are found
there by a set in memory, which is faster than its own exact deduplication in three passes over files. Both count from the first byte read to the last byte written,
after their libraries are imported; the fastest of the repeats counts.
"""

import argparse
import contextlib
import hashlib
import html
import io
import json
import os
import random
import re
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

CORE = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {CORE})
os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", KOREASON_HOME=str(Path(__file__).resolve().parents[1]))

import polars as pl  # noqa: E402
import yaml  # noqa: E402
from datatrove.data import Document, DocumentsPipeline  # noqa: E402
from datatrove.executor import LocalPipelineExecutor  # noqa: E402
from datatrove.pipeline.base import PipelineStep  # noqa: E402
from datatrove.pipeline.readers import ParquetReader  # noqa: E402
from datatrove.pipeline.writers import ParquetWriter  # noqa: E402
from datatrove.utils.typeshelper import StatHints  # noqa: E402

from koreason.cli import main as koreason  # noqa: E402
from koreason.curate.markup import EVIDENCE, IMAGE_TAG, MARKDOWN_IMAGE, REPLACEMENTS  # noqa: E402
from koreason.curate.normalise import INVISIBLE, PERSONAL, RESIDENT_CONTEXT, SEPARATORS, SPACES  # noqa: E402
from koreason.languages import SCRIPTS  # noqa: E402
from koreason.manifest import sha256_file  # noqa: E402
from koreason.tables import PROMPTS, ROWS_PER_GROUP  # noqa: E402

HOME = Path(os.environ["KOREASON_HOME"])
SEED = 20251004
TARGET = 8.0


def python_dialect(pattern: str) -> re.Pattern[str]:
    """A regular expression of Polars for Python's `re`."""
    pattern = re.sub(r"\\x\{([0-9A-F]+)\}", lambda match: re.escape(chr(int(match[1], 16))), pattern)
    if "(?-u:" in pattern:
        return re.compile(pattern.replace(r"(?-u:\b)", r"\b"), re.ASCII)
    return re.compile(pattern)


def flagged(pattern: str) -> re.Pattern[str]:
    """Python wants flags that stand in the middle of a pattern at its start."""
    flags = {flag for group in re.findall(r"\(\?([is]+)\)", pattern) for flag in group}
    bare = re.sub(r"\(\?[is]+\)", "", pattern)
    return re.compile(bare, sum({"i": re.IGNORECASE, "s": re.DOTALL}[flag] for flag in flags))


class Clean(PipelineStep):
    """What `koreason clean` does to a text, a text at a time."""

    name = "clean"
    type = "format"

    def __init__(self) -> None:
        super().__init__()
        self.evidence = flagged(EVIDENCE)
        self.tags = [(flagged(pattern), replacement) for pattern, replacement in REPLACEMENTS]
        self.entity = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
        self.spaces = [(python_dialect(pattern), new) for pattern, new in ((SEPARATORS, "\n"), (SPACES, " "), (INVISIBLE, ""))]
        self.personal = [(kind, python_dialect(pattern), new) for kind, (pattern, new) in PERSONAL.items()]
        self.resident = re.compile(RESIDENT_CONTEXT)

    def format(self, text: str) -> str:
        """The cleaned text."""
        if self.evidence.search(text):
            for pattern, replacement in self.tags:
                text = pattern.sub(replacement, text)
        if "&" in text:
            text = self.entity.sub(lambda match: html.unescape(match[0]), text)
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        for pattern, replacement in self.spaces:
            text = pattern.sub(replacement, text)
        text = re.sub(r"[ \t]+\n", "\n", text)
        text = re.sub(r"\n{3,}", "\n\n", text).strip()
        for kind, pattern, stand_in in self.personal:
            if kind != "resident_number" or self.resident.search(text):
                text = pattern.sub(stand_in, text)
        return text

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Pass every document on, cleaned, and count as datatrove's formatters do."""
        for document in data:
            self.stat_update(StatHints.total)
            with self.track_time():
                document.text = self.format(document.text)
            yield document


class SeesImages(PipelineStep):
    """Notes which posts showed a picture, before their markup is gone."""

    name = "images"
    type = "note"
    pattern = flagged(f"{IMAGE_TAG}|{MARKDOWN_IMAGE}")

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Pass every document on with its note."""
        for document in data:
            document.metadata["shows_image"] = bool(self.pattern.search(document.text))
            yield document


class Filter(PipelineStep):
    """A filter; datatrove's own base class needs a package that datatrove does not install."""

    type = "filter"

    def filter(self, document: Document) -> str | None:
        """Why a document is dropped; None keeps it."""
        raise NotImplementedError

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Pass on what is kept, and count as datatrove's filters do."""
        for document in data:
            self.stat_update(StatHints.total)
            with self.track_time():
                reason = self.filter(document)
            if reason is None:
                self.stat_update(StatHints.forwarded)
                self.update_doc_stats(document)
                yield document
            else:
                self.stat_update(StatHints.dropped, f"dropped_{reason}")


class Filters(Filter):
    """The pool's filters, a text at a time."""

    name = "filters"

    def __init__(self, pool: dict, language: dict) -> None:
        super().__init__()
        self.pool = pool
        self.phrases = re.compile("|".join(f"(?:{phrase})" for phrase in language["image_phrases"]))
        self.target = re.compile("[" + "".join(SCRIPTS[script] for script in language["scripts"]) + "]")

    def filter(self, document: Document) -> str | None:
        """The first reason that applies."""
        text = document.text
        if not text:
            return "empty"
        if (document.metadata["shows_image"] and len(text) < self.pool["min_chars_beside_image"]) or self.phrases.search(text):
            return "image_dependent"
        if len(self.target.findall(text)) / len("".join(text.split())) < self.pool["min_target_share"]:
            return "target_share"
        if not self.pool["min_chars"] <= len(text) <= self.pool["max_chars"]:
            return "length"
        return None


class Duplicates(Filter):
    """Keeps the first of equal prompts."""

    name = "duplicates"

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[bytes] = set()

    def filter(self, document: Document) -> str | None:
        """Drop what came before, white space aside."""
        digest = hashlib.sha256("".join(document.text.split()).encode()).digest()
        if digest in self.seen:
            return "duplicate"
        self.seen.add(digest)
        return None


def write_source(folder: Path, rows: int, pool: dict, config: dict) -> None:
    """One source of `rows` prompts as `ingest` leaves it."""
    folder.mkdir()
    texts = []
    for name in pool["sources"]:
        out = folder.parent / name
        if koreason(["ingest", "--source", name, "--spec", json.dumps(config["sources"][name]), "--out", str(out)]):
            sys.exit("the demo's dumps cannot be read")
        texts += pl.read_parquet(out / "prompts.parquet")["question"].to_list()
    draw = random.Random(SEED)
    questions = ["\n\n".join(draw.choices(texts, k=draw.choice([1, 2, 3, 4, 6, 8]))) for _ in range(9 * rows // 10)]
    questions += draw.choices(questions, k=rows - len(questions))
    draw.shuffle(questions)
    frame = pl.DataFrame({"prompt_id": [f"{number:08d}" for number in range(rows)], "question": questions})
    frame = frame.with_columns(source=pl.lit("bench"), category=pl.lit("Daily"), licence=pl.lit("A"))
    frame = frame.with_columns(pl.lit(None, kind).alias(column) for column, kind in PROMPTS.items() if column not in frame.columns)
    path = folder / "prompts.parquet"
    frame.select(list(PROMPTS)).write_parquet(path, row_group_size=ROWS_PER_GROUP)
    facts = {"sha256": sha256_file(path), "bytes": path.stat().st_size, "rows": rows, "html": True}
    (folder / "manifest.json").write_text(json.dumps({"files": {"prompts.parquet": facts}}), encoding="utf-8")
    mean = frame["question"].str.len_bytes().mean()
    print(f"{rows:,} prompts of {mean:,.0f} bytes in the mean, one core")


def run_koreason(source: Path, out: Path, pool: dict, language: dict) -> pl.DataFrame:
    """The stage's own command line."""
    arguments = [
        "clean",
        "--spec",
        json.dumps(pool),
        "--language",
        json.dumps(language),
        "--in",
        str(source / "manifest.json"),
        "--out",
        str(out),
    ]
    if koreason(arguments):
        sys.exit("koreason clean failed")
    return pl.read_parquet(out / "prompts.parquet", columns=["prompt_id", "question"])


def run_datatrove(source: Path, out: Path, pool: dict, language: dict) -> pl.DataFrame:
    """One pipeline from Parquet to Parquet."""
    reader = ParquetReader(str(source), text_key="question", id_key="prompt_id", read_metadata=False, glob_pattern="*.parquet")
    pipeline = [reader, SeesImages(), Clean(), Filters(pool, language), Duplicates(), ParquetWriter(str(out / "kept"))]
    LocalPipelineExecutor(pipeline=pipeline, logging_dir=str(out / "logs"), tasks=1, workers=1).run()
    return pl.read_parquet(out / "kept" / "*.parquet", columns=["id", "text"]).rename({"id": "prompt_id", "text": "question"})


def main() -> None:
    """Run both in turn, compare what they kept, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    config = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))
    language = yaml.safe_load((HOME / "config" / "config.yaml").read_text(encoding="utf-8"))["languages"]["ko"]
    pool = {**config["pools"]["demo"], "limit": None}
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        write_source(source, arguments.rows, pool, config)
        for repeat in range(arguments.repeats):
            kept = {}
            for name, run in (("koreason", run_koreason), ("datatrove", run_datatrove)):
                started = time.perf_counter()
                with contextlib.redirect_stderr(io.StringIO()):  # both report progress
                    kept[name] = run(source, Path(folder) / f"{name}{repeat}", pool, language)
                best[name] = min(best.get(name, float("inf")), time.perf_counter() - started)
            if not kept["koreason"].equals(kept["datatrove"]):
                sys.exit("the two kept different prompts")
    for name, seconds in best.items():
        print(f"{name:10} {arguments.rows / seconds:10,.0f} rows/s")
    ratio = best["datatrove"] / best["koreason"]
    print(f"both kept the same {kept['koreason'].height:,} prompts; koreason is {ratio:.1f} times as fast (claimed: {TARGET:g})")
    sys.exit(ratio < TARGET)


if __name__ == "__main__":
    main()
