"""Where a reply's thinking ends, and how one is put together."""

import pytest

from koreason.engine.thinking import joined, split


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<think>\n하나\n</think>\n\n둘", ("하나", "둘")),
        ("<think>\n끝나지 않음", ("끝나지 않음", None)),
        ("바로 답", (None, "바로 답")),
        ("생각</think>답", ("생각", "답")),
        ("<think>가</think>나</think>다", ("가", "나</think>다")),
    ],
)
def test_thinking_ends_at_the_first_mark(text, parts):
    assert split(text) == parts


def test_a_reply_that_was_put_together_is_cut_at_the_same_place():
    assert split(joined("하나", "둘")) == ("하나", "둘")
