"""Changes of a text as they are shown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from koreason.ops.lineage.changes import marked

WORDS = some.lists(some.sampled_from(["가나", " ", "<p>", "</p>", "&lt;", "$x$", "\n", "1"]), max_size=20).map("".join)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a&lt;b", "a<b", ["a[-&lt;-]{+<+}b"]),
        ("같다", "같다", []),
        (None, None, []),
        (None, "새것", ["{+새것+}"]),
        ("<p>하나</p><p>둘</p>", "하나\n\n둘", ["[-<p>-]하나[-</p><p>-]{+\n\n+}둘[-</p>-]"]),
    ],
)
def test_changes_are_marked(before: str | None, after: str | None, shown: list[str]) -> None:
    assert marked(before, after) == shown


@given(WORDS, WORDS)
def test_removed_and_added_stand_in_the_texts(before: str, after: str) -> None:
    found = "".join(marked(before, after))
    assert (found == "") == (before == after)
    assert all(part in before for part in re.findall(r"\[-(.*?)-\]", found, re.DOTALL))
    assert all(part in after for part in re.findall(r"\{\+(.*?)\+\}", found, re.DOTALL))


def test_far_changes_stand_apart_and_many_are_counted() -> None:
    before = " ".join(f"<b>{number}</b> {'가' * 50}" for number in range(20))
    after = before.replace("<b>", "").replace("</b>", "")
    found = marked(before, after)
    assert len(found) == 13 and found[-1] == "and more in 8 places"
    assert all(len(line) < 120 for line in found)


def test_a_text_without_likeness_is_not_compared_at_length() -> None:
    assert marked("가 " * 9000, "나 " * 9000) == ["17,999 characters became 17,999"]
