"""The closed list of what may stand behind a number as its unit; any other word makes it no value.

    unit("cm^2")        # "cm2"
    unit("개")          # ""     a word that counts: two of them are not held against each other
    unit("개 이상")      # None   a bound is no unit

Percent and degrees are units like the others: 30% is 30, and never 0.3, however the gold is spelt.
"""

import re

COUNTERS = """
개 명 사람 인 살 세 번 회 차례 번째 째 권 마리 장 자루 대 송이 그루 켤레 벌 채 병 잔 컵 그릇 접시 조각 쪽 페이지 칸 층 단 묶음 봉지 상자 박스 통 팀
반 학급 학년 등 위 점 문제 문항 가지 종류 종 쌍 짝 곳 군데 건 편 곡 척 필 바퀴 걸음 계단 판 모 포기 알 톨 방울 자리 자리수 글자 자 단어 문장 행 열 표
세트 다발 꾸러미 꼬치 갑 매 부 호 칸 줄 모둠 조 개국 나라 가구 가정 세대 면 변 각형 차 차원 항 단계 교시 과목 개의 점수 경우 가지의
"""
# Spellings of one unit, its name first.
PHYSICAL = """
원 원정 won krw ₩
달러 불 dollar dollars usd
센트 cent cents
엔 yen
유로 euro euros
위안 yuan
% 퍼센트 프로 percent percentage pct
° 도 degree degrees deg ℃ 섭씨도 °C ℉ °F
rad 라디안 radian radians
h 시간 hour hours hr hrs 시간동안
min 분 분간 minute minutes mins
s 초 초간 second seconds sec
시
day 일 일간 days
week 주 주일 주간 weeks
month 개월 달 월 months
year 년 년간 연 years
mm 밀리미터 ㎜ millimeter millimeters
cm 센티미터 센티 ㎝ centimeter centimeters
m 미터 meter meters metre metres
km 킬로미터 킬로 ㎞ kilometer kilometers
inch 인치 inches
feet 피트 foot ft
mile 마일 miles
mm2 제곱밀리미터 ㎟
cm2 제곱센티미터 평방센티미터 ㎠
m2 제곱미터 평방미터 ㎡
km2 제곱킬로미터 ㎢
평
mm3 세제곱밀리미터
cm3 세제곱센티미터 ㎤ cc
m3 세제곱미터 ㎥
mL 밀리리터 ml ㎖
dL 데시리터 dl
L 리터 l ℓ liter liters litre litres
mg 밀리그램 ㎎
g 그램 gram grams
kg 킬로그램 ㎏ kilogram kilograms
t 톤 ton tons
km/h 킬로미터매시 km/시 kph 킬로미터/시 km/시간
m/s 미터매초 m/초 미터/초
N 뉴턴
J 줄
W 와트
kW 킬로와트
V 볼트
A 암페어
Hz 헤르츠
mol 몰
Pa 파스칼
cal 칼로리
kcal 킬로칼로리
bit 비트 bits
byte 바이트 bytes
unit units squareunits 단위 제곱단위
"""
NAMES = {spelling: line.split()[0] for line in PHYSICAL.strip().splitlines() for spelling in line.split()}
# A counter where the same word is also a unit stays one, but for 분: persons have no unit, so that a minute is held against an hour.
NAMES |= dict.fromkeys(COUNTERS.split(), "")
AMBIGUOUS = {"m", "s", "g", "h", "t", "l", "L", "N", "J", "W", "V", "A", "min"}  # letters that are variables, too
SPAN = "span in seconds"  # of several units, `1시간 30분`
SECONDS = {"h": 3600, "min": 60, "s": 1}
MAY_FOLLOW = re.compile(r"\s*\(\s*(?:총|모두|합계|전부)\s*\)$")
IN_BRACKETS = re.compile(r"^\s*[(\[]([^()\[\]]*)[)\]]\s*$")


def unit(text: str) -> str | None:
    """The name of a unit, empty for words that count and for none at all; None for what is no unit."""
    spelling = (
        re.sub(r"[\s\\{}^~]", "", IN_BRACKETS.sub(r"\1", MAY_FOLLOW.sub("", text))).replace("²", "2").replace("³", "3").replace("circ", "°")
    )
    if not spelling:
        return ""
    found = NAMES.get(spelling)
    return NAMES.get(spelling.lower()) if found is None else found


def agree(one: str, other: str) -> bool:
    """Tell whether two units may stand for one quantity: only two that are both named and differ may not."""
    return not one or not other or one == other
