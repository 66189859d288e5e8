"""Korean word problems with worked solutions that think in English mixed with Korean, and known answers.

    python data/demo/worked.py 300 --seed 1                       JSON lines: instruction, response, gold, template
    python data/demo/worked.py 60 --seed 2 --of pairs             other numbers than any problem of `training` has
    python data/demo/worked.py 60 --seed 2 --of templates         other kinds of problems
    python data/demo/worked.py 60 --seed 2 --of pairs --items     as a benchmark's items: id, category, question, gold

One operation a problem, so that a small model can learn it. Which pairs of numbers are held out follows from the numbers alone, so
training and held-out problems share none, whatever their seeds.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NAMES = ("민수", "지영", "서준", "하은", "도윤", "수빈", "현우", "유진", "태민", "은서")
THINGS = ("사과", "귤", "구슬", "연필", "사탕", "딱지", "우표", "공책", "색종이", "조개")
HELD_OUT = ("trip", "rows", "age")  # templates
ONE_IN = 5  # pairs of numbers


@dataclass(frozen=True)
class Kind:
    """A kind of problem: `{a}`, `{b}` and `{r}` are the numbers, `{who}`, `{thing}` and so on words with their particles.

    Attributes:
        numbers: draws the two numbers.
        result: of the two.
        question, plan, step, answer: what is asked; why this is the operation; the operation; what is said at the end.
    """

    numbers: Callable[[random.Random], tuple[int, int]]
    result: Callable[[int, int], int]
    question: str
    plan: str
    step: str
    answer: str


def _small(draw: random.Random) -> tuple[int, int]:
    return draw.randint(11, 59), draw.randint(11, 39)


def _falling(draw: random.Random) -> tuple[int, int]:
    return (a := draw.randint(30, 89)), draw.randint(11, a - 5)


def _ages(draw: random.Random) -> tuple[int, int]:
    return draw.randint(62, 89), draw.randint(35, 55)


def _factors(draw: random.Random) -> tuple[int, int]:
    return draw.randint(3, 19), draw.randint(2, 9)


def _dividing(draw: random.Random) -> tuple[int, int]:
    return (b := draw.randint(2, 9)) * draw.randint(3, 15), b


ADD, TAKE = "{a} + {b} = {r}", "{a} - {b} = {r}"
TIMES, SHARE = "{a} × {b} = {r}", "{a} ÷ {b} = {r}"
KINDS = {
    "receive": Kind(
        _small, int.__add__, "{who은} {thing을} {a}개 가지고 있었는데 {other}에게서 {b}개를 더 받았습니다. {who이} 가진 {thing은} 모두 몇 개입니까?",
        "{who} has {a}개 and receives {b}개 더, and \"모두\" asks for the total, so I add.", ADD, "{who이} 가진 {thing은} 모두 {r}개입니다.",
    ),
    "both": Kind(
        _small, int.__add__, "{thing이} 파란 상자에 {a}개, 노란 상자에 {b}개 들어 있습니다. 두 상자에 든 {thing은} 모두 몇 개입니까?",
        "파란 상자 holds {a}개, 노란 상자 holds {b}개. \"두 상자\" together means addition.", ADD, "두 상자에 든 {thing은} 모두 {r}개입니다.",
    ),
    "bus": Kind(
        _small, int.__add__, "버스에 {a}명이 타고 있었습니다. 정류장에서 내린 사람 없이 {b}명이 더 탔습니다. 지금 버스에는 몇 명이 타고 있습니까?",
        "There were {a}명, nobody got off, and {b}명이 더 탔다. So the number grows by {b}.", ADD, "지금 버스에는 {r}명이 타고 있습니다.",
    ),
    "eat": Kind(
        _falling, int.__sub__, "{who은} {thing} {a}개 중에서 {b}개를 {other}에게 주었습니다. 남은 {thing은} 몇 개입니까?",
        "{who} gives away {b}개 of {a}개. \"남은\" asks what is left, so I subtract.", TAKE, "남은 {thing은} {r}개입니다.",
    ),
    "pages": Kind(
        _falling, int.__sub__, "{who은} {a}쪽짜리 책을 읽고 있습니다. 어제까지 {b}쪽을 읽었다면 앞으로 몇 쪽을 더 읽어야 합니까?",
        "The book has {a}쪽 and {b}쪽 are done. \"더 읽어야\" is the rest, a difference.", TAKE, "앞으로 {r}쪽을 더 읽어야 합니다.",
    ),
    "more": Kind(
        _falling, int.__sub__, "{who은} {thing을} {a}개, {other은} {b}개 모았습니다. {who은} {other}보다 몇 개 더 모았습니까?",
        "I compare {a}개 with {b}개. \"보다 몇 개 더\" is the difference.", TAKE, "{who은} {other}보다 {r}개 더 모았습니다.",
    ),
    "boxes": Kind(
        _factors, int.__mul__, "한 상자에 {thing이} {a}개씩 들어 있습니다. {b}상자에는 {thing이} 모두 몇 개 들어 있습니까?",
        "Each 상자 has {a}개, and there are {b} of them. \"씩\" tells me to multiply.", TIMES, "{b}상자에는 {thing이} 모두 {r}개 들어 있습니다.",
    ),
    "days": Kind(
        _factors, int.__mul__, "{who은} 하루에 줄넘기를 {a}번씩 합니다. {b}일 동안 하면 모두 몇 번 하게 됩니까?",
        "{a}번 every day for {b}일: the same number again and again, so multiplication.", TIMES, "{b}일 동안 모두 {r}번 하게 됩니다.",
    ),
    "share": Kind(
        _dividing, int.__floordiv__, "{thing} {a}개를 {b}명이 똑같이 나누어 가지면 한 명이 몇 개씩 가지게 됩니까?",
        "{a}개 are split among {b}명. \"똑같이 나누어\" means division.", SHARE, "한 명이 {r}개씩 가지게 됩니다.",
    ),
    "bags": Kind(
        _dividing, int.__floordiv__, "{thing} {a}개를 한 봉지에 {b}개씩 담으려고 합니다. 봉지는 모두 몇 개 필요합니까?",
        "Every 봉지 takes {b}개 out of {a}개. How many times does {b} go into {a}? I divide.", SHARE, "봉지는 모두 {r}개 필요합니다.",
    ),
    "trip": Kind(
        _small, int.__add__, "{who은} 오전에 {a} km, 오후에 {b} km를 자전거로 달렸습니다. 하루 동안 모두 몇 km를 달렸습니까?",
        "오전 {a} km and 오후 {b} km make the whole day, so I add.", ADD, "하루 동안 모두 {r} km를 달렸습니다.",
    ),
    "age": Kind(
        _ages, int.__sub__, "{who}의 할머니는 {a}살이고 어머니는 {b}살입니다. 할머니는 어머니보다 몇 살 더 많습니까?",
        "할머니 is {a}살, 어머니 {b}살. \"보다 몇 살 더\" is the difference.", TAKE, "할머니는 어머니보다 {r}살 더 많습니다.",
    ),
    "rows": Kind(
        _factors, int.__mul__, "강당에 의자를 한 줄에 {a}개씩 {b}줄로 놓았습니다. 의자는 모두 몇 개입니까?",
        "{b}줄 with {a}개 each: \"한 줄에 …씩\" tells me to multiply.", TIMES, "의자는 모두 {r}개입니다.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One problem with its solution; `gold` is the number that stands in the box."""

    template: str
    question: str
    think: str
    answer: str
    gold: str


