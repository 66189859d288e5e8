"""The one line in which a user's mistake is told."""

from koreason.errors import UserError, printable


def test_nothing_of_a_strangers_text_moves_a_terminal_or_turns_its_letters() -> None:
    line = str(UserError("lacks the column q", "a\x1b[31m.csv", "its columns are \u202e질문,\n\x1b]0;x\x07"))
    assert line == "a�[31m.csv: lacks the column q; its columns are �질문, �]0;x�"
    assert printable("가 \t나\u200b") == "가 나�"
