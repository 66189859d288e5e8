"""Rows per second of cleaning and of datatrove with its own steps, by the processor time of one core, side by side.

    PYTHONPATH=. .envs/dev/bin/python bench/clean.py [--rows 65536] [--repeats 3]

The texts are the demo's prompts joined at random to 0.65 kB in the mean, a tenth of them repeated, as one source of plain text and one
of HTML. Both read one Parquet file and write what passes to another. Here that is every text cleaned, masked and measured
(`koreason.curate.text`), then filters on the measures. In datatrove it is what its users have: tags away by one pattern, references,
NFC, patterns for mail and addresses of machines (its own formatter wants a package that it does not install), and filters for length,
script and phrases: less than is done here, so that the ratio is a lower bound. Each counts from the first byte read to the last byte
written, after its libraries are imported; the fastest of the repeats counts. The exit status is 0 where plain rows reach 45,000 a second.
"""

import argparse
import contextlib
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
from datatrove.data import DocumentsPipeline  # noqa: E402
from datatrove.executor import LocalPipelineExecutor  # noqa: E402
from datatrove.pipeline.base import PipelineStep  # noqa: E402
from datatrove.pipeline.readers import ParquetReader  # noqa: E402
from datatrove.pipeline.writers import ParquetWriter  # noqa: E402

from koreason.cli import main as koreason  # noqa: E402
from koreason.config.effects import given  # noqa: E402
from koreason.config.files.layers import read_language  # noqa: E402
from koreason.config.load import load  # noqa: E402
from koreason.curate.clean import ROWS_PER_CHUNK  # noqa: E402
from koreason.curate.spec import PromptLanguage  # noqa: E402
from koreason.curate.text.cleaned import cleaned  # noqa: E402
from koreason.languages import script_class  # noqa: E402
from koreason.tables import ROWS_PER_GROUP  # noqa: E402

HOME = Path(os.environ["KOREASON_HOME"])
SEED = 20251004
MEAN = 650  # bytes of a text
LEAST = 45_000  # plain rows a second
NULLS = {"passage": pl.String(), "options": pl.List(pl.String()), "gold": pl.String(), "answer": pl.String(), "url": pl.String()}


def written(folder: Path, rows: int, config: dict, marked: bool) -> Path:
    """One file of `rows` prompts, of the sources that hold HTML or of the others."""
    folder.mkdir(parents=True)
    texts = []
    for name in config["pools"]["demo"]["sources"]:
        source, out = config["sources"][name], folder.parent / f"{folder.name}-{name}"
        if source.get("html") is not marked:  # sources that are made of a pool have none
            continue
        if koreason(["ingest", "--source", name, "--spec", json.dumps(given("ingest", "sources", source)), "--out", str(out)]):
            sys.exit("the demo's dumps cannot be read")
        texts += pl.read_parquet(out / "prompts.parquet")["question"].to_list()
    draw, questions = random.Random(SEED), []
    while len(questions) < 9 * rows // 10:
        wanted, parts = draw.expovariate(1 / MEAN), [draw.choice(texts)]
        while (size := sum(len(part.encode()) + 2 for part in parts)) < wanted:
            parts.append(draw.choice(texts))
        if size - wanted > draw.random() * len(parts[-1].encode()) and len(parts) > 1:
            parts.pop()  # in the mean as long as wanted
        questions.append("\n\n".join(parts))
    questions += draw.choices(questions, k=rows - len(questions))
    frame = pl.DataFrame({"prompt_id": [f"{number:08d}" for number in range(rows)], "question": questions})
    path = folder / "prompts.parquet"
    frame.write_parquet(path, compression="zstd", compression_level=1, row_group_size=ROWS_PER_GROUP)
    print(f"{'HTML' if marked else 'plain'}: {rows:,} prompts of {frame['question'].str.len_bytes().mean():,.0f} bytes in the mean")
    return path


