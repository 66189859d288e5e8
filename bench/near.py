"""Documents per second of the search for near-duplicates by koreason, rensa and datasketch, on one core, side by side.

    PYTHONPATH=. .envs/dev/bin/python bench/near.py [--documents 60000] [--repeats 2]

Sentences of the demo's dumps (and of `$KOREASON_DATA`, where it is set), half of whose words are drawn anew, are joined to documents of
about 320 characters. A sixth of them are variants of others, with one to twelve words changed, so that their similarity lies on both sides
of the threshold, but no number, since koreason takes texts with other numbers for two questions; a fiftieth are equal but for white space.
All three read one Parquet file and write the groups of documents whose character 5-grams have a Jaccard similarity of 0.8, white space and
marks behind words aside, with every candidate verified: koreason by its two commands, the others as their documentation shows it, with 128
permutations, sets of shingles in Python, and union-find. rensa's bands are 16, datasketch chooses its own for the threshold. Recall is of
the pairs that plain sets say are that similar. Counted is the processor's time from the first byte read to the last byte written, once
libraries are imported, so that neighbours on the machine decide less; the fastest of the repeats counts.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

CORE = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {CORE})
os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1")
os.environ.setdefault("KOREASON_HOME", str(Path(__file__).resolve().parents[1]))

import polars as pl  # noqa: E402
import rensa  # noqa: E402
from datasketch import MinHash, MinHashLSH  # noqa: E402

from koreason.curate import dedup, sketch  # noqa: E402
from koreason.records.digests import sha256_file  # noqa: E402
from koreason.tables import CLEANED, ROWS_PER_GROUP  # noqa: E402

HOME = Path(os.environ["KOREASON_HOME"])
SEED, LEAST, PERMUTATIONS = 20251126, 0.8, 128
TARGETS = {"rensa": 5.0, "datasketch": 10.0}
DIGIT = re.compile("[0-9]")
MARKS = re.compile("(?<=[가-힣])[.,?!]+")
Pairs = set[tuple[int, int]]


def sentences() -> list[str]:
    """Korean sentences of the demo's dumps and of the community data."""
    folders = [HOME / "data" / "demo", *([Path(os.environ["KOREASON_DATA"])] if "KOREASON_DATA" in os.environ else [])]
    files = sorted(
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".jsonl", ".json", ".csv", ".tsv", ".xml", ".txt")
    )
    texts = (path.read_text(encoding="utf-8", errors="ignore") for path in files)
    return sorted({found for text in texts for found in re.findall(r"[가-힣][가-힣0-9 ,()]{18,160}[.?!]", text)})


def documents(count: int) -> tuple[list[str], list[range]]:
    """Documents, and families of them: each a document and its variants, which follow it."""
    draw, given = random.Random(SEED), sentences()
    words = [word for sentence in given for word in sentence.split()]
    others = [word for word in words if not DIGIT.search(word)]
    found: list[str] = []
    families = []
    while len(found) < count:
        text: list[str] = []
        while sum(map(len, text)) + len(text) < 320:
            text += [word if draw.random() < 0.5 else draw.choice(words) for word in draw.choice(given).split()]
        family = [" ".join(text)]
        kind = draw.random()
        if kind < 0.02:
            family.append(family[0].replace(" ", "\n", 5))
        elif kind < 0.12:
            for _ in range(draw.choice([1, 1, 1, 2, 4])):
                variant = list(text)
                plain = [place for place, word in enumerate(text) if not DIGIT.search(word)]
                for _ in range(draw.randint(1, 12)):
                    variant[draw.choice(plain)] = draw.choice(others)
                family.append(" ".join(variant))
        families.append(range(len(found), len(found) + len(family)))
        found += family
    return found, families


def shingles(text: str) -> set[str]:
    """Character 5-grams, white space and marks behind words aside."""
    text = MARKS.sub("", "".join(text.split())).lower()
    return {text[place : place + 5] for place in range(len(text) - 4)}


def similarity(one: set[str], other: set[str]) -> float:
    """Jaccard similarity."""
    both = len(one & other)
    return both / (len(one) + len(other) - both)


