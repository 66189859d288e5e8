"""What of a prompt is compared, and what near twins must have in common."""

import alike_plainly as plain
import numpy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_sources import LANGUAGE, rows_of

from koreason.curate.near.bare import bare
from koreason.curate.near.forms import INVISIBLE, forms, seen
from koreason.curate.near.guards import guards
from koreason.curate.spec import Talk
from koreason.minhash.forms import BLOCK_ROWS, Forms, forms_of

KOREAN = Talk(**LANGUAGE)


def texts(found: Forms) -> list[str]:
    ends = found.ends.tolist()
    return [found.points[first:end].tobytes().decode("utf-32-le") for first, end in zip([0, *ends], ends, strict=False)]


def form(kind: str, row: dict | str) -> str:
    return texts(forms(bare(rows_of([row]), kind, KOREAN), kind, KOREAN))[0]


def guard(kind: str, row: dict | str) -> int:
    return int(guards(bare(rows_of([row]), kind, KOREAN), kind, KOREAN)[0])


@given(st.lists(st.text(alphabet="가나 \n\t12ab.'”)\u3000", max_size=12), max_size=8))
def test_white_space_is_dropped_as_a_loop_does_it(rows: list[str]) -> None:
    assert texts(forms(rows_of(rows), "text", KOREAN)) == [plain.form(row) for row in rows]


def test_a_block_more_changes_no_form() -> None:
    rows = [f"글 {number} 과 a b" for number in range(BLOCK_ROWS + 100)]
    assert texts(forms(rows_of(rows), "text", KOREAN)) == [plain.form(row) for row in rows]
    odd = seen(rows_of([*rows, "Ⅷ", "①②", *rows, "٣"]), "talk", Talk()).odd
    assert odd.tolist() == [len(rows), len(rows) + 1, 2 * len(rows) + 2]


