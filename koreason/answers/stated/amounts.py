r"""The value that an answer's last sentence concludes on, where none is stated by name: `∴ 2√3`, `그래서 모두 1만 2천 원을 내야 해요.`

    [one.said for one in concluded_values("넓이는 6 × 3 = 18 cm²입니다.")]     # ["18 cm²", …], the likeliest first

A sentence that is not finished concludes nothing; amounts that are denied, bounds (`12 이상`) and approximations (`약 12`) are passed over.
"""

import re
from collections.abc import Iterator

from koreason.answers.numerals import ONES, TENS
from koreason.answers.stated.sentences import ASIDE, ASKS, BREAK, DENIAL, FINISHED, RULE, Statement, last_sentences, refuses
from koreason.answers.units import NAMES

WORDS = "|".join(sorted((*TENS, *ONES), key=len, reverse=True))
UNITS = "|".join(sorted((re.escape(name) for name in NAMES if re.search(r"[가-힣]", name) and name != "인"), key=len, reverse=True))
AMOUNT = re.compile(
    r"(?<![\w.,/^_{\-−])(?:\d+분의\s?\d+|\d+\s?대\s?\d+(?!\d)|(?:마이너스|[-−±])?\s?\d[\d,]*(?:\.\d+)?(?:\s?[/:]\s?\d+(?:\.\d+)?)?"
    r"(?:\s?[만억조천백]+(?=\s*(?:\d|[천백십]|" + UNITS + r"))(?:\s?\d*[천백십만]*)*)?"
    r"|[일이삼사오육칠팔구십백천만억영공]{2,}|(?:" + WORDS + r")+(?=\s?(?:" + UNITS + r")))"
    r"(?:\s?(?:" + UNITS + r"|%|₩|[㎜㎝㎞㎎㎏ℓ㎠㎡]|cm|mm|km|kg|m|g|L)[²³]?(?:\s?\d{1,2}\s?(?:분|초))*)?(?!\s?[\^_{\\])"
)
ENDING = re.compile(
    r"(?<!\s)\s*+(?:입니다|이다|이에요|예요|에요|임|이\s*(?:됩니다|된다|돼요)|가\s*(?:됩니다|된다|돼요)|됩니다|된다|라고\s*할\s*수\s*있(?:다|습니다)|(?:이|가)?\s*(?:정답|답)(?:입니다|이다|이에요)"
    r"|(?:으로|로)\s*(?:나타낼|쓸|구할|적을)\s*수\s*있(?:다|습니다))?[\s.!。*`]*+(?::\)|\^\^)?\s*+$"
)
LAST_EQUALS = re.compile(r"(?:(?<![<>!≤≥])=|∴|→|⇒|➔)(?!.*(?:(?<![<>!≤≥])=|∴|→|⇒|➔))\s*", re.DOTALL)
BOLD = re.compile(r"\*\*([^*\n]{1,80})\*\*")
TWICE = re.compile(r"^(?P<one>[가-힣]{1,12}|.{1,20}?)\s*[(（]=?\s*(?P<other>[^()（）]{1,20})[)）]$")
TOPIC = re.compile(r"(?<=[가-힣])(?:은|는|이|가|면|로|니|서)\s+")
NUMBER = r"[-−]?[\d./√]+"
ROOT = rf"(?:[a-zA-Z]\s*=\s*)?{NUMBER}"
JOINED = re.compile(
    rf"(?<![\w.=+*/^-])(?P<all>{ROOT}(?:\s*(?:또는|혹은|or)\s*{ROOT})+|[a-zA-Z]\s*=\s*{NUMBER}(?:\s*(?:,|이고)\s*[a-zA-Z]\s*=\s*{NUMBER})+)$"
)
BOUND = re.compile(
    r"\s*(?:이상|이하|미만|초과|보다|정도|쯤|가량|남짓|안팎|내외|의\s*(?:배수|약수|배|제곱)|배(?![가-힣])|배(?=이다|입니다|이에요|예요|가|로|임|인)|제곱|만\s*해도|부터|까지|에서|씩"
    r"|(?:을|를|에|로|으로)\s*(?:대입|곱하|곱해|더하|더해|빼|나누|나눠|계산|풀|확인|검산|비교))"
)
ABOUT = re.compile(
    r"(?:약|대략|거의|최소|최대|적어도|많아야|어림(?:잡아)?|≈|≒|~|\b(?:about|approximately|around|roughly|nearly|almost|at\s+(?:least|most)|"
    r"(?:more|less|fewer|greater|larger|smaller)\s+than|up\s+to|over|under|above|below|not))\s*\$?$",
    re.IGNORECASE,
)