def run_koreason(source: Path, out: Path, language: PromptLanguage, marked: bool) -> int:
    """Read, clean, mask, measure, filter, write; gives how many passed."""
    out.mkdir()
    passed = 0
    for number, chunk in enumerate(pl.read_parquet(source).iter_slices(ROWS_PER_CHUNK)):
        frame = chunk.with_columns(pl.lit(None, kind).alias(name) for name, kind in NULLS.items())
        frame = cleaned(frame, language, html=marked, mask=True)
        kept = frame.filter(
            pl.col("chars").is_between(50, 8192), pl.col("share_characters") >= 0.3, pl.col("image_phrase") == "", pl.col("damage") < 0.1
        )
        kept.write_parquet(out / f"{number}.parquet", compression="zstd", compression_level=1, row_group_size=ROWS_PER_GROUP)
        passed += kept.height
    return passed


class Plain(PipelineStep):
    """Tags away, references, NFC, mail addresses and addresses of machines, as datatrove's own formatter has them."""

    name = "plain"
    type = "format"
    tag = re.compile(r"<[^>]+>")
    mail = re.compile(r"\b[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+")
    machine = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})")

    def __init__(self, marked: bool) -> None:
        super().__init__()
        self.marked = marked

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Pass every document on, cleaned."""
        for document in data:
            if self.marked:
                document.text = html.unescape(self.tag.sub("", document.text))
            text = unicodedata.normalize("NFC", document.text).strip()
            document.text = self.machine.sub("22.214.171.124", self.mail.sub("email@example.com", text))
            yield document


class Filters(PipelineStep):
    """Length, script, and a few phrases; datatrove's own base class for filters needs a package that it does not install."""

    name = "filters"
    type = "filter"
    phrases = re.compile("(?:아래|위|다음|첨부)\\s*(?:그림|사진|이미지)")

    def __init__(self, language: PromptLanguage) -> None:
        super().__init__()
        self.target = re.compile(script_class(language.scripts))

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Pass on what is kept."""
        for document in data:
            text = document.text
            visible = len("".join(text.split()))
            if 50 <= len(text) <= 8192 and len(self.target.findall(text)) >= 0.3 * visible and not self.phrases.search(text):
                yield document


def run_datatrove(source: Path, out: Path, language: PromptLanguage, marked: bool) -> int:
    """One pipeline from Parquet to Parquet; gives how many passed."""
    reader = ParquetReader(str(source.parent), text_key="question", id_key="prompt_id", read_metadata=False, glob_pattern="*.parquet")
    pipeline = [reader, Plain(marked), Filters(language), ParquetWriter(str(out / "kept"))]
    LocalPipelineExecutor(pipeline=pipeline, logging_dir=str(out / "logs"), tasks=1, workers=1).run()
    return pl.read_parquet(out / "kept" / "*.parquet", columns=["id"]).height


def main() -> int:
    """Run both in turn over both kinds of source and print the ratios; 1 where plain rows are too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=65_536, help="of each table (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="of which the fastest counts (default: %(default)s)")
    arguments = parser.parse_args()
    config = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))
    entry = read_language(HOME / "config" / "languages" / "ko.yaml")
    language = load(PromptLanguage, given("clean", "languages", entry))
    reached = True
    with tempfile.TemporaryDirectory() as folder:
        for marked in (False, True):
            source = written(Path(folder) / str(marked), arguments.rows, config, marked)
            best: dict[str, float] = {}
            for repeat in range(arguments.repeats):
                for name, run in (("koreason", run_koreason), ("datatrove", run_datatrove)):
                    started = time.process_time()
                    with contextlib.redirect_stderr(io.StringIO()):  # both report progress
                        run(source, Path(folder) / f"{name}{marked}{repeat}", language, marked)
                    best[name] = min(best.get(name, float("inf")), time.process_time() - started)
            for name, seconds in best.items():
                print(f"  {name:10} {arguments.rows / seconds:10,.0f} rows/s")
            print(f"  koreason is {best['datatrove'] / best['koreason']:.1f} times as fast")
            reached = reached and (marked or arguments.rows / best["koreason"] >= LEAST)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