def groups(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """The least number of each one's group."""
    parents = list(range(count))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    for one, other in pairs:
        one, other = root(one), root(other)
        parents[max(one, other)] = min(one, other)
    return [root(number) for number in range(count)]


def finish(texts: list[str], sets: list[set[str]], candidates: Pairs, out: Path) -> list[int]:
    """Verify candidates, group and write."""
    found = groups(len(texts), (pair for pair in candidates if similarity(sets[pair[0]], sets[pair[1]]) >= LEAST))
    pl.DataFrame({"group": found}).write_parquet(out)
    return found


def command(module: ModuleType, arguments: list[str]) -> None:
    """One of our commands, once its process has started."""
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    module.main(parser.parse_args(arguments))


def run_koreason(source: Path, out: Path) -> list[int]:
    """The two commands."""
    manifest, sketches, made = str(source / "manifest.json"), str(out / "sketch"), str(out / "dedup")
    command(sketch, ["--kind", "talk", "--language", "{}", "--in", manifest, "--out", sketches])
    spec = ["--spec", json.dumps({"near_duplicates": LEAST})]
    command(dedup, [*spec, "--sketches", f"{sketches}/manifest.json", "--texts", manifest, "--out", made])
    table = pl.read_parquet(out / "dedup" / "duplicates.parquet")
    found = list(range(json.loads((source / "manifest.json").read_text())["files"]["texts.parquet"]["rows"]))
    for number, group in zip(table["prompt_id"], table["group"], strict=True):
        found[int(number)] = int(group)
    return found


def run_rensa(source: Path, out: Path) -> list[int]:
    """Sketches of all documents at once, an index, its candidates."""
    texts = pl.read_parquet(source / "texts.parquet", columns=["question"])["question"].to_list()
    sets = [shingles(text) for text in texts]
    sketches = rensa.RMinHash.from_token_sets(sets, PERMUTATIONS, 42)
    index = rensa.RMinHashLSH(threshold=LEAST, num_perm=PERMUTATIONS, num_bands=16)
    index.insert_many(sketches)
    candidates = {(number, other) for number, keys in enumerate(index.query_all(sketches)) for other in keys if number < other}
    return finish(texts, sets, candidates, out)


def run_datasketch(source: Path, out: Path) -> list[int]:
    """A sketch a document, an index, its candidates."""
    texts = pl.read_parquet(source / "texts.parquet", columns=["question"])["question"].to_list()
    sets = [shingles(text) for text in texts]
    index, candidates = MinHashLSH(threshold=LEAST, num_perm=PERMUTATIONS), set()
    for number, found in enumerate(sets):
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in found])
        candidates |= {(other, number) for other in index.query(sketch)}
        index.insert(number, sketch)
    return finish(texts, sets, candidates, out)


def write_source(texts: list[str], folder: Path) -> None:
    """A source as `clean` leaves it."""
    folder.mkdir()
    frame = pl.DataFrame({"prompt_id": [f"{number:024d}" for number in range(len(texts))], "question": texts})
    frame = frame.with_columns(chars=pl.col("question").str.len_chars().cast(pl.Int64))
    frame = frame.with_columns(pl.lit(None, kind).alias(column) for column, kind in CLEANED.items() if column not in frame.columns)
    path = folder / "texts.parquet"
    frame.select(list(CLEANED)).write_parquet(path, row_group_size=ROWS_PER_GROUP)
    facts = {"sha256": sha256_file(path), "bytes": path.stat().st_size, "rows": len(texts)}
    (folder / "manifest.json").write_text(json.dumps({"stage": "clean", "files": {"texts.parquet": facts}, "counts": {}}))


def main() -> None:
    """Run the three in turn and print the ratios and the recalls."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=60_000, help="among which twins are looked for (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=2, help="of which the fastest counts (default: %(default)s)")
    arguments = parser.parse_args()
    texts, families = documents(arguments.documents)
    sets = {number: shingles(texts[number]) for family in families if len(family) > 1 for number in family}
    near = [pair for family in families for pair in itertools.combinations(family, 2) if similarity(sets[pair[0]], sets[pair[1]]) >= LEAST]
    mean = sum(map(len, texts)) / len(texts)
    print(f"{len(texts):,} documents of {mean:.0f} characters in the mean, one core; {len(near):,} pairs have a similarity of {LEAST}")
    runs: dict[str, Callable[[Path, Path], list[int]]] = {"koreason": run_koreason, "rensa": run_rensa, "datasketch": run_datasketch}
    best, recall = dict.fromkeys(runs, float("inf")), {}
    with tempfile.TemporaryDirectory() as folder:
        write_source(texts, Path(folder) / "source")
        for repeat in range(arguments.repeats):
            for name, run in runs.items():
                started = time.process_time()
                with contextlib.redirect_stderr(io.StringIO()):  # progress
                    found = run(Path(folder) / "source", Path(folder) / f"{name}{repeat}")
                best[name] = min(best[name], time.process_time() - started)
                recall[name] = sum(found[one] == found[other] for one, other in near) / len(near)
    failed = False
    for name, seconds in best.items():
        ratio = seconds / best["koreason"]
        claimed = f", koreason is {ratio:.1f} times as fast (claimed: {TARGETS[name]:g})" if name in TARGETS else ""
        print(f"{name:10} {len(texts) / seconds:10,.0f} documents/s, recall {recall[name]:.4f}{claimed}")
        failed |= ratio < TARGETS.get(name, 0) or recall[name] > recall["koreason"]
    sys.exit(failed)


if __name__ == "__main__":
    main()