def concluded_values(text: str) -> list[Statement]:
    """What the last sentence may conclude as a value, the likeliest first; the caller takes the first that reads as one."""
    places = last_sentences(text.rstrip().removesuffix("```"))
    if not places or not FINISHED.search(text[slice(*places[0])]) or refuses(text, last_sentences(text)):
        return []
    start, end = places[0]
    sentence = text[start:end]
    if ASKS.search(sentence):
        return []
    if text.count("$", 0, start) % 2 or text.count("\\(", 0, start) > text.count("\\)", 0, start):
        return []  # within a formula over several lines
    bare = ASIDE.sub(lambda aside: " " * len(aside.group()), sentence)
    ending = ENDING.search(sentence)
    close = ending.start() if ending else len(sentence)
    found: list[Statement] = []
    if joined := JOINED.search(bare[:close].rstrip(" .*")):
        said = re.sub(r"\s*(?:또는|혹은|or)\s*", ", ", joined["all"]).replace("이고", ",")
        found.append(Statement(said, start + joined.start("all"), start + joined.end("all"), RULE))
    for first, last in _likely(sentence, bare, close):
        found += _said(sentence, first, last, start)
    return found


def _likely(sentence: str, bare: str, close: int) -> Iterator[tuple[int, int]]:
    """Places in a sentence that may be its value; in `bare`, brackets are blank."""
    if equals := LAST_EQUALS.search(bare):
        yield equals.end(), close
    bold = list(BOLD.finditer(sentence))
    if len(bold) == 1:
        yield bold[0].span(1)
    if topic := list(TOPIC.finditer(sentence[:close])):
        yield topic[-1].end(), close
    amounts = [match for match in AMOUNT.finditer(bare) if exact(bare, match)]
    clause = max((match.end() for match in BREAK.finditer(sentence)), default=0)
    for first in dict.fromkeys((clause, 0)):
        some = [match for match in amounts if match.start() >= first]
        if len({match.group().replace(" ", "") for match in some}) == 1:
            yield some[0].span()
            return
    if amounts and amounts[-1].end() == len(sentence[:close].rstrip(" .*")):
        yield amounts[-1].span()


def exact(sentence: str, amount: re.Match[str]) -> bool:
    """Whether an amount is neither denied, nor a bound, nor about right."""
    behind = sentence[amount.end() : amount.end() + 12]
    return not (DENIAL.search(behind) or BOUND.match(behind) or ABOUT.search(sentence[: amount.start()]))


def _said(sentence: str, first: int, last: int, start: int) -> list[Statement]:
    """The statement of a part of a sentence, and those of its two spellings where it has two: `십오(15)`."""
    said = sentence[first:last]
    first += len(said) - len(said.lstrip(" *`$"))
    said = said.strip(" *`$").rstrip(" .")
    if not said:
        return []
    found = [Statement(said, start + first, start + first + len(said), RULE)]
    if twice := TWICE.match(said):
        parts = [(twice[name], start + first + twice.start(name), start + first + twice.end(name)) for name in ("other", "one")]
        found += [Statement(*part, RULE) for part in parts]
    return found
