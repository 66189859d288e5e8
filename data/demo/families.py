"""Exercises of the demo dumps that differ in their numbers: word problems as school books have them, with answers.

Each family is a function of a row of its table; `exams()` and `science()` give (subject, question, answer).
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

Exercise = tuple[str, str, str]
Family = tuple[Callable[..., Exercise], list[tuple[Any, ...]]]

BARE, CLOSED = "를가", "을이"  # object and subject particles after a vowel and after a consonant


def with_object(noun: str) -> str:
    """A noun with its object particle."""
    return noun + (CLOSED if _closed(noun) else BARE)[0]


def with_subject(noun: str) -> str:
    """A noun with its subject particle."""
    return noun + (CLOSED if _closed(noun) else BARE)[1]


def _closed(noun: str) -> bool:
    return (ord(noun[-1]) - ord("가")) % 28 > 0


def _journey(start: str, end: str, km: int, out: int, back: int) -> Exercise:
    hours = Fraction(km, out) + Fraction(km, back)
    text = f"{start}에서 {end}까지의 거리는 {km}km이다. 갈 때는 시속 {out}km, 올 때는 시속 {back}km로 달렸다면 왕복하는 데 걸린 시간과 전체 평균 속력을 구하시오."
    return "수학", text, f"{float(hours):g}시간, 시속 {float(2 * km / hours):.4g}km"


def _discount(shop: str, item: str, price: int, off: int, coupon: int) -> Exercise:
    paid = price * (100 - off) // 100 - coupon
    text = f"{shop}에서 정가가 {price:,}원인 {with_object(item)} {off}% 할인하고 있다. 할인된 값에서 {coupon:,}원짜리 쿠폰을 더 쓰면 실제로 내는 돈은 얼마이며, 정가의 몇 퍼센트를 낸 셈인가?"
    return "수학", text, f"{paid:,}원, {100 * paid / price:.4g}%"


def _sharing(who: str, thing: str, unit: str, count: int, people: int, more: int) -> Exercise:
    total = count * people + more
    text = f"{with_subject(who)} {thing} {total}{with_object(unit)} {people}명에게 똑같이 나누어 주려고 한다. 한 사람이 최대 몇 {unit}씩 받고 몇 {with_subject(unit)} 남는가? 남김없이 나누려면 적어도 몇 {with_subject(unit)} 더 있어야 하는지도 구하시오."
    return "수학", text, f"{count}{unit}, {more}{unit}, {people - more}{unit}"


def _brine(first: int, grams: int, second: int, more: int) -> Exercise:
    share = Fraction(first * grams + second * more, grams + more)
    text = f"농도가 {first}%인 소금물 {grams}g이 든 그릇에 농도가 {second}%인 소금물 {more}g을 부어 잘 섞었다. 섞은 소금물에 들어 있는 소금의 양과 농도를 각각 구하시오."
    return "수학", text, f"{float(Fraction(first * grams + second * more, 100)):g}g, {float(share):.4g}%"


def _progression(first: int, step: int, term: int) -> Exercise:
    last = first + (term - 1) * step
    text = f"첫째항이 {first}이고 공차가 {step}인 등차수열이 있다. 제{term}항의 값을 구하고, 첫째항부터 제{term}항까지의 합을 구하는 과정을 쓰시오."
    return "수학", text, f"{last}, {term * (first + last) // 2}"


def _together(first: str, a: int, second: str, b: int, work: str) -> Exercise:
    text = f"{with_object(work)} {first} 혼자 하면 {a}일, {second} 혼자 하면 {b}일이 걸린다. 두 사람이 처음부터 함께 하면 며칠이 걸리는지 분수로 답하고, 첫날이 끝났을 때 남은 일의 양을 구하시오."
    return "수학", text, f"{Fraction(a * b, a + b)}일, {1 - Fraction(1, a) - Fraction(1, b)}"


def _weekday(event: str, day: int, after: int) -> Exercise:
    days = "월화수목금토일"
    text = f"{with_subject(event)} {days[day]}요일에 시작되었다. 시작한 날을 첫째 날로 셀 때 {after}번째 되는 날은 무슨 요일인가? 7로 나눈 나머지를 이용하여 설명하시오."
    return "수학", text, f"{days[(day + after - 1) % 7]}요일"


def _balls(red: int, blue: int, drawn: str) -> Exercise:
    total = red + blue
    same = Fraction(red * (red - 1) + blue * (blue - 1), total * (total - 1))
    text = f"상자에 빨간 {drawn} {red}개와 파란 {drawn} {blue}개가 들어 있다. 두 개를 동시에 꺼낼 때 두 {drawn}의 색이 서로 같을 확률과 서로 다를 확률을 각각 기약분수로 구하시오."
    return "수학", text, f"{same}, {1 - same}"


def _falling(height: int, place: str) -> Exercise:
    text = f"{place}에서 높이 {height} m 아래로 공을 가만히 떨어뜨렸습니다. 공기 저항을 무시하고 $g = 10\\,\\mathrm{{m/s^2}}$일 때 땅에 닿는 데 걸리는 시간과 닿기 직전의 속력을 구해 주세요. 질량이 두 배라면 결과가 달라지나요?"
    return "물리", text, f"{(2 * height / 10) ** 0.5:.3g} s, {(20 * height) ** 0.5:.3g} m/s"


def _circuit(volts: int, first: int, second: int) -> Exercise:
    current = Fraction(volts, first + second)
    text = f"전압이 {volts} V인 전지에 {first} Ω과 {second} Ω의 저항을 직렬로 연결했습니다. 회로에 흐르는 전류와 각 저항에 걸리는 전압을 구하고, 두 저항을 병렬로 바꾸면 전체 전류가 왜 커지는지 설명해 주세요."
    return "물리", text, f"{float(current):.3g} A, {float(current * first):.3g} V, {float(current * second):.3g} V"


def _moles(name: str, formula: str, molar: int, grams: int) -> Exercise:
    text = f"{name}($\\mathrm{{{formula}}}$) {grams} g은 몇 몰인지 구하고, 그 안에 들어 있는 분자의 수를 아보가드로수 $6.02 \\times 10^{{23}}$을 써서 나타내세요. 몰질량은 {molar} g/mol입니다."
    return "화학", text, f"{grams / molar:.3g} mol, {grams / molar * 6.02:.3g}e23"


def _parabola(a: int, b: int, c: int) -> Exercise:
    low = Fraction(4 * a * c - b * b, 4 * a)
    text = f"이차함수 $f(x) = {'' if a == 1 else a}x^2 - {b}x + {c}$의 최솟값과 그때의 $x$의 값을 구하고, $f(x) < {c}$인 $x$의 범위가 왜 열린구간이 되는지 그래프로 설명해 주세요."
    return "수학", text, f"x = {Fraction(b, 2 * a)}, {low}"


def _decay(isotope: str, half_life: int, unit: str, times: int, milligrams: int) -> Exercise:
    text = f"{isotope}의 반감기는 {half_life}{unit}입니다. 처음에 {milligrams} mg이 있었다면 {half_life * times}{unit} 뒤에 남은 양은 얼마인가요? 남은 양이 1 mg보다 적어지는 것은 대략 언제인지도 로그를 써서 구해 주세요."
    return "물리", text, f"{milligrams / 2**times:g} mg"


def _braking(speed: int, slowing: int, vehicle: str) -> Exercise:
    text = f"{with_subject(vehicle)} {speed} m/s로 달리다가 일정하게 {slowing} m/s²로 느려져 멈추었습니다. 멈출 때까지 걸린 시간과 움직인 거리를 구하고, 처음 속력이 두 배이면 거리가 네 배가 되는 까닭을 식으로 보여 주세요."
    return "물리", text, f"{speed / slowing:.3g} s, {speed**2 / (2 * slowing):.4g} m"


EXAMS: list[Family] = [
    (
        _journey,
        [
            ("대전", "전주", 84, 70, 60),
            ("원주", "강릉", 120, 80, 60),
            ("광주", "목포", 72, 72, 48),
            ("울산", "경주", 40, 50, 40),
            ("춘천", "속초", 100, 80, 50),
            ("청주", "충주", 60, 60, 45),
            ("진주", "통영", 54, 60, 36),
        ],
    ),
    (
        _discount,
        [
            ("문구점", "만년필", 24000, 15, 1000),
            ("서점", "사전", 36000, 10, 2000),
            ("신발 가게", "운동화", 89000, 30, 5000),
            ("가구점", "책꽂이", 54000, 25, 3000),
            ("전자 상가", "탁상시계", 18000, 20, 1500),
            ("꽃집", "화분", 12000, 5, 500),
            ("안경점", "안경테", 76000, 40, 4000),
        ],
    ),
    (
        _sharing,
        [
            ("체육 선생님", "탁구공", "개", 6, 13, 4),
            ("할머니", "곶감", "개", 9, 7, 5),
            ("반장", "색종이", "장", 12, 28, 11),
            ("사서", "책갈피", "개", 4, 35, 18),
            ("이장님", "모종", "포기", 15, 22, 9),
            ("제빵사", "쿠키", "개", 8, 16, 3),
            ("민재", "구슬", "개", 17, 5, 2),
        ],
    ),
    (
        _brine,
        [
            (8, 300, 14, 200),
            (5, 400, 20, 100),
            (12, 250, 4, 150),
            (6, 500, 15, 400),
            (10, 180, 25, 120),
            (3, 350, 9, 250),
            (16, 200, 7, 600),
        ],
    ),
    (_progression, [(7, 4, 15), (-12, 5, 20), (3, 11, 9), (50, -3, 18), (1, 9, 25), (28, 6, 12)]),
    (
        _together,
        [
            ("지훈", 6, "서연", 9, "담장 칠하기"),
            ("갑", 12, "을", 15, "자료 입력"),
            ("숙련공", 4, "견습공", 10, "창틀 조립"),
            ("언니", 5, "동생", 8, "밭 갈기"),
            ("민서", 7, "도윤", 14, "도서 정리"),
            ("형", 10, "아우", 16, "장작 패기"),
        ],
    ),
    (
        _weekday,
        [("마을 축제", 4, 45), ("겨울 방학", 2, 60), ("공사", 0, 100), ("독서 모임", 5, 31), ("전시회", 1, 77), ("합숙 훈련", 6, 24)],
    ),
    (_balls, [(4, 5, "구슬"), (3, 7, "공"), (6, 2, "카드"), (5, 5, "단추"), (8, 4, "바둑알"), (2, 9, "제비")]),
]

SCIENCE: list[Family] = [
    (_falling, [(20, "건물 옥상"), (45, "절벽 끝"), (5, "2층 창문"), (80, "기구"), (125, "다리 위"), (31, "전망대")]),
    (_circuit, [(12, 4, 8), (9, 3, 6), (6, 10, 20), (24, 5, 7), (3, 2, 4), (18, 12, 24)]),
    (_moles, [("물", "H_2O", 18, 54), ("이산화 탄소", "CO_2", 44, 11), ("포도당", "C_6H_{12}O_6", 180, 45), ("메테인", "CH_4", 16, 40), ("암모니아", "NH_3", 17, 85), ("산소", "O_2", 32, 8), ("에탄올", "C_2H_5OH", 46, 23)]),
    (_parabola, [(1, 6, 11), (2, 8, 3), (1, 10, 30), (3, 12, 7), (2, 4, 9), (1, 2, 5)]),
    (_decay, [("아이오딘-131", 8, "일", 3, 64), ("코발트-60", 5, "년", 4, 80), ("테크네튬-99m", 6, "시간", 5, 320), ("라돈-222", 4, "일", 2, 12), ("세슘-137", 30, "년", 3, 200), ("탄소-11", 20, "분", 6, 128)]),
    (_braking, [(20, 4, "승용차"), (30, 5, "고속버스"), (12, 3, "오토바이"), (25, 2, "기차"), (8, 2, "자전거"), (15, 6, "트럭")]),
]  # fmt: skip


def _exercises(families: list[Family]) -> Iterator[Exercise]:
    longest = max(len(rows) for _, rows in families)
    for index in range(longest):  # one of each family in turn, as in a book of mixed exercises
        for make, rows in families:
            if index < len(rows):
                yield make(*rows[index])


def exams() -> list[Exercise]:
    """School mathematics."""
    return list(_exercises(EXAMS))


def science() -> list[Exercise]:
    """Physics, chemistry and mathematics with LaTeX."""
    return list(_exercises(SCIENCE))
