"""Which of a dump's columns is the question, the answer and so on: by their names, Korean and English, and by what stands in them.

columns, reasons = roles({"제목": ["…"], "본문": ["…"]})      # {"question": ["제목", "본문"]}
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from koreason.curate.prompts.choices import text_of

# Names without their blanks, underscores and dashes, in lower case; of a path its last part counts.
NAMES: dict[str, str] = {
    "url": r"(?:source|page|post|thread)?(?:url|uri|link|href|permalink)|주소|링크|출처주소|원문(?:주소|링크)",
    "posted_at": r"(?:post(?:ed)?|created?|creation|written|publi(?:c|sh)(?:ed)?|reg(?:istered)?)?"
    r"(?:at|date|time|datetime|timestamp|dt|utc)"
    r"|(?:작성|등록|게시|질문)?(?:일|일자|일시|날짜|시간)",
    "options": r"options?|choices?|candidates?|distractors|보기|선택지|선지|객관식|[a-eA-E①-⑩]|[1-5]번?"
    r"|(?:option|choice|선택지|선지|보기|답지)[0-9a-e①-⑩]{1,2}번?",
    "passage": r"passages?|context|paragraph|article|document|reading|지문|본문글|문단|제시문|글",
    "strong": r"q|questions?|question(?:text|body|title|1)|query|turns?|.*\[(?:role|from)=(?:user|human|prompter)\]"
    r"|prompt|instruction|problem|problemtext|stem|utterance"
    r"|질문|질의|문제|문항|발문|질문내용",
    "input": r"input",
    "title": r"title|subject|headline|topic|제목",
    "body": r"body|content|contents|text|cooked|raw|post|message|description|본문|내용|글내용|질문본문",
    "gold": r"gold|label|correct|correct(?:answer|option|choice|idx|index)|answer(?:key|idx|index|no|num)|key|정답번호|정답",
    "answer": r"a|answers?|(?:expected|final|reference)answer|answer(?:text|body|cooked|raw)|response|output|reply|completion|solution"
    r"|rationale|explanation|chosen|target|references?"
    r"|.*\[(?:role|from)=(?:assistant|gpt|chatgpt|bot|model)\]|답|답변|정답|해설|풀이|답변내용|채택답변",
}
QUESTION = re.compile(r"[?？]|(?:까|나요|는가|은가|인가|시오|할까요|인지|가요|은\?|무엇)\s*[.?]?\s*$")
OTHERWISE = {"answer", "gold", "url", "posted_at"}
URL = re.compile(r"https?://|/t/|www\.")
DATE = re.compile(r"(?:19|20)\d\d[-./년]?\s?\d\d?|\d{10}(?:\d{3})?$")
LETTER = re.compile(r"[^\W\d_]")
HANGUL = re.compile("[가-힣]")
MARKUP = re.compile(r"</[a-z][a-z0-9]*\s*>|<br\s*/?>|<img\s|&(?:lt|gt|amp|nbsp|quot|#\d+);", re.IGNORECASE)
SHORT = 12  # characters of a gold answer: a number, a letter, a word
SHORTEST = 8  # characters on average of what no name calls a question
KOREAN = r"ko|kor|korean|kr|한국어|한글|국문"
# What a name says beside what it is: an item's place, a remark in brackets, that it is the Korean one of several languages.
BESIDE = (re.compile(r"\[[0-9]+\]$"), re.compile(r"\s*\([^()]*\)"), re.compile(rf"^(?:{KOREAN})[_\-\s]|[_\-\s](?:{KOREAN})$"))
EMPTY = "is named as a question and empty in all records that were looked at"
MUCH = 0.1  # of a column's letters that are Hangul: of one question in two languages it is the Korean one


@dataclass(frozen=True)
class Content:
    """What stands in a column of the sample: shares of its values, and the mean length in characters of those that are text."""

    filled: float
    texts: float
    lists: float
    length: float
    questions: float
    hangul: float
    urls: float
    dates: float

    @property
    def asks(self) -> float:
        """How much it looks like questions."""
        return self.texts * self.filled * (0.2 + self.questions) * (0.2 + self.hangul) * math.sqrt(min(self.length, 400))


def content(values: Sequence[Any]) -> Content:
    """Look at a column's values."""
    there = [value for value in values if value not in (None, "", [])]
    texts = [value for value in there if isinstance(value, str) and not value.isspace()]
    of = max(1, len(texts))
    hangul, letters = map(sum, zip((0, 0), *map(_letters, texts), strict=True))

    def share(pattern: re.Pattern[str], whole: bool = False) -> float:
        return sum(1 for text in texts if (pattern.match(text) if whole else pattern.search(text[:4000]))) / of

    return Content(
        filled=len(there) / max(1, len(values)),
        texts=len(texts) / max(1, len(there)),
        lists=sum(isinstance(value, list | dict) for value in there) / max(1, len(there)),
        length=sum(map(len, texts)) / of,
        questions=share(QUESTION),
        hangul=hangul / max(1, letters),
        urls=share(URL, True),
        dates=share(DATE, True),
    )


