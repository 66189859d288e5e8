"""Curation at scale: from dumps to a pool, every command as the rules call it, two at a time on two cores.

    envs/run dev python bench/curate_scale.py --prompts 5790000          # the paper's; needs some 40 GB of disk, and a quarter of an hour
    envs/run dev python bench/curate_scale.py --prompts 200000 --twice   # and once more with twice as many, to see that time is linear

The prompts are the demo's, varied: sentences of two, other numbers, and one in fifty once more, as often as in life. Prints for each
command its wall time, processor time and largest resident set, and fails above 4 GB, above 14 minutes for 5.79 million, or where
twice the prompts take more than 2.2 times as long.
"""

import argparse
import hashlib
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from koreason.config.effects import given  # noqa: E402
from koreason.config.files.layers import read_language  # noqa: E402

SOURCES, SEED, MOST_GB, MOST_MINUTES, PAPER = 8, 20251004, 4.0, 14.0, 5_790_000
KINDS = ("talk", "exam", "stem", "code")
LANGUAGE = read_language(HOME / "config" / "languages" / "ko.yaml")
POOL = {
    "min_target_share": 0.3, "min_chars": 50, "max_chars": 8192, "drop_image_dependent": True, "min_chars_beside_image": 150,
}  # fmt: skip

Cost = tuple[float, float, float]  # wall seconds, processor seconds, GB resident


def texts() -> list[str]:
    """The demo's texts, without those too short to be a prompt's part."""
    found = []
    for path in sorted((HOME / "data" / "demo" / "text").rglob("*.*")):
        found += [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if len(line.strip()) > 30]
    return found


def write_dumps(folder: Path, prompts: int) -> dict[str, dict[str, object]]:
    """JSONL dumps with as many prompts in all; each source's specification."""
    draw, parts = random.Random(SEED), texts()
    specs: dict[str, dict[str, object]] = {}
    for number in range(SOURCES):
        path, last = folder / f"s{number}.jsonl", ""
        with open(path, "w", encoding="utf-8") as file:
            for _ in range(prompts // SOURCES):
                if not last or draw.random() >= 0.02:
                    text = " ".join(draw.sample(parts, 3))
                    last = re.sub(r"\d+", lambda _: str(draw.randrange(10_000)), text) + f" ({draw.randrange(10**9)})"
                file.write(json.dumps({"q": last}, ensure_ascii=False) + "\n")
        digest = hashlib.file_digest(open(path, "rb"), "sha256").hexdigest()  # noqa: SIM115
        specs[f"s{number}"] = {
            "format": "jsonl", "columns": {"question": ["q"]}, "max_reject_share": 0.0, "html": number % 2 == 0,
            "root": str(folder), "files": {path.name: digest},
        }  # fmt: skip
    return specs


def call(*words: object) -> Cost:
    """Run one command to its end; what it took."""
    started = time.perf_counter()
    child = os.posix_spawn(sys.executable, [sys.executable, "-m", "koreason", *map(str, words)], os.environ)
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"koreason {words[0]} failed")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


def curate(folder: Path, prompts: int) -> tuple[float, float]:
    """Make the pool; wall seconds and the largest resident set."""
    specs, at = write_dumps(folder, prompts), str(folder / "results")
    taken: dict[str, list[Cost]] = defaultdict(list)

    def made(*parts: str) -> str:
        return f"{at}/{'/'.join(parts)}/manifest.json"

    def of_source(name: str) -> None:
        number = int(name[1:])
        language, talk = (json.dumps(given(rule, "languages", LANGUAGE)) for rule in ("clean", "sketch"))
        kind, mask = KINDS[number % len(KINDS)], ["--mask"] if number % 4 == 0 else []
        taken["ingest"].append(call("ingest", "--source", name, "--spec", json.dumps(specs[name]), "--out", f"{at}/sources/{name}"))
        words = ("--language", language, *mask, "--in", made("sources", name), "--out", f"{at}/cleaned/{name}")
        taken["clean"].append(call("clean", *words))
        words = ("--kind", kind, "--language", talk, "--in", made("cleaned", name), "--out", f"{at}/sketches/{name}")
        taken["sketch"].append(call("sketch", *words))

    bench = {"kind": "math", "file": str(HOME / "data/benches/ko_math.jsonl")}
    bench["sha256"] = hashlib.file_digest(open(bench["file"], "rb"), "sha256").hexdigest()  # noqa: SIM115
    call("bench", "--spec", json.dumps(bench), "--out", f"{at}/benches/ko_math")
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(of_source, specs))
    cleaned, sketches = ([made(part, name) for name in specs] for part in ("cleaned", "sketches"))
    near, folded = json.dumps({"near_duplicates": 0.8}), json.dumps(given("decontaminate", "languages", LANGUAGE))

    def dedup() -> None:
        words = ("dedup", "--spec", near, "--sketches", *sketches, "--texts", *cleaned, "--out", f"{at}/duplicates")
        taken["dedup"].append(call(*words))

    def decontaminate() -> None:
        spec = json.dumps({"contamination": "robust"})
        words = ("--in", *cleaned, "--benches", made("benches", "ko_math"), "--out", f"{at}/overlaps")
        taken["decontaminate"].append(call("decontaminate", "--spec", spec, "--language", folded, *words))

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(dedup), pool.submit(decontaminate)]:
            future.result()
    words = ("--texts", *cleaned, "--duplicates", made("duplicates"), "--overlaps", made("overlaps"), "--out", f"{at}/pools")
    taken["pool"].append(call("pool", "--spec", json.dumps(POOL), *words))
    wall = time.perf_counter() - started
    kept = pl.scan_parquet(f"{at}/pools/prompts.parquet").select(pl.len()).collect().item()
    print(f"{prompts:,} prompts, of which {kept:,} are kept: {wall:.0f} s")
    for name, costs in taken.items():
        spent, largest = sum(cost[1] for cost in costs), max(cost[2] for cost in costs)
        print(f"  {name:<14}{sum(cost[0] for cost in costs):8.1f} s in {len(costs)} jobs, {spent:8.1f} s of processor, {largest:5.2f} GB")
    return wall, max(cost[2] for costs in taken.values() for cost in costs)


def main() -> None:
    """Make one pool, or two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=200_000, help="in all sources together (default: %(default)s)")
    parser.add_argument("--twice", action="store_true", help="once more with twice as many: is time linear?")
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary folder by default")
    arguments = parser.parse_args()
    os.environ |= {"PYTHONPATH": str(HOME), "KOREASON_HOME": str(HOME), "POLARS_MAX_THREADS": "1"}
    walls, largest = [], 0.0
    for prompts in [arguments.prompts, *([2 * arguments.prompts] if arguments.twice else [])]:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            wall, most = curate(Path(folder), prompts)
            walls, largest = [*walls, wall], max(largest, most)
    minutes = walls[-1] / 60 * PAPER / (arguments.prompts * len(walls))
    print(
        f"at this rate 5.79 million prompts take {minutes:.1f} minutes (at most {MOST_MINUTES:g}); {largest:.2f} GB (at most {MOST_GB:g})"
    )
    ratio = walls[-1] / walls[0] if arguments.twice else 1.0
    print(f"twice the prompts take {ratio:.2f} times as long (at most 2.2)" if arguments.twice else "--twice shows whether time is linear")
    sys.exit(minutes > MOST_MINUTES or largest > MOST_GB or ratio > 2.2)


if __name__ == "__main__":
    main()
