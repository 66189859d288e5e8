"""Megabytes of traces measured a second, and how a loop over regular expressions in Python does, by the processor time of one core.

    PYTHONPATH=. .envs/dev/bin/python bench/measures.py [--traces 400] [--repeats 3]

The traces are English sentences with the demo's Korean words and sentences among them, 24 kB of thinking in the mean, a tenth of it
formulas and code. In the second set most traces hold a dollar that begins no formula, so that their formulas are looked for one by one in
Python; such traces are measured more slowly. Both ways read from memory. Here that is every measure of `koreason.switching`. The loop is
what one writes in an hour: one pattern takes formulas, code and addresses away, one finds words, and counters do the rest (shares,
switches, I- and M-index, spans, burstiness, copied spans): less than is done here, so that the ratio is a lower bound. The fastest of the
repeats counts. The exit status is 0 where 40 MB of the first set are measured in a second.
"""

import argparse
import csv
import itertools
import os
import random
import re
import statistics
import sys
import time
from pathlib import Path

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1")

import polars as pl  # noqa: E402

from koreason.languages import SCRIPTS  # noqa: E402
from koreason.switching.letters import Scripts  # noqa: E402
from koreason.switching.measures import measured  # noqa: E402

HOME = Path(__file__).resolve().parents[1]
SEED = 20251004
MEAN = 24_000  # bytes of thinking
LEAST = 40.0  # MB a second
ENGLISH = (HOME / "docs" / "architecture.md").read_text(encoding="utf-8")
APART = ["$x^2 + 1 = 0$", r"\(a \le b\)", "$n$", r"$$\frac{a}{b}$$", "`x`", "```python\nfor i in range(3):\n    print(i)\n```"]
TAKEN = re.compile(r"```.*?```|`[^`\n]+`|\$\$.+?\$\$|\$[^$\n]+\$|\\\(.*?\\\)|\\\[.*?\\\]|https?://\S+", re.DOTALL)
WORD = re.compile(rf"([{SCRIPTS['Hangul']}]+)|[{SCRIPTS['Latin']}]+")


def traces(count: int, hard: bool) -> pl.DataFrame:
    """Questions, thinking and answers; `hard`: with dollars that begin no formula."""
    draw = random.Random(SEED)
    with (HOME / "data" / "demo" / "quiz.tsv").open(encoding="utf-8") as file:
        korean = [cell for row in csv.reader(file, delimiter="\t") for cell in row if len(cell) > 10]
    sentences = [sentence for sentence in re.split(r"(?<=[.:])\s+", re.sub(r"[`|*#\[\]]", "", ENGLISH)) if len(sentence) > 30]
    rows = []
    for _ in range(count):
        wanted, parts, size = draw.expovariate(1 / MEAN), [], 0
        while size < wanted:
            cell = draw.choice(korean)
            pieces = [draw.choice(sentences), cell.split(" ")[0], cell, draw.choice(APART), "about $5 more" if hard else ""]
            parts.append(draw.choices(pieces, [12, 6, 2, 4, 0.3])[0])
            size += len(parts[-1].encode()) + 1
        rows.append({"question": draw.choice(korean), "think": " ".join(parts), "answer": draw.choice(korean)})
    return pl.DataFrame(rows)


def looped(frame: pl.DataFrame) -> list[dict[str, float]]:
    """Some of the measures, a trace after the other."""
    found = []
    for question, think, answer in frame.iter_rows():
        think, question, answer = (TAKEN.sub(" ", text) for text in (think, question, answer))
        words = [(match.start(), match.end(), bool(match[1])) for match in WORD.finditer(think)]
        spans = [list(group) for _, group in itertools.groupby(words, key=lambda word: word[2])]
        sizes, ours = [len(span) for span in spans] or [0], [span for span in spans if span[0][2]]
        letters = [sum(end - start for start, end, kind in words if kind is target) for target in (True, False)]
        p = sum(map(len, ours)) / max(len(words), 1)
        deviation, mean = statistics.pstdev(sizes), statistics.fmean(sizes)
        found.append(
            {
                "share_letters": letters[0] / max(sum(letters), 1),
                "share_characters": letters[0] / max(len(re.sub(r"\s", "", think)), 1),
                "i_index": (len(spans) - 1) / max(len(words) - 1, 1),
                "m_index": (1 - p**2 - (1 - p) ** 2) / (p**2 + (1 - p) ** 2),
                "burstiness": (deviation - mean) / ((deviation + mean) or 1),
                "copied_spans": sum(think[span[0][0] : span[-1][1]] in question for span in ours) / max(len(ours), 1),
                "answer": sum(map(len, re.findall(f"[{SCRIPTS['Hangul']}]+", answer))),
            }
        )
    return found


def best(work, repeats: int) -> float:
    """Seconds of processor time of the fastest repeat."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=400, help="that are measured (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="of which the fastest counts (default: %(default)s)")
    options = parser.parse_args()
    scripts, rates = Scripts(("Hangul",), ("Latin",)), []
    print(f"{'':32}{'koreason':>12}{'a loop':>12}{'ratio':>8}   (MB/s a core)")
    for hard in (False, True):
        frame = traces(options.traces, hard)
        size = sum(frame[name].str.len_bytes().sum() for name in ("think", "answer")) / 1e6
        shares = measured(frame, scripts)[0]["share_letters"].to_list()
        same = [abs(one - other["share_letters"]) < 0.01 for one, other in zip(shares, looped(frame), strict=True)]
        ours = best(lambda frame=frame: measured(frame, scripts), options.repeats)
        theirs = best(lambda frame=frame: looped(frame), options.repeats)
        name = f"{size:.1f} MB, {statistics.fmean(shares):.1%} Korean" + (", hard" if hard else "")
        told = f"shares agree in {sum(same)} of {len(same)} traces"
        print(f"{name:32}{size / ours:12.1f}{size / theirs:12.1f}{theirs / ours:8.1f}   {told}")
        rates.append(size / ours)
    return 0 if rates[0] >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
