"""How Korean word problems are worded: a kind of problem a line of the table, thought about in English, in Korean, or in both.

    python -c "from wordings import KINDS; print(KINDS['bus'].question.format(a=3, b=4))"     # in data/demo

`{a}`, `{b}` and `{r}` are the numbers; `{who}`, `{other}` and `{thing}` are words, `{who은}`, `{thing을}` and so on they with a particle.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

NAMES = ("민수", "지영", "서준", "하은", "도윤", "수빈", "현우", "유진", "태민", "은서")
THINGS = ("사과", "귤", "구슬", "연필", "사탕", "딱지", "우표", "공책", "색종이", "조개")
Pair = tuple[int, int]


@dataclass(frozen=True)
class Operation:
    """What is done to two numbers, and its sign. `small` draws a pair of which neither number is above a bound."""

    sign: str
    result: Callable[[int, int], int]
    small: Callable[[random.Random, int], Pair]


@dataclass(frozen=True)
class Kind:
    """A kind of problem.

    Attributes:
        operation: that it takes.
        numbers: draws the two numbers, where no bound is given.
        question, answer: what is asked, and what is said at the end.
        mixed, english, korean: why this is the operation, in each way of thinking.
    """

    operation: Operation
    numbers: Callable[[random.Random], Pair]
    question: str
    answer: str
    mixed: str
    english: str
    korean: str


def particle(noun: str, both: str) -> str:
    """은, 이 or 을 after a noun that ends in a consonant, else 는, 가 or 를."""
    return both if (ord(noun[-1]) - ord("가")) % 28 else {"은": "는", "이": "가", "을": "를"}[both]


def _small(draw: random.Random) -> Pair:
    return draw.randint(11, 59), draw.randint(11, 39)


def _falling(draw: random.Random) -> Pair:
    return (a := draw.randint(30, 89)), draw.randint(11, a - 5)


def _ages(draw: random.Random) -> Pair:
    return draw.randint(62, 89), draw.randint(35, 55)


def _factors(draw: random.Random) -> Pair:
    return draw.randint(3, 19), draw.randint(2, 9)


def _dividing(draw: random.Random) -> Pair:
    return (b := draw.randint(2, 9)) * draw.randint(3, 15), b


ADD = Operation("+", int.__add__, lambda draw, most: (draw.randint(2, most), draw.randint(2, most)))
TAKE = Operation("-", int.__sub__, lambda draw, most: ((a := draw.randint(5, most)), draw.randint(2, a - 1)))
TIMES = Operation("×", int.__mul__, lambda draw, most: (draw.randint(2, most), draw.randint(2, min(9, most))))
SHARE = Operation("÷", int.__floordiv__, lambda draw, most: ((b := draw.randint(2, most // 3)) * draw.randint(2, most // b), b))

KINDS = {
    "receive": Kind(
        ADD, _small,
        "{who은} {thing을} {a}개 가지고 있었는데 {other}에게서 {b}개를 더 받았습니다. {who이} 가진 {thing은} 모두 몇 개입니까?",
        "{who이} 가진 {thing은} 모두 {r}개입니다.",
        "{who} has {a}개 and receives {b}개 더, and \"모두\" asks for the total, so I add.",
        "There are {a} at first and {b} more are received, and the total is asked for, so I add.",
        "처음에 {a}개가 있고 {b}개를 더 받았다. 모두 몇 개인지 물으니 더한다.",
    ),
    "both": Kind(
        ADD, _small,
        "{thing이} 파란 상자에 {a}개, 노란 상자에 {b}개 들어 있습니다. 두 상자에 든 {thing은} 모두 몇 개입니까?",
        "두 상자에 든 {thing은} 모두 {r}개입니다.",
        "파란 상자 holds {a}개, 노란 상자 holds {b}개. \"두 상자\" together means addition.",
        "The blue box holds {a}, the yellow box holds {b}. Two boxes together means addition.",
        "파란 상자에 {a}개, 노란 상자에 {b}개가 있다. 두 상자를 합하니 더한다.",
    ),
    "bus": Kind(
        ADD, _small,
        "버스에 {a}명이 타고 있었습니다. 정류장에서 내린 사람 없이 {b}명이 더 탔습니다. 지금 버스에는 몇 명이 타고 있습니까?",
        "지금 버스에는 {r}명이 타고 있습니다.",
        "There were {a}명, nobody got off, and {b}명이 더 탔다. So the number grows by {b}.",
        "There were {a} people, nobody got off, and {b} more got on. So the number grows by {b}.",
        "{a}명이 있었고 내린 사람 없이 {b}명이 더 탔다. 그러니 {b}명이 늘어난다.",
    ),
    "eat": Kind(
        TAKE, _falling,
        "{who은} {thing} {a}개 중에서 {b}개를 {other}에게 주었습니다. 남은 {thing은} 몇 개입니까?",
        "남은 {thing은} {r}개입니다.",
        "{who} gives away {b}개 of {a}개. \"남은\" asks what is left, so I subtract.",
        "Of {a} things {b} are given away. The question asks what is left, so I subtract.",
        "{a}개 중에서 {b}개를 주었다. 남은 것을 물으니 뺀다.",
    ),
    "pages": Kind(
        TAKE, _falling,
        "{who은} {a}쪽짜리 책을 읽고 있습니다. 어제까지 {b}쪽을 읽었다면 앞으로 몇 쪽을 더 읽어야 합니까?",
        "앞으로 {r}쪽을 더 읽어야 합니다.",
        "The book has {a}쪽 and {b}쪽 are done. \"더 읽어야\" is the rest, a difference.",
        "The book has {a} pages and {b} pages are done. What is still to be read is the rest, a difference.",
        "책은 {a}쪽이고 {b}쪽을 읽었다. 더 읽어야 할 것은 나머지이니 뺀다.",
    ),
    "more": Kind(
        TAKE, _falling,
        "{who은} {thing을} {a}개, {other은} {b}개 모았습니다. {who은} {other}보다 몇 개 더 모았습니까?",
        "{who은} {other}보다 {r}개 더 모았습니다.",
        "I compare {a}개 with {b}개. \"보다 몇 개 더\" is the difference.",
        "I compare {a} with {b}. How many more is the difference.",
        "{a}개와 {b}개를 비교한다. 몇 개 더인지는 차이이니 뺀다.",
    ),
    "boxes": Kind(
        TIMES, _factors,
        "한 상자에 {thing이} {a}개씩 들어 있습니다. {b}상자에는 {thing이} 모두 몇 개 들어 있습니까?",
        "{b}상자에는 {thing이} 모두 {r}개 들어 있습니다.",
        "Each 상자 has {a}개, and there are {b} of them. \"씩\" tells me to multiply.",
        "Each box has {a}, and there are {b} of them. The same number in each tells me to multiply.",
        "한 상자에 {a}개씩 {b}상자가 있다. 같은 수가 되풀이되니 곱한다.",
    ),
    "days": Kind(
        TIMES, _factors,
        "{who은} 하루에 줄넘기를 {a}번씩 합니다. {b}일 동안 하면 모두 몇 번 하게 됩니까?",
        "{b}일 동안 모두 {r}번 하게 됩니다.",
        "{a}번 every day for {b}일: the same number again and again, so multiplication.",
        "{a} times every day for {b} days: the same number again and again, so multiplication.",
        "하루에 {a}번씩 {b}일 동안 한다. 같은 수가 되풀이되니 곱한다.",
    ),
    "share": Kind(
        SHARE, _dividing,
        "{thing} {a}개를 {b}명이 똑같이 나누어 가지면 한 명이 몇 개씩 가지게 됩니까?",
        "한 명이 {r}개씩 가지게 됩니다.",
        "{a}개 are split among {b}명. \"똑같이 나누어\" means division.",
        "{a} things are split among {b} people. Equal shares mean division.",
        "{a}개를 {b}명이 똑같이 나눈다. 그러니 나눗셈이다.",
    ),
    "bags": Kind(
        SHARE, _dividing,
        "{thing} {a}개를 한 봉지에 {b}개씩 담으려고 합니다. 봉지는 모두 몇 개 필요합니까?",
        "봉지는 모두 {r}개 필요합니다.",
        "Every 봉지 takes {b}개 out of {a}개. How many times does {b} go into {a}? I divide.",
        "Every bag takes {b} out of {a}. How many times does {b} go into {a}? I divide.",
        "{a}개를 {b}개씩 담는다. {a}에 {b}가 몇 번 들어가는지 나눈다.",
    ),
    "trip": Kind(
        ADD, _small,
        "{who은} 오전에 {a} km, 오후에 {b} km를 자전거로 달렸습니다. 하루 동안 모두 몇 km를 달렸습니까?",
        "하루 동안 모두 {r} km를 달렸습니다.",
        "오전 {a} km and 오후 {b} km make the whole day, so I add.",
        "{a} km in the morning and {b} km in the afternoon make the whole day, so I add.",
        "오전 {a} km와 오후 {b} km가 하루이니 더한다.",
    ),
    "age": Kind(
        TAKE, _ages,
        "{who}의 할머니는 {a}살이고 어머니는 {b}살입니다. 할머니는 어머니보다 몇 살 더 많습니까?",
        "할머니는 어머니보다 {r}살 더 많습니다.",
        "할머니 is {a}살, 어머니 {b}살. \"보다 몇 살 더\" is the difference.",
        "One is {a} years old, the other {b}. How many years more is the difference.",
        "할머니는 {a}살, 어머니는 {b}살이다. 몇 살 더인지는 차이이니 뺀다.",
    ),
    "fish": Kind(
        TAKE, _falling,
        "어항에 물고기가 {a}마리 있었습니다. 그중 {b}마리를 다른 어항으로 옮겼습니다. 처음 어항에는 물고기가 몇 마리 있습니까?",
        "처음 어항에는 물고기가 {r}마리 있습니다.",
        "어항 had {a}마리 and {b}마리 moved out, so what stays is a difference.",
        "The tank had {a} fish and {b} moved out, so what stays is a difference.",
        "어항에 {a}마리가 있었고 {b}마리를 옮겼다. 있는 것은 나머지이니 뺀다.",
    ),
    "rows": Kind(
        TIMES, _factors,
        "강당에 의자를 한 줄에 {a}개씩 {b}줄로 놓았습니다. 의자는 모두 몇 개입니까?",
        "의자는 모두 {r}개입니다.",
        "{b}줄 with {a}개 each: \"한 줄에 …씩\" tells me to multiply.",
        "{b} rows with {a} each: the same number in each row tells me to multiply.",
        "한 줄에 {a}개씩 {b}줄이다. 같은 수가 되풀이되니 곱한다.",
    ),
}  # fmt: skip
