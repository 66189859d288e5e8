"""What a model is asked about an item, and with which seed."""

from koreason.benches.items import Item
from koreason.evaluate.asking import answer_seed, question_text


def test_a_question_shows_labelled_options_and_the_instruction():
    item = Item("1", "", "수도는?", ["부산", "서울"], "B", "choice", "1")
    assert question_text(item, "상자에 쓰세요.") == "수도는?\n\nA. 부산\nB. 서울\n\n상자에 쓰세요."


def test_seeds_belong_to_item_and_repeat():
    seeds = {answer_seed(seed, item, repeat) for seed in (1, 2) for item in ("a", "b") for repeat in (0, 1)}
    assert len(seeds) == 8 and all(0 <= seed < 2**31 for seed in seeds)
    assert answer_seed(1, "a", 0) == answer_seed(1, "a", 0)
