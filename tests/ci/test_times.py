"""The table that `.ci/run` ends with."""

import subprocess
from pathlib import Path

CASE = '<testcase classname="tests.unit" name="test_{index}" time="{index}.5">{inside}</testcase>'


def printed(home: Path, folder: Path) -> list[str]:
    done = subprocess.run([home / ".ci" / "times", folder, "192.4"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_steps_in_their_order_and_the_slowest_tests_of_all_suites(home: Path, tmp_path: Path) -> None:
    (tmp_path / "steps.tsv").write_text("10.250000\t0\tset-up\n200.000000\t2\tmake test-slow\n")
    for suite, numbers in (("fast", range(0, 30, 2)), ("slow", range(1, 30, 2))):
        cases = [CASE.format(index=index, inside="<failure/>" if index == 29 else "") for index in numbers]
        (tmp_path / f"{suite}-1.xml").write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    (tmp_path / "slow-2.xml").write_text("<testsuites><tests")
    lines = printed(home, tmp_path)
    assert lines[1:6] == [
        "",
        "where the time went, step by step",
        "10.2 s set-up",
        "200.0 s make test-slow FAILED with status 2",
        "192.4 s all of it, 3.2 minutes",
    ]
    assert "not readable" in lines[0]
    slowest = lines[lines.index("the 20 slowest of 30 tests") + 1 :]
    assert slowest == ["29.5 s tests.unit::test_29 FAILED", *(f"{index}.5 s tests.unit::test_{index}" for index in range(28, 9, -1))]


def test_before_the_first_suite(home: Path, tmp_path: Path) -> None:
    (tmp_path / "steps.tsv").write_text("1.000000\t2\tset-up: environments\n")
    assert printed(home, tmp_path)[-1] == "the 20 slowest of 0 tests"


def test_before_the_first_step(home: Path, tmp_path: Path) -> None:
    assert "192.4 s all of it, 3.2 minutes" in printed(home, tmp_path)