def problem(name: str, a: int, b: int, words: dict[str, str]) -> Problem:
    """One problem, worked."""
    kind = KINDS[name]
    said = {"a": str(a), "b": str(b), "r": str(kind.result(a, b)), **words}
    for noun in ("who", "other", "thing"):
        said |= {noun + both: words[noun] + _particle(words[noun], both) for both in ("은", "이", "을")}
    question, plan, step, answer = (text.format_map(said) for text in (kind.question, kind.plan, kind.step, kind.answer))
    think = f"Okay, 문제를 보자. {plan} {step}. So the answer is {said['r']}."
    return Problem(name, question, think, f"{answer} 정답: \\boxed{{{said['r']}}}", said["r"])


def problems(count: int, seed: int, of: str = "training") -> Iterator[Problem]:
    """Different problems: of `training`, or of its kinds with other `pairs` of numbers, or of other `templates`."""
    draw, seen = random.Random(f"{seed}/{of}"), set[str]()
    names = sorted(name for name in KINDS if (name in HELD_OUT) == (of == "templates"))
    for _ in range(1000 * count):
        if len(seen) == count:
            return
        name = names[len(seen) % len(names)]
        a, b = KINDS[name].numbers(draw)
        who, other = draw.sample(NAMES, 2)
        made = problem(name, a, b, {"who": who, "other": other, "thing": draw.choice(THINGS)})
        if (of == "training") != held_out(a, b) and made.question not in seen:
            seen.add(made.question)
            yield made
    raise ValueError(f"there are only {len(seen)} different problems")


def held_out(a: int, b: int) -> bool:
    """Whether a pair of numbers is never trained on."""
    return hashlib.sha256(f"{a}/{b}".encode()).digest()[0] % ONE_IN == 0


def _particle(noun: str, both: str) -> str:
    """은, 이 or 을 after a noun that ends in a consonant, else 는, 가 or 를."""
    return both if (ord(noun[-1]) - ord("가")) % 28 else {"은": "는", "이": "가", "을": "를"}[both]


def main() -> None:
    """Print problems as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--of", choices=("training", "pairs", "templates"), default="training")
    parser.add_argument("--items", action="store_true", help="as a benchmark's items")
    arguments = parser.parse_args()
    for number, each in enumerate(problems(arguments.count, arguments.seed, arguments.of)):
        row = {"instruction": each.question, "response": f"<think>\n{each.think}\n</think>\n\n{each.answer}"}
        if arguments.items:
            row = {"id": f"{arguments.of}-{number:03d}", "category": each.template, "question": each.question}
        print(json.dumps({**row, "gold": each.gold} | ({} if arguments.items else {"template": each.template}), ensure_ascii=False))


if __name__ == "__main__":
    main()
