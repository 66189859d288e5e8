"""Numbers on the command line: what lies outside of its bounds is one line, whichever command it is given to."""

import pytest

from koreason.cli import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "a.jsonl", "b.jsonl", "--seed", "-1"], "-1 is too small: at least 0"),
        (["compare", "a.jsonl", "b.jsonl", "--seed", "1.5"], "'1.5' is no whole number"),
        (["yields", "m", "mix", "--trained-by", "s", "--rows", "0"], "0 is too small: at least 1"),
        (["verify", "--rerun", "--cores", "0"], "0 is too small"),
        (["mirror", "--out", "m", "--most", "-3", "my.yaml"], "-3 is too small"),
        (["source", "try", "dump.jsonl", "--records", "0"], "0 is too small"),
        (["source", "fetch", "forum", "--most", "0"], "0 is too small"),
        (["build-images", "--jobs", "0"], "0 is too small"),
        (["plan", "--models", "--mfu", "0"], "0 is out of bounds: above 0, at most 1"),
        (["plan", "--models", "--mfu", "nan"], "nan is out of bounds"),
        (["plan", "--models", "--card", "inf"], "inf is out of bounds: above 0"),
        (["plan", "--models", "--card", "80GB"], "'80GB' is no number"),
        (["spikes", "m/x/s", "--factor", "nan"], "nan is out of bounds"),
    ],
)
def test_a_number_out_of_bounds_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
