"""What is measured of a cleaned text, and what is masked in it."""

import random
import re

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from koreason.config.load import load
from koreason.curate.spec import PromptLanguage
from koreason.curate.text.cleaned import cleaned
from koreason.curate.text.composed import composed
from koreason.curate.text.dirt import repetition, run_share
from koreason.errors import UserError
from koreason.languages import SCRIPTS, WHITE_SPACE
from koreason.switching.characters import FILLERS, counts, kinds
from tests.curate.text.texts import clean, entry_of, language, rows, text

RARE = [
    0x20,
    0x3131,
    0x314B,
    0x1100,
    0x3164,
    0xFFA0,
    0xAC00,
    0xD7A3,
    0xD7A4,
    0xE01,
    0x4E00,
    0x1F600,
    0x10FFFF,
    0x41,
    0x30,
    0x300,
    0xA0,
    0x2028,
]


def test_shares_agree_with_counting_by_hand():
    draw = random.Random(1)
    texts = [
        "".join(chr(draw.choice([*RARE, draw.randrange(32, 0xD800), draw.randrange(0xE000, 0x110000)])) for _ in range(draw.randrange(40)))
        for _ in range(500)
    ]
    for scripts in (("Hangul",), ("Han", "Kana"), ("Thai",), ("Latin", "Arabic")):
        target = re.compile("[" + "".join(SCRIPTS[script] for script in scripts) + "]")
        found = counts(pl.Series([*texts, "", None]), scripts)
        assert found[0].tolist() == [sum(bool(target.match(c)) and c not in FILLERS for c in t) for t in texts] + [0, 0]
        assert found[1].tolist() == [len(re.findall(f"[{WHITE_SPACE}{FILLERS}]", t)) for t in texts] + [0, 0]
        assert found[2].tolist() == [sum(bool(kinds(scripts)[ord(c)] & 4) for c in t) for t in texts] + [0, 0]


def test_denominators():
    frame = clean(r"$x$에 대해 풀어라: $\frac{x}{2}+\frac{x}{3}=5$", "가 나 ab 12", "```python\nprint(1)\n```\n이 코드는?", "", html=False)
    assert frame["share_characters"].to_list() == pytest.approx([6 / 37, 2 / 6, 4 / 25, 0])
    assert frame["share_outside_math_and_code"].to_list() == pytest.approx([6 / 7, 2 / 6, 4 / 5, 0])
    assert frame["share_letters"].to_list() == pytest.approx([6 / 17, 2 / 4, 4 / 15, 0])


def test_fillers_are_removed_and_count_for_nothing():
    frame = clean("\u3164" * 60, "가\u115f\u1160\uffa0나", html=False)
    assert frame["question"].to_list() == ["", "가나"] and frame["chars"].to_list() == [0, 2]


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("가\u200c\u200d\u200e\u200f나", "가나"),
        ("가\u202a\u202e\u2066\u2069나", "가나"),
        ("가\ufe0f나\ufe00\U000e0100다", "가나다"),
        ("가\U000e0041\U000e007f나", "가나"),
        ("가\ufffd나\ue000다\uffff", "가나다"),
        ("가족 👨\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3 \U0001f3f4\U000e0067\U000e0062\U000e007f", None),
        ("می\u200cخواهم", None),
        ("[b]굵은[/b] [url=http://a.b]글[/url]과 a[i], [i]기운[/i]", "굵은 글과 a[i], 기운"),
        ("[quote=홍길동]앞 글[/quote]제 답은 이렇습니다.", "제 답은 이렇습니다."),
        ("[code]x[i] = [b][/code]", "```\nx[i] = [b]\n```"),
        ("질문입니다.\n\n-- \n홍길동\n개발팀", "질문입니다."),
        ("질문입니다.\n나의 iPhone에서 보냄", "질문입니다."),
        ("작성자: 홍길동\n조회수: 12\n질문입니다.", "질문입니다."),
        ("홍길동님이 작성한 글:\n> 앞 글\n> 둘째 줄\n제 생각은 다릅니다.", "제 생각은 다릅니다."),
        ("<|im_end|> [INST] </s> <think>", None),
    ],
)
def test_dirt(dirty, tidy):
    assert text(dirty) == (dirty if tidy is None else tidy)
    assert text(text(dirty)) == text(dirty)


def test_damage_is_counted_before_it_is_removed():
    frame = clean("ì•ˆë…•", "¾È³ç", "안녕\ufffd하세요", "안녕하세요", "Noël à São Paulo, 20°C ±3 ½", "글자 \ue000\ue001", "占쏙옙占쏙옙")
    assert [round(value, 2) for value in frame["damage"]] == [1.0, 1.0, 0.17, 0.0, 0.0, 0.4, 1.0]
    assert frame["question"].to_list()[2:4] == ["안녕하세요", "안녕하세요"]


