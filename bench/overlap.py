"""Megabytes of traces per second of `koreason decontaminate`'s searches and of the set of 13-grams that users write, on one core.

    PYTHONPATH=. KOREASON_DATA=… .envs/dev/bin/python bench/overlap.py [--traces 1500] [--repeats 3]

The traces are solutions of MATH and Korean word problems joined at random, the benchmarks AIME and GSM8K. Both read the same texts from
memory. The set finds one shared 13-gram of words as the raw pass of the profile `paper` does, and must find the same traces. datatrove's
NGramsDecontIndexer is not compared: it needs lighteval, and `regex` and nltk, which it does not install, and is a loop in Python over the
same n-grams.
"""

import argparse
import json
import os
import random
import sys
import time
from pathlib import Path

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1")

import polars as pl  # noqa: E402

from koreason.curate.overlap.items import Item  # noqa: E402
from koreason.curate.overlap.paper import RawWords  # noqa: E402
from koreason.curate.overlap.searches import overlaps, searches  # noqa: E402
from koreason.curate.spec import Overlap, Segmentation  # noqa: E402

DATA = Path(os.environ.get("KOREASON_DATA", "../shared/data"))
SEED, TARGET = 20251126, 20.0


def rows(name: str) -> list[dict]:
    """Rows of a file of lines."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def in_python(items: list[Item], texts: list[str]) -> set[int]:
    """Which texts share 13 words in a row with an item: a set of tuples."""
    grams = set()
    for item in items:
        words = item.text.split()
        grams |= {tuple(words[at : at + 13]) for at in range(len(words) - 12)}
    found = set()
    for number, text in enumerate(texts):
        words = text.split()
        if any(tuple(words[at : at + 13]) in grams for at in range(len(words) - 12)):
            found.add(number)
    return found


def main() -> None:
    """Time all in turn, compare what they found, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=1500, help="that are searched (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="of which the fastest counts (default: %(default)s)")
    arguments = parser.parse_args()
    draw = random.Random(SEED)
    solutions = [row["solution"] for row in rows("math_test/test.jsonl")]
    korean = [row["question"] for row in json.loads((DATA / "mwp_korean/public_mwp_data.json").read_text("utf-8-sig")).values()]
    items = [Item("aime", row["id"], row["problem"]) for year in (24, 25) for row in rows(f"aime/aime{year}.jsonl")]
    items += [Item("gsm8k", str(number), row["question"]) for number, row in enumerate(rows("gsm8k/test.jsonl"))]
    texts = ["\n".join(draw.sample(solutions, 8) + draw.sample(korean, 60)) for _ in range(arguments.traces)]
    for number in range(0, len(texts), 50):
        texts[number] += "\n" + draw.choice(items).text
    frame = pl.DataFrame({"prompt_id": [f"{number:08d}" for number in range(len(texts))], "source": "bench", "text": texts})
    frame = frame.with_columns(pl.lit(0, pl.Int64).alias("sample"))
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts):,} traces, {size:.1f} MB, {len(items):,} items, one core, load {os.getloadavg()[0]:.1f}")
    best: dict[str, float] = {}
    for _ in range(arguments.repeats):
        kept: dict[str, set[int]] = {}
        for name in ("13-gram set", "words", "paper", "robust"):
            profile = "robust" if name == "robust" else "paper"
            using = [RawWords(items)] if name == "words" else searches(Overlap(contamination=profile), Segmentation(), items)
            started = time.process_time()
            if name == "13-gram set":
                kept[name] = in_python(items, texts)
            else:
                kept[name] = set(overlaps(using, [frame])[0]["prompt_id"].cast(pl.Int64).to_list())
            best[name] = min(best.get(name, float("inf")), time.process_time() - started)
        if kept["words"] != kept["13-gram set"]:
            sys.exit("the two found different traces")
    for name, seconds in best.items():
        print(f"{name:12} {size / seconds:7.1f} MB/s   {best['13-gram set'] / seconds:5.1f} times the set   found {len(kept[name]):,}")
    print(f"claimed of robust: {TARGET:g} MB/s")
    sys.exit(size / best["robust"] < TARGET)


if __name__ == "__main__":
    main()
