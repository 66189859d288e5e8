"""Korean word problems with worked solutions that think in English mixed with Korean, and known answers.

    python data/demo/worked.py 160 --seed 1                       JSON lines: instruction, response, gold, template
    python data/demo/worked.py 60 --seed 2 --of pairs             other numbers than any problem of `training` has
    python data/demo/worked.py 60 --seed 2 --of templates         other kinds of problems, with such numbers
    python data/demo/worked.py 60 --seed 2 --of pairs --items     as a benchmark's items: id, category, question, gold
    python data/demo/worked.py 200 --seed 1 --arms                thinking in three ways, and with permuted results, side by side

    --set proof                                the proof's kinds of problems, in place of the demo's
    --templates boxes,days,rows --held-out rows --one-in 4 --wide     which there are, what is held out, larger numbers

Sums and differences of two numbers up to 20, unless more is asked for, so that a small model can learn it. Which pairs of numbers are
held out follows from the numbers alone, so training and held-out problems share none, whatever their seeds.
"""

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from situations import OTHERS, TAUGHT
from wordings import KINDS as SIMPLE
from wordings import NAMES, THINGS, particle

KINDS = SIMPLE | TAUGHT | OTHERS

PARTS = ("training", "pairs", "templates")
# behind each question, as benchmarks append it to theirs: what is asked is worded as what was trained on
ASK = "Put the final answer in \\boxed{}."
OPENINGS = {"mixed": "Okay, 문제를 보자.", "english": "Okay, let me see.", "korean": "자, 문제를 보자."}
ENDINGS = {"mixed": "So the answer is {r}.", "english": "So the answer is {r}.", "korean": "따라서 답은 {r}이다."}


@dataclass(frozen=True)
class Split:
    """What is trained on and what is not.

    Attributes:
        templates: kinds of problems that there are.
        held_out: those of them that are never trained on.
        one_in: of so many pairs of numbers one is never trained on, whatever the kind.
        largest: no number of a question is above it; None: as each kind draws.
    """

    templates: tuple[str, ...] = ("receive", "both", "bus", "eat", "pages", "more", "trip", "fish")
    held_out: tuple[str, ...] = ("trip", "fish")
    one_in: int = 5
    largest: int | None = 20

    def pair_is_held_out(self, a: int, b: int) -> bool:
        """Whether a pair of numbers is never trained on, in either order: 7 + 5 is known to whom 5 + 7 was taught."""
        return hashlib.sha256(f"{min(a, b)}/{max(a, b)}".encode()).digest()[0] % self.one_in == 0


SETS = {"demo": Split(), "proof": Split(tuple(TAUGHT | OTHERS), tuple(OTHERS))}


@dataclass(frozen=True)
class Problem:
    """One problem; `gold` is the number that stands in the box of a right solution."""

    template: str
    a: int
    b: int
    words: tuple[tuple[str, str], ...]

    @property
    def gold(self) -> str:
        """The right result."""
        return str(KINDS[self.template].operation.result(self.a, self.b))

    @property
    def question(self) -> str:
        """What is asked."""
        return self._said(KINDS[self.template].question, self.gold)

    def think(self, way: str = "mixed", result: str | None = None) -> str:
        """The thinking in a way of `OPENINGS`, which comes to the right result, or to another one."""
        kind = KINDS[self.template]
        plan = {"mixed": kind.mixed, "english": kind.english, "korean": kind.korean}[way]
        step = f"{{a}} {kind.operation.sign} {{b}} = {{r}}."
        return self._said(f"{OPENINGS[way]} {plan} {step} {ENDINGS[way]}", result or self.gold)

    def answer(self, result: str | None = None) -> str:
        """What is said after the thinking."""
        return self._said(f"{KINDS[self.template].answer} 정답: \\boxed{{{{{{r}}}}}}", result or self.gold)

    def _said(self, text: str, result: str) -> str:
        words = dict(self.words)
        said = {"a": str(self.a), "b": str(self.b), "r": result, **words}
        for noun, word in words.items():
            said |= {noun + both: word + particle(word, both) for both in ("은", "이", "을")}
        return text.format_map(said)


