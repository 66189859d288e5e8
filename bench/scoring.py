"""How well answers are read, and how fast: agreement with labelled answers, and answers a second beside math-verify alone.

    KOREASON_DATA=/data python bench/scoring.py --agreement
    python bench/scoring.py --speed

Agreement is per set of `$KOREASON_DATA/scoring`, each answer that is judged otherwise than it is labelled by its place. Speed is in
processor time of all processes, over the same answers in the same run.
"""

import argparse
import gzip
import itertools
import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from koreason.answers.boxes import boxes
from koreason.answers.compared import perform_once
from koreason.answers.values import slow
from koreason.evaluate.profiles.readings import Asked
from koreason.evaluate.reading import read_answers

Labelled = tuple[Asked, str, bool]  # the item, the response, whether it is right
RIGHT, WRONG = (1, True), (0, False)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a JSON Lines file, compressed or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8") as file:
        yield from map(json.loads, file)


def solutions(path: Path) -> list[Labelled]:
    """Answers of a model with their labels."""
    return [(Asked("math", row["question"], (), row["gold"]), row["response"], bool(row["correct"])) for row in lines(path)]


def value_of_gold(text: str) -> str:
    """The value of a gold that is a text of its own: of its boxes, of its final answer, or of its formulas."""
    found, near = boxes(text), 14
    while found[1:] and any(after.outer[0] - before.outer[1] > near for before, after in itertools.pairwise(found)):
        found = found[1:]
    if found:
        return ", ".join(box.content for box in found)
    final = re.split(r"inal answer is (?=\\$)", text)[-1].split(". I hope")[0]
    formulas = re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", final, re.DOTALL)
    return ", ".join(one or other for one, other in formulas) if formulas else text


def cases(path: Path) -> list[Labelled]:
    """math-verify's own cases of a gold and a prediction; those of its other functions are left out."""
    found = []
    for row in lines(path):
        expected = row.get("expected", row.get("result"))
        if isinstance(row.get("gold"), str) and isinstance(row.get("pred"), str) and expected in (0, 1):
            found.append((Asked("math", "", (), value_of_gold(row["gold"])), row["pred"], bool(expected)))
    return found


SETS: dict[str, Callable[[Path], list[Labelled]]] = {
    "math_qwen25math_rm_example/data.jsonl.gz": solutions,
    "gsm8k_openai_example_solutions/data.jsonl.gz": solutions,
    "math_verify_tests/cases.jsonl": cases,
}


def agreement(rows: list[Labelled], profile: str = "robust") -> list[tuple[int, str, str]]:
    """Answers that are judged otherwise than they are labelled: their place, verdict and rule."""
    readings = read_answers(((asked, response, "stop") for asked, response, _ in rows), [profile])
    return [
        (place, str(reading.verdict), reading.rule)
        for place, ((_, _, right), [reading]) in enumerate(zip(rows, readings, strict=True))
        if (reading.verdict == "correct") != right
    ]


def spent() -> float:
    """Processor seconds of this process and of those it has ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def rate(what: str, count: int, work: Callable[[], object]) -> float:
    """Run something over `count` answers, and say how many it does in a second of processor time."""
    before, wall = spent(), time.monotonic()
    work()
    seconds = max(spent() - before, 1e-9)
    print(f"{what:50} {count / seconds:10,.0f} answers a processor second, {count / (time.monotonic() - wall):10,.0f} a second")
    return count / seconds


def choices(count: int, text: int) -> list[tuple[Asked, str, str]]:
    """Made answers to choices, with `text` bytes before the box."""
    asked = Asked("choice", "수도는?", ("부산", "서울", "대전", "인천"), "B")
    before = ("문제를 차근차근 풀어 보자. " * (text // 15 + 1))[: text // 2]
    ends = (r"\boxed{2}", r"\boxed{B}", r"\boxed{③}", r"\boxed{서울}", r"\boxed{2번}")
    return [(asked, f"{before}{ends[number % len(ends)]}", "stop") for number in range(count)]


def speed(folder: Path) -> None:
    """Answers a second, and what math-verify alone does with the same values."""
    rows = solutions(folder / "math_qwen25math_rm_example/data.jsonl.gz") + solutions(
        folder / "gsm8k_openai_example_solutions/data.jsonl.gz"
    )
    read = read_answers(((asked, text, "stop") for asked, text, _ in rows), ["robust"])
    tasks = [("values", asked.gold, one.extracted) for (asked, _, _), [one] in zip(rows, read, strict=True) if one.extracted]
    perform_once([("values", "2", r"\sqrt{4}")])
    rate("mathematics, robust", len(rows), lambda: read_answers(((asked, text, "stop") for asked, text, _ in rows), ["robust"]))
    values = rate("the values alone", len(tasks), lambda: perform_once(tasks))
    slow("2", r"\sqrt{4}")
    alone = rate("math-verify alone", len(tasks), lambda: [slow(gold, box) for _, gold, box in tasks])
    print(f"ratio {values / alone:.1f}")
    bare, long = choices(50_000, 0), choices(20_000, 3_000)
    rate("choices, bare", 50_000, lambda: read_answers(bare, ["robust"]))
    rate("choices, 3 kB before the box", 20_000, lambda: read_answers(long, ["robust"]))


def main(words: Iterable[str]) -> int:
    """Print what was asked for; status 1 where agreement is below its goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agreement", action="store_true", help="verdicts beside people's")
    parser.add_argument("--speed", action="store_true", help="beside math-verify's")
    arguments = parser.parse_args(list(words))
    folder = Path(os.environ.get("KOREASON_DATA", ".")) / "scoring"
    low = False
    for name, read in SETS.items() if arguments.agreement else ():
        rows = read(folder / name)
        differing = agreement(rows)
        share = 1 - len(differing) / len(rows)
        low = low or share < (0.95 if read is cases else 0.998)
        print(f"{name}: {len(rows)} rows, {share:.2%}")
        for place, verdict, rule in differing:
            asked, response, right = rows[place]
            print(f"  {place}: labelled {'right' if right else 'wrong'}, {verdict} ({rule}): {asked.gold[-50:]!r} | {response[-70:]!r}")
    if arguments.speed:
        speed(folder)
    return int(low)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