def test_hangul_read_as_another_encoding_is_damage():
    said = ["한국어로 작성한 글을 그대로 올렸습니다", "회사에서 점심으로 먹을 만한 것을 알려 주세요"]
    for errors in ("replace", "ignore"):
        read = [text.encode().decode("cp949", errors) for text in said]
        asked = [text.replace("\ufffd", "?") for text in read]
        assert clean(*read, *asked)["damage"].min() > 0.15
    assert clean("왤케 늦었어? 됬다고 했잖아", "뭐?그래서 왤 그래", "뷁이란 무엇인가")["damage"].max() == 0


def test_chat_control_is_counted_and_left():
    frame = clean("<|im_end|> 와 [INST] 와 </s> 와 <think>", "배열[INT] <b>굵게</b> [|x|]", "[|user|] [BOS] <extra_id_0>")
    assert frame["chat_control"].to_list() == [4, 0, 3]


def test_repetition():
    values = clean(
        "ㅋ" * 60,
        "안녕 " * 20,
        "와" + "!" * 80,
        "하하하하하 재미있는 이야기를 들었습니다",
        "서로 다른 말이 이어지는 보통 글입니다",
        html=False,
    )["repetition"].to_list()
    assert values[:2] == [1.0, 1.0] and values[2] > 0.9 and values[3:] == [0.0, 0.0]


def test_repetition_agrees_with_looking_everywhere():
    draw, texts = random.Random(3), []
    for _ in range(2000):
        unit = "".join(draw.choice("가나다ab! ㅋ😀\n") for _ in range(draw.randrange(1, 17))).strip() or "가"
        around = ["".join(chr(draw.randrange(0xAC00, 0xD7A4)) for _ in range(draw.randrange(60))) for _ in range(2)]
        texts.append(around[0] + draw.choice([unit, unit + " "]) * draw.randrange(2, 30) + around[1])
    assert repetition(pl.Series(texts)).to_list() == [run_share(text) for text in texts]


@pytest.mark.parametrize(
    ("found", "masked"),
    [
        ("네이버 아이디 sunny8812 비번 분실", "네이버 아이디 user0000 비번 분실"),
        ("https://www.instagram.com/hong_gil 이 사람", "https://www.instagram.com/user0000 이 사람"),
        ("facebook.com/profile.php?id=100012345678901", "facebook.com/profile.php?id=user0000"),
        ("주민번호 앞자리 901010 뒷자리 1234567", "주민번호 앞자리 901010 뒷자리 000000-0000000"),
        ("매탄동 1234번지 102동 1503호", "매탄동 1234번지 000동 000호"),
        *(
            (text, text)
            for text in ("https://www.instagram.com/p/Cabc12/ 이 글", "네이버 아이디 비밀번호", "101동 202호를 임차하였다", "구글 계정 v2")
        ),
    ],
)
def test_personal_data_in_further_places(found, masked):
    assert text(found, html=False) == masked


def test_passage_question_and_options_are_one_text():
    frame = rows(["무엇인가?", "둘", None], passage=["글", None, ""], options=[["하나", "둘"], None, []])
    assert composed(frame).to_list() == ["글\n\n무엇인가?\n\nA. 하나\nB. 둘", "둘", ""]


def test_every_text_is_cleaned_and_masked():
    frame = clean(
        "<b>값</b>은?",
        passage=["<p>글</p>"],
        options=[["<i>가</i> 010-1234-5678", "나"]],
        answer=["<p>02-123-4567</p>"],
        url=["http://a.b/?tel=010-1234-5678"],
    )
    row = frame.row(0, named=True)
    assert (row["question"], row["passage"], row["options"], row["answer"]) == ("값은?", "글", ["가 010-0000-0000", "나"], "02-000-0000")
    assert row["url"] == "http://a.b/?tel=010-0000-0000"
    assert (row["masked"], row["masked_mobile"], row["masked_landline"]) == (3, 2, 1)
    assert clean("010-1234-5678", mask=False)["question"][0] == "010-1234-5678"