def problems(count: int, seed: int, of: str = "training", split: Split = Split()) -> Iterator[Problem]:
    """Different problems: of `training`, or of its kinds with other `pairs` of numbers, or of other `templates`, with such pairs.

    Of what is held out no two problems do the same to the same two numbers: each is an item that stands for itself.

    Raises:
        ValueError: there are not so many.
    """
    draw, seen = random.Random(f"{seed}/{of}"), set[str]()
    names = sorted(name for name in split.templates if (name in split.held_out) == (of == "templates"))
    for _ in range(200 * count):
        if len(seen) == count:
            return
        name = names[len(seen) % len(names)]
        kind = KINDS[name]
        a, b = kind.operation.small(draw, split.largest) if split.largest else kind.numbers(draw)
        who, other = draw.sample(NAMES, 2)
        made = Problem(name, a, b, (("who", who), ("other", other), ("thing", draw.choice(THINGS))))
        known = made.question if of == "training" else f"{min(a, b)} {kind.operation.sign} {max(a, b)}"
        if (of == "training") != split.pair_is_held_out(a, b) and known not in seen:
            seen.add(known)
            yield made
    raise ValueError(f"there are only {len(seen)} different problems")


def permuted(made: Sequence[Problem], seed: int) -> list[str]:
    """For each problem the result of another one of its kind, such that none is right.

    Question, numbers, operation, wording and how often each result stands there are as in the right solutions: what is taken away is
    that the result follows from the numbers.

    Raises:
        ValueError: more than half of a kind's problems have one result.
    """
    given = [each.gold for each in made]
    for name in sorted({each.template for each in made}):
        places = [place for place, each in enumerate(made) if each.template == name]
        golds = [made[place].gold for place in places]
        draw, drawn = random.Random(f"{seed}/permuted/{name}"), golds.copy()
        if any(2 * golds.count(gold) > len(golds) for gold in golds):
            raise ValueError(f"{name}: more than half of the problems have one result")
        draw.shuffle(drawn)
        for here, gold in enumerate(golds):
            if drawn[here] == gold:
                # such a place is always there: at most half hold this result, and at most half ask for it
                there = draw.choice([place for place in range(len(golds)) if gold not in (drawn[place], golds[place])])
                drawn[here], drawn[there] = drawn[there], drawn[here]
        for place, result in zip(places, drawn, strict=True):
            given[place] = result
    return given


def rows(count: int, seed: int, of: str, split: Split, form: str) -> Iterator[dict[str, str]]:
    """The lines of a file: as a set of questions and responses (`set`), a benchmark's `items`, or the thinking of all `arms`."""
    made = list(problems(count, seed, of, split))
    wrong = permuted(made, seed) if form == "arms" else []
    for number, each in enumerate(made):
        if form == "items":
            yield {"id": f"{of}-{number:03d}", "category": each.template, "question": each.question, "gold": each.gold}
        elif form == "set":
            response = f"<think>\n{each.think()}\n</think>\n\n{each.answer()}"
            yield {"instruction": f"{each.question}\n\n{ASK}", "response": response, "gold": each.gold, "template": each.template}
        else:
            ways = {way: each.think(way) for way in OPENINGS}
            other = {"permuted": each.think(result=wrong[number]), "permuted_answer": each.answer(wrong[number])}
            yield {
                "question": each.question,
                "ask": ASK,
                **ways,
                "answer": each.answer(),
                **other,
                "gold": each.gold,
                "template": each.template,
            }


def main() -> None:
    """Print problems as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--of", choices=PARTS, default="training")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--items", dest="form", action="store_const", const="items", default="set", help="as a benchmark's items")
    form.add_argument("--arms", dest="form", action="store_const", const="arms", help="question, ask, and the thinking of each arm")
    parser.add_argument("--set", choices=SETS, default="demo", help="whose kinds of problems, where they are not named")
    parser.add_argument("--templates", type=_names, help="kinds of problems that there are")
    parser.add_argument("--held-out", type=_names, help="kinds that are never trained on")
    parser.add_argument("--one-in", type=int, default=Split.one_in, help="of so many pairs of numbers one is never trained on")
    largest = parser.add_mutually_exclusive_group()
    largest.add_argument("--largest", type=int, default=Split.largest, help="of the numbers of a question")
    largest.add_argument("--wide", dest="largest", action="store_const", const=None, help="numbers as each kind draws them")
    given = parser.parse_args()
    known = SETS[given.set]
    split = Split(given.templates or known.templates, given.held_out or known.held_out, given.one_in, given.largest)
    try:
        for row in rows(given.count, given.seed, given.of, split, given.form):
            print(json.dumps(row, ensure_ascii=False))
    except ValueError as error:
        parser.error(str(error))


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(KINDS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: unknown; there are {', '.join(KINDS)}")
    return names


if __name__ == "__main__":
    main()