@given(st.lists(st.text(alphabet="가Éa 1\t.'ⅧⅨ①㈀\u200b\ufe0f\u3164👍\x7fㅋ!", max_size=12), max_size=8))
def test_talk_is_read_as_by_searches_one_after_the_other(rows: list[str]) -> None:
    found = seen(rows_of(rows), "talk", Talk())
    visible = pl.Series(rows, dtype=pl.String).str.replace_all(INVISIBLE, "")
    assert texts(found.forms) == [plain.form(row).lower() for row in visible]
    assert found.odd.tolist() == [place for place, row in enumerate(rows) if set(row) & set("ⅧⅨ①㈀")]
    by_class, by_search = (seen(rows_of(rows), "talk", Talk(talk=talk)) for talk in ("[ㅋ!.]+", "(?:[ㅋ!]|[.])+"))
    assert texts(by_class.forms) == texts(by_search.forms)
    assert by_class.odd.tolist() == by_search.odd.tolist() == found.odd.tolist()


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("text", "1 23 을 더하라", "1\n23을  더하라"),
        ("stem", "길이가 12 cm 이다", "길이가 12cm이다"),
        ("code", "for i in x:\n    f()  \n", "for i in x:\n    f()"),
        ("talk", "같은 질문입니다", "같은 \u200d질문입니다ㅠㅠ!!.."),
        ("talk", "OK 좋아요~", "ok좋아요"),
        ("talk", "이게 뭐지;; ㅡㅡ", "이게 뭐지"),
        ("talk", "안녕하세요! 직장인입니다. 거절해도 되는 건가요?😅", "거절해도 되는건가요?? 미리 감사드립니다!"),
        ("text", "'서원'에 대하여, 쓰시오.", "서원에 대하여 쓰시오"),
        ("text", "안녕하세요 선생님. 왜 그런가요? 답변 부탁드립니다", "왜 그런가요?"),
        ("text", "감사합니다", "감사합니다."),
        ("stem", r"3. \(\displaystyle x\)의 값은? [3점]", "$x$의 값은?"),
        ("code", "git 에서 `add` 를\n\n쓰나요??\n```\na  b\n```", "git에서 add를 쓰나요?\n```\na  b\n```\n"),
        ("exam", {"question": "12) 비타민은? ( )", "options": ["① 가", "② 나."]}, {"question": "비타민은?", "options": ["나", "가"]}),
        ("exam", "무엇인가? ① 가 ② 나", {"question": "무엇인가?", "options": ["나", "가"]}),
        ("exam", "무엇인가?\n1) 가\n2) 나", "무엇인가?\n① 나 ② 가"),
        ("stem", r"$\dfrac{1}{2}x^{2}$의 값", r"\(\frac{1}{2}x^2\)의 값"),
        ("exam", {"question": "[2019 기출] 옳은 것은?", "options": ["가"]}, {"question": "옳은 것을 고르시오.", "options": ["가"]}),
        ("exam", {"question": "옳은 것은?", "options": ["가", "나"], "passage": "글"}, {"question": "옳은것은?", "options": ["가", "나"]}),
    ],
)
def test_equal(kind: str, one: dict | str, other: dict | str) -> None:
    assert form(kind, one) == form(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("text", "1 23 을 더하라", "12 3 을 더하라"),
        ("text", "Abc 를 보라", "abc 를 보라"),
        ("text", "x 2 에서", "x2 에서"),
        ("code", "for i in x:\n    f()\ng()", "for i in x:\n    f()\n    g()"),
        ("talk", "1!23 맞나요", "123 맞나요"),
        ("text", "A'의 값", "A의 값"),
        ("stem", "$a_{1}2$의 값", "$a_{12}$의 값"),
        ("exam", "무엇인가? ① 가 ② 나", "무엇인가? ① 가 ② 다"),
        ("text", "안녕하세요. 임차인입니다. 왜 그런가요?", "안녕하세요. 집주인입니다. 왜 그런가요?"),
        ("stem", "x<p and q>r", "x<p or q>r"),
        ("exam", {"question": "것은?", "options": ["①, ②", "①, ③"]}, {"question": "것은?", "options": ["②, ②", "②, ③"]}),
        ("text", "5!의 값", "5의 값"),
        ("code", 'print("가 나")', 'print("가나")'),
        ("exam", {"question": "것은?", "options": ["1. 가", "나"]}, {"question": "것은?", "options": ["가", "나"]}),
        ("talk", "ㅋㅋㅋ", "ㅠㅠ"),
        ("exam", {"question": "옳은 것은?", "options": ["가", "나"]}, {"question": "옳은 것은?", "options": ["가", "다"]}),
        ("exam", {"question": "옳은 것은?", "options": ["가나", "다"]}, {"question": "옳은 것은?", "options": ["가", "나다"]}),
        ("exam", {"question": "옳은 것은?", "passage": "글"}, {"question": "옳은 것은?", "passage": "말"}),
        ("exam", {"question": "옳은 것은?", "gold": "가"}, {"question": "옳은 것은?", "gold": "나"}),
        ("exam", {"question": "옳은 것은?", "answer": "가"}, {"question": "옳은 것은?", "answer": "나"}),
        ("stem", {"question": "옳은 것은?", "options": ["가"]}, {"question": "옳은 것은?", "options": ["나"]}),
    ],
)
def test_not_equal(kind: str, one: dict | str, other: dict | str) -> None:
    assert form(kind, one) != form(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("stem", "3개와 1,000개", "3 개 와 1000 개"),
        ("stem", r"$\dfrac{1}{2} \leq x$ 일 때", r"$\frac12≤x$ 이면"),
        ("stem", r"$2 \times 3$", "2×3"),
        ("stem", r"\left( x+1 \right) \cdot y", "(x + 1)y"),
        ("exam", "<보기>의 3은", "[보기]의 3은"),
        ("exam", {"question": "것은?", "options": ["가 1", "나 2"]}, {"question": "것은?", "options": ["나2.", "가1"]}),
        ("talk", "되나요", "안 되나요"),
        ("text", "12 cm 와 3 - 5 ^^", "12cm 와 3-5"),
        ("exam", "두 개의  문", "두  개의 문"),
    ],
)
def test_the_same_guard(kind: str, one: dict | str, other: dict | str) -> None:
    assert guard(kind, one) == guard(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("stem", "3개", "4개"),
        ("stem", "12 - 3", "3 - 12"),
        ("stem", "a + b", "a - b"),
        ("stem", r"\sin x", r"\cos x"),
        ("stem", "f(x)", "g(x)"),
        ("stem", "최댓값", "최솟값"),
        ("stem", "5!의", "5의"),
        ("stem", "3㎝", "3㎞"),
        ("text", "3개", "4개"),
        ("text", "-3 + 5", "3 + 5"),
        ("text", "3 + 5", "3 * 5"),
        ("text", "5m 는", "5km 는"),
        ("text", "x^2 의", "x의"),
        ("text", "㉠의 뜻", "㉡의 뜻"),
        ("talk", "Ⅱ형 당뇨", "Ⅰ형 당뇨"),
        ("talk", "3세 아이", "7세 아이"),
        ("text", "임차인", "임대인"),
        ("code", "    f()", "        f()"),
        ("code", "total(x)", "sum(x)"),
        ("code", "a == b", "a != b"),
        ("code", "f()\n    g()", "f()\ng()"),
        ("code", "y = x", "y = x[:]"),
        ("code", "y = f", "y = f()"),
        ("exam", "옳은 것은?", "옳지 않은 것은?"),
        ("exam", {"question": "것은?", "options": ["가"]}, {"question": "것은?", "options": ["나"]}),
        ("exam", {"question": "것은?", "gold": "1"}, {"question": "것은?", "gold": "2"}),
        *[("exam", *({"question": "것은?", "options": ["가"], "passage": passage} for passage in ("글", other))) for other in ("말", None)],
    ],
)
def test_another_guard(kind: str, one: dict | str, other: dict | str) -> None:
    assert guard(kind, one) != guard(kind, other)


def test_no_prompts() -> None:
    for kind in ("text", "stem", "code", "exam", "talk"):
        nothing = rows_of([])
        assert forms(nothing, kind, KOREAN).digests(guards(nothing, kind, KOREAN)).shape == (0, 16)
        assert guards(nothing, kind, KOREAN).shape == (0,)
        assert isinstance(nothing, pl.DataFrame)


def test_a_digest_depends_on_its_form_and_guard_alone():
    series = pl.Series(["가나", "😀가", "", "\ud7a3\u0001", "𝒙", "가나"])
    salts = numpy.array([1, 1, 1, 1, 1, 2], numpy.uint64)
    together = forms_of(series).digests(salts)
    alone = [forms_of(series.slice(row, 1)).digests(salts[row : row + 1])[0].tolist() for row in range(len(series))]
    assert together.tolist() == alone
    assert len(set(map(tuple, alone))) == len(series)