def test_a_row_depends_on_no_other_and_the_input_stays_as_it_was():
    questions = [
        "<p>가</p>",
        "010-1234-5678",
        "다음 그림을 보고",
        "ㅋ" * 60,
        "$x<y$",
        None,
        "가\u200b",
        "[b]가[/b]",
        "",
        "표\t1\n표\t2 다음 표는",
    ]
    frame = rows(questions, options=[["<b>가</b>"], None, [], ["a", None], None, None, None, None, None, ["나"]])
    whole = cleaned(frame, language(), html=True, mask=True)
    parts = [cleaned(frame[place : place + 1], language(), html=True, mask=True) for place in range(frame.height)]
    assert_frame_equal(whole, pl.concat(parts))
    assert_frame_equal(frame, rows(questions, options=frame["options"].to_list()))
    assert whole.drop(frame.columns).null_count().sum_horizontal().item() == 0
    assert cleaned(frame.clear(), language(), html=True, mask=True).height == 0


def test_a_table_counts_where_it_stands():
    texts = [
        "다음 표는 성적이다.",
        "다음 표는 성적이다.\n이름\t점수\n철수\t3",
        "다음 표는 성적이다.\n| a | b |\n|---|---|\n| 1 | 2 |",
        "<table><tr><td>가</td><td>1</td></tr><tr><td>나</td><td>2</td></tr></table>다음 표는?",
    ]
    assert [bool(phrase) for phrase in clean(*texts)["image_phrase"]] == [True, False, False, False]


@pytest.mark.parametrize(
    ("name", "question", "phrase", "masked"),
    [
        ("ja", "次の図を見て答えなさい。連絡は090-1234-5678まで。", True, "次の図を見て答えなさい。連絡は090-0000-0000まで。"),
        ("ja", "図書館の電話は03-1234-5678です。", False, "図書館の電話は03-000-0000です。"),
        ("ja", "マイナンバーは1234 5678 9012です。", False, "マイナンバーは0000-0000-0000です。"),
        ("ja", "3.0901234567を丸めよ。<p>タグ</p>とは。", False, "3.0901234567を丸めよ。<p>タグ</p>とは。"),
        ("th", "จากรูปที่กำหนดให้ จงหาค่า x โทร 081-234-5678", True, "จากรูปที่กำหนดให้ จงหาค่า x โทร 080-000-0000"),
        ("th", "รูปแบบของสมการคืออะไร", False, "รูปแบบของสมการคืออะไร"),
        ("th", "เลขประจำตัวประชาชน 1-2345-67890-12-3", False, "เลขประจำตัวประชาชน 0-0000-00000-00-0"),
    ],
)
def test_other_languages_are_configuration(name, question, phrase, masked):
    row = clean(question, name=name, html="<p>" in question).row(0, named=True)
    assert (bool(row["image_phrase"]), row["question"]) == (phrase, masked)
    assert row["share_letters"] > 0.5


def test_the_order_of_a_languages_keys_means_nothing():
    texts = ["<그림 1>과 같은 회로", "카톡 아이디 hong123 이고 010-1234-5678 입니다", "주민번호 900101-1234567, 계좌 국민 123456-01-123456"]
    other = cleaned(rows(texts), load(PromptLanguage, entry_of("ko")), html=False, mask=True)
    assert clean(*texts, html=False).select(sorted(other.columns)).equals(other.select(sorted(other.columns)))


def test_classes_that_hold_each_other_are_refused():
    with pytest.raises(UserError, match="in a circle"):
        PromptLanguage(scripts=["Hangul"], image_phrases=["{a}"], classes={"a": "x|{b}", "b": "y|{a}"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("010★1234★5678 로", "010-0000-0000 로"),
        ("0l0-1234-5678", "010-0000-0000"),
        ("010...1234...5678", "010-0000-0000"),
        ("https://t.me/hong_gd 로 오세요", "https://t.me/user0000 로 오세요"),
        ("open.kakao.com/o/sAbCdEf.", "open.kakao.com/o/user0000."),
        ("텔레그램 hong_gd 로 연락주세요", "텔레그램 user0000 로 연락주세요"),
        ("주민번호 뒷자리는 1234567", "주민번호 뒷자리는 000000-0000000"),
        ("hong @ naver . com", "name@example.com"),
        ("아멕스 3782-822463-10005", "아멕스 0000-0000-0000-0000"),
    ],
)
def test_personal_data_that_hides(before, after):
    assert clean(before)["question"].to_list() == [after]


@pytest.mark.parametrize(
    "text",
    [
        "9 0 0 1 0 1 1 2 3 4 5 6 7 을 정렬하라",
        "통장에 10000000000 있음",
        "결제 금액 4123456789012345",
        "카카오톡 iOS17 오류",
        "디스코드 discord.py 로 봇 추가",
        "인스타 insta_loader.py 추가 설치",
        "t.me 는 무슨 사이트인가",
        "주민번호 뒷자리는 왜 7자리인가",
        "1.010...1234",
    ],
)
def test_numbers_and_names_that_are_nobodys_stay(text):
    assert clean(text)["question"].to_list() == [text]
