"""Filters that a mix asks for: leaked instructions, refusals, a third script, garbled text, copies of the question."""

import json

import pytest
from test_select_mix import FILTERS, GOOD, MIX, select, trace, write_shards

from koreason.config.files.layers import read_language
from koreason.records.manifest import read_manifest
from tests.workflow_copy import HOME

SYSTEM = "Think carefully, do not translate the question while solving. Preserve the question in Korean."
QUESTION = "사과 세 개와 배 다섯 개를 샀을 때, 모두 몇 개인가요?"
ASKED = {
    "leaks_prompt": {"drop_prompt_leaks": True},
    "refuses": {"drop_refusals": True},
    "third_script": {"max_leaked_share": 0.02},
    "garbled": {"max_garbled_share": 0.05},
    "copies_question": {"drop_copies": True},
}
SHARES = {"min_think_share": 0.0, "max_think_share": 1.0, "min_answer_share": 0.0}
DROPPED = [
    ("leaks_prompt", {"think": f"{GOOD} We do not translate the  question\nwhile solving, as asked."}),
    ("leaks_prompt", {"answer": "(Solving. Preserve the question in KOREAN!) 정답은 5입니다."}),
    ("refuses", {"answer": "죄송하지만 해당 요청에는 도움을 드릴 수 없습니다."}),
    ("refuses", {"answer": "죄송합니다. 이런 질문에 대해서는 답변할 수 없습니다."}),
    ("refuses", {"answer": "그 요청에는 응할 수 없습니다. 다른 질문을 해 주세요."}),
    ("refuses", {"answer": "답변을 거부합니다."}),
    ("refuses", {"answer": "I'm sorry, but I can’t help with that."}),
    ("refuses", {"answer": "As an AI language model, I cannot give an opinion."}),
    ("third_script", {"think": f"{GOOD} Итак, мы складываем числа."}),
    ("third_script", {"answer": "정답은 五個입니다. 因此答案是五"}),
    ("garbled", {"answer": "정답은 오입니다".encode().decode("latin-1")}),
    ("garbled", {"answer": "한글과 한글".encode().decode("cp1252")}),
    ("garbled", {"answer": "정답은 \ue000\ue001\ue002\ue003\ue004\ue005\ue006\ue007\ue008 5", "think": GOOD}),
    ("garbled", {"think": f"{GOOD} " + "a b c d e f g h " * 4}),
    ("garbled", {"answer": "ก ข ค ง จ ฉ ช ซ " * 3 + "정답은 5"}),
    ("copies_question", {"answer": f"  {QUESTION}\n"}),
    ("copies_question", {"answer": "사과 세개와 배 다섯 개를 샀을 때 **모두 몇 개인가요**"}),
    ("copies_question", {"think": f"문제: {QUESTION}"}),
]
KEPT = [
    ("leaks_prompt", {"think": f"{GOOD} I should think carefully about the question in Korean."}),
    ("leaks_prompt", {"question": f"번역하세요: {SYSTEM}", "answer": f"{SYSTEM} 라는 문장입니다."}),
    ("refuses", {"answer": "이 조건만으로는 x의 값을 구할 수 없습니다."}),
    ("refuses", {"answer": "0으로 나눌 수 없으므로 해가 없습니다."}),
    ("refuses", {"answer": " ".join(f"{n}번째 항은 {n * n}입니다." for n in range(40)) + " 죄송하지만 도와드릴 수 없습니다."}),
    ("refuses", {"answer": "미안하다고 말하는 것이 좋습니다. I can't stress this enough."}),
    ("third_script", {"answer": "정답은 α + β = 5입니다."}),
    ("garbled", {"answer": "정답은 “5”입니다 — café, naïve, À la carte. 😀"}),
    ("garbled", {"answer": "보기: ㄱ ㄴ ㄷ ㄹ 중에서 a b c"}),
    ("copies_question", {"answer": f"{QUESTION} 모두 여덟 개입니다. 셋과 다섯을 더합니다."}),
    ("copies_question", {"question": "1+1=2?", "answer": "1+1=2"}),
]


def dropped(root, name, row):
    """What becomes of a trace beside another one, in a mix that asks for the filter."""
    write_shards(root, [trace(0, question=QUESTION), trace(1, **{"question": QUESTION, **row})])
    said = {"r": {"system": SYSTEM, "refusals": read_language(HOME / "config/languages/ko.yaml")["refusals"]}}
    mix = {**MIX, "filters": {**FILTERS, **SHARES, **ASKED[name]}}
    status, out = select(root, mix, more=["--told", json.dumps(said)])
    assert status == 0
    return read_manifest(out)["counts"]["dropped"]


@pytest.mark.parametrize(("name", "row"), DROPPED)
def test_each_filter_drops_what_it_names(tmp_path, name, row):
    assert dropped(tmp_path, name, row) == {name: 1}


@pytest.mark.parametrize(("name", "row"), KEPT)
def test_and_keeps_what_only_looks_like_it(tmp_path, name, row):
    assert dropped(tmp_path, name, row) == {}


def test_a_mix_that_does_not_ask_keeps_them_all(tmp_path):
    rows = [trace(index, **{"question": QUESTION, **row}) for index, (_, row) in enumerate(DROPPED)]
    write_shards(tmp_path, rows)
    status, out = select(tmp_path, {**MIX, "quotas": {"Exams": 99}, "filters": {**FILTERS, **SHARES}})
    assert status == 0 and read_manifest(out)["counts"]["dropped"] == {}


@pytest.mark.parametrize(
    ("language", "refusal", "answer"),
    [
        ("ja", "申し訳ありませんが、そのご質問にはお答えできません。", "この式には解がありません。条件が足りず、値は決定できません。"),
        ("th", "ขออภัย ฉันไม่สามารถช่วยเรื่องนี้ได้", "คำตอบคือ 5 เพราะไม่สามารถหารด้วยศูนย์ได้"),
    ],
)
def test_other_languages_refuse_in_their_own_words(tmp_path, language, refusal, answer):
    write_shards(tmp_path, [trace(0, answer=answer), trace(1, answer=refusal)])
    said = {"r": {"refusals": read_language(HOME / f"config/languages/{language}.yaml")["refusals"]}}
    mix = {**MIX, "filters": {**FILTERS, **SHARES, "drop_refusals": True}}
    status, out = select(tmp_path, mix, more=["--told", json.dumps(said)])
    assert status == 0 and read_manifest(out)["counts"]["dropped"] == {"refuses": 1}


def test_a_pattern_that_is_none_is_one_line(tmp_path, capsys):
    write_shards(tmp_path, [trace(0)])
    mix = {**MIX, "filters": {**FILTERS, "drop_refusals": True}}
    assert select(tmp_path, mix, more=["--told", json.dumps({"r": {"refusals": ["(죄송"]}})])[0] == 2
    assert "refusals: '(죄송' is no regular expression of Rust's regex" in capsys.readouterr().err


@pytest.mark.parametrize("told", [{}, {"r": {}}, {"r": {"system": None}}, {"r": {"system": "Think."}}])
def test_without_a_system_prompt_or_with_a_short_one_nothing_leaks(tmp_path, told):
    write_shards(tmp_path, [trace(0, think=f"{GOOD} Think.")])
    mix = {**MIX, "filters": {**FILTERS, **SHARES, "drop_prompt_leaks": True}}
    status, out = select(tmp_path, mix, more=["--told", json.dumps(told)])
    assert status == 0 and read_manifest(out)["counts"]["dropped"] == {}
