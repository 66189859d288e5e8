"""Archive, restore and compare a generated run of the paper's shape: 2,104 jobs, small files; and half and a quarter of it.

    envs/run dev python bench/archive.py

Prints processor time and memory of each, the size of the crate, and what twice as many jobs cost; fails where that is more than 2.6 times,
the crate over 10 MB or 20 s, a comparison over 5 s, or the search for keys less than 5 times as fast as the plain one.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
JOBS = 2104
# Shares of the paper's jobs: stage, folder with a number in it, what each reads.
SHAPE = (
    ("ingest", "sources/s{}", 0.02, ""),
    ("clean", "cleaned/p/s{}", 0.02, "sources/s{}"),
    ("sketch", "sketches/p/s{}", 0.02, "cleaned/p/s{}"),
    ("trace", "traces/p/r/{:05d}-of-01600", 0.76, ""),
    ("measure", "measures/p/r/{:05d}-of-00050", 0.03, ""),
    ("train", "models/m{}/mix/s", 0.02, ""),
    ("generate", "evals/m{}/generations", 0.065, ""),
    ("score", "evals/m{}/scores", 0.065, "evals/m{}/generations"),
)
SPEC = {"system": "Think carefully. " * 20, "sampling": {"temperature": 0.6, "top_p": 0.95}, "engine": {"dtype": "bfloat16"}}


def build(folder: Path, jobs: int) -> None:
    """Manifests, records, attempts, logs and small files, as so many jobs leave them."""
    package = folder / ".koreason/code" / ("0" * 32)
    package.mkdir(parents=True)
    (package / "Snakefile").write_text("# koreason\n")
    (folder / "logs").mkdir()
    made, last = 0, None
    for stage, place, share, reads in SHAPE:
        for number in range(max(1, round(jobs * share))):
            name = place.format(number)
            out = folder / "results" / name
            out.mkdir(parents=True)
            data = f"{name}\0".encode() * 50
            (out / "rows.parquet").write_bytes(data)
            facts = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "rows": 50}
            manifest = {"stage": stage, "files": {"rows.parquet": facts}, "counts": {"rows": 50, "finish": {"stop": 48, "length": 2}}}
            text = json.dumps(manifest, indent=1, sort_keys=True)
            (out / "manifest.json").write_text(text)
            before = reads.format(number) if reads else last
            inputs = {f"results/{before}/manifest.json": "0" * 64} if before else {}
            moment = 1.79e9 + made
            run = {"stage": stage, "spec": SPEC | {"seed": number % 7}, "inputs": inputs, "code": "c" * 16, "package": "0" * 32}
            run |= {"environment": f"vllm:{'e' * 64}", "commit": "", "ended": moment + 9, "started": moment, "seconds": 9, "made": manifest}
            (out / "run.json").write_text(json.dumps(run, indent=1, sort_keys=True))
            line = {
                "stage": stage,
                "start": moment,
                "end": moment + 9,
                "exit": 0,
                "signal": None,
                "host": "n1",
                "slurm": {"SLURM_JOB_ID": f"{made}"},
            }
            (out / "attempts.jsonl").write_text(json.dumps(line) + "\n")
            (folder / "logs" / f"{stage}.{made}.log").write_text(f"{name}: done\n")
            made += 1
        last = name


def searched() -> tuple[float, float]:
    """MB/s of the search for keys over a journal's lines, and of the plain way: every pattern over all of the text."""
    from koreason.archive.gathered import digests, private

    line = json.dumps({"key": "0" * 64, "text": "Okay, 문제를 보자. 12,345원이고 x = 3.14이다. " * 60}, ensure_ascii=False)
    text = f"{line}\n" * 4000
    size = len(text.encode()) / 1e6
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        started = time.process_time()
        digests.search(Path(file.name))
        fast = size / (time.process_time() - started)
    part = text[: len(text) // 20]
    started = time.process_time()
    assert not list(private._together(tuple(private.TOKENS.items())).finditer(part))
    return fast, size / 20 / (time.process_time() - started)


def measured(*command: object) -> tuple[float, float]:
    """Processor seconds and MB of a command of koreason's."""
    program = "import resource, sys; from koreason.cli import main; s = main(sys.argv[1:]); u = resource.getrusage(resource.RUSAGE_SELF);"
    program += " print(s, u.ru_utime + u.ru_stime, u.ru_maxrss / 1e3, file=sys.stderr)"
    words = [sys.executable, "-c", program, *map(str, command)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(HOME)})
    status, seconds, memory = done.stderr.splitlines()[-1].split()
    if status != "0":
        sys.exit(done.stdout + done.stderr)
    return float(seconds), float(memory)


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS, help="of the run (default: %(default)s)")
    most, found = parser.parse_args().jobs, {}
    print(f"{'jobs':>6} {'archive':>16} {'tar':>16} {'restore':>16} {'diff':>16} {'crate':>9}")
    for jobs in (most // 4, most // 2, most):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            build(folder / "run", jobs)
            each = [
                measured("archive", folder / "run", "--out", folder / "bag", "--without-wheels"),
                measured("archive", folder / "run", "--out", folder / "bag.tar", "--without-wheels"),
                measured("restore", folder / "bag.tar", "--into", folder / "back"),
                measured("diff", folder / "run", folder / "back"),
            ]
            crate = (folder / "bag/data/ro-crate-metadata.json").stat().st_size / 1e6
        found[jobs] = each
        print(
            f"{jobs:>6} " + " ".join(f"{seconds:>7.2f} s {memory:>3.0f} MB" for seconds, memory in each) + f" {crate:>6.2f} MB", flush=True
        )
    fast, plain = searched()
    print(f"keys are looked for at {fast:.0f} MB/s, {fast / plain:.0f} times as fast as by every pattern at {plain:.1f} MB/s")
    slow = max(found[most][at][0] / found[most // 2][at][0] for at in range(4))
    print(f"twice as many jobs cost at most {slow:.2f} times")
    return int(fast < 5 * plain or slow > 2.6 or crate > 10 or found[most][0][0] > 20 or found[most][3][0] > 5)


if __name__ == "__main__":
    started = time.time()
    status = main()
    print(f"{time.time() - started:.0f} s in all")
    sys.exit(status)