def named(column: str) -> list[str]:
    """The roles that a column's name may stand for; of a path its last part counts, or the one before where it is only `text`."""
    parts = [part for part in re.split(r"\.|\[\]\.?", column) if part] or [column]
    if len(parts) > 1 and re.fullmatch(KOREAN, parts[-1].lower()):  # {"ko": …, "en": …}
        parts.pop()
    only_text = len(parts) > 1 and parts[-1].lower() in ("text", "content", "value", "body")
    # where the one before stands for nothing, as in `first.content`, the last part counts after all
    for last in (parts[-2], parts[-1]) if only_text else (parts[-1],):
        bare = last = unicodedata.normalize("NFC", last).strip().lower()
        for beside in BESIDE:
            bare = beside.sub("", bare)
        for name in dict.fromkeys((last, bare)):
            plain = re.sub(r"[\s_\-()]+", "", name)
            if found := [role for role, pattern in NAMES.items() if re.fullmatch(pattern, plain)]:
                return found
    return []


def roles(sample: Mapping[str, Sequence[Any]]) -> tuple[dict[str, list[str]], list[str]]:
    """Our columns to the dump's, and why, a line each; without `question` where no column looks like one."""
    seen = {name: content(values) for name, values in sample.items()}
    by = {role: [name for name in sample if role in named(name)] for role in NAMES}
    found: dict[str, list[str]] = {}
    reasons = []

    def take(role: str, columns: list[str], why: str) -> None:
        if columns and role not in found:
            found[role] = columns
            reasons.append(f"{role}: {', '.join(columns)} ({why})")

    def free(names: list[str]) -> list[str]:
        taken = {name for columns in found.values() for name in columns}
        return [name for name in names if name not in taken and seen[name].filled > 0]

    def asking() -> list[str]:
        """What may be a question under any name: a name that says what it is otherwise is believed, and so is one word a row."""
        return [name for name in free(list(sample)) if not OTHERWISE & set(named(name)) and seen[name].length >= SHORTEST]

    listed = [name for name in by["options"] if seen[name].lists > 0.5 and not _is_letter(name)]
    single = [name for name in by["options"] if name not in listed and seen[name].lists == 0]
    take("options", listed[:1], "its name, and lists stand in it")
    if len(single) > 1:
        take("options", single, "their names: one option each")
    elif single and named(single[0])[0] == "options" and not _is_letter(single[0]):
        take("options", single, "its name")
    take("url", [name for name in free(by["url"]) if seen[name].urls > 0.5][:1], "its name, and addresses stand in it")
    take(
        "posted_at", [name for name in free(by["posted_at"]) if seen[name].dates > 0.5 or seen[name].texts == 0][:1], "its name, and dates"
    )
    strong = [name for name in free(by["strong"]) if seen[name].texts > 0.5]
    if strong:
        best = max(strong, key=lambda name: (named(name)[0] == "strong", seen[name].hangul > MUCH, -strong.index(name)))
        extra = [name for name in free(by["input"]) if seen[name].texts > 0.5]
        take("question", [best, *extra[:1]], "its name" if not extra else "their names")
    else:
        bodies = sorted(free(by["body"]), key=lambda name: -seen[name].texts)
        titles = free(by["title"])[:1]
        # a text under another name that is as long as a title is not: what the title is about
        others = [name for name in asking() if titles and name not in titles and seen[name].length > 2 * seen[titles[0]].length]
        others = [name for name in others if seen[name].texts > 0.5 and seen[name].hangul > MUCH]
        told = sorted(others, key=lambda name: -seen[name].length)[:1] if not bodies else []
        take("question", [*titles, *bodies[:1], *told], "by name: what is asked, and what is said to it" if not told else "title and text")
    take("passage", [name for name in free(by["passage"]) if seen[name].texts > 0.5][:1], "its name")
    if "question" not in found:
        rest = sorted(asking(), key=lambda name: -seen[name].asks)
        if rest and seen[rest[0]].asks > 0:
            look = seen[rest[0]]
            take("question", rest[:1], f"{look.questions:.0%} of its texts ask, {look.length:.0f} characters on average; no name says so")
    golds = [name for name in free(by["gold"]) + free(by["answer"]) if seen[name].length <= SHORT and seen[name].lists == 0]
    if "options" in found:
        take("gold", golds[:1], "its name, and it is short beside options")
    elif golds and any(seen[name].length > SHORT for name in free(by["answer"])):
        take("gold", golds[:1], "its name, and it is short beside a longer answer")
    answers = sorted(free(by["answer"]), key=lambda name: seen[name].hangul <= MUCH)
    take("answer", answers[:1] or [name for name in free(by["gold"]) if seen[name].length > SHORT][:1], "its name")
    empty = [name for name in by["strong"] if not seen[name].filled]
    reasons += [f"{', '.join(empty)} {EMPTY}"] if empty else []
    return found, reasons


def _is_letter(name: str) -> bool:
    """Whether it ends in a single letter, which means an option only beside others."""
    return re.fullmatch(r"(?:.*[.\]])?[a-eA-E]", name) is not None


def _letters(text: str) -> tuple[int, int]:
    """How many letters of a text's beginning are Hangul, and how many letters there are; macOS writes Hangul in parts."""
    head = unicodedata.normalize("NFC", text[:6000])[:2000]
    return len(HANGUL.findall(head)), len(LETTER.findall(head))


def holds_html(texts: Sequence[Any]) -> bool:
    """Whether more than one in twenty texts has a closing tag, a line break or picture, or an entity."""
    marked = sum(1 for text in texts if MARKUP.search(text_of(text)[:20_000]))
    return marked * 20 > len(texts)


def hangul_share(texts: Sequence[Any]) -> float:
    """Share of Hangul among the letters; 0 where there are none."""
    hangul, letters = map(sum, zip((0, 0), *(_letters(text_of(text)) for text in texts), strict=True))
    return hangul / max(1, letters)
