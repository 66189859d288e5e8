"""`koreason` in its environment: names, mistakes, `--version`, a reader that leaves, Ctrl-C."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from koreason.cli import main
from koreason.commands import COMMANDS

Result = subprocess.CompletedProcess[str]
# Of the rules and of people, those to come too: no name may mean both.
RULES = """base ingest import-traces augment clean sketch dedup decontaminate pool bench trace measure judge select pack train generate
score-bench page"""
PEOPLE = """plan spent setup doctor seal images build-images submit verify price adopt check init config controller source explain forget
show status prune spikes score compare yields recompute interchange archive restore diff mirror pin publish"""
INTERNAL = "exec train-rank"


def test_no_name_is_taken_twice() -> None:
    known = {kind: names.split() for kind, names in (("rule", RULES), ("people", PEOPLE), ("internal", INTERNAL))}
    assert len(set().union(*known.values())) == sum(map(len, known.values()))
    assert [name for name, command in COMMANDS.items() if name not in known[command.kind]] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tarce"], "no subcommand 'tarce'; the nearest is `koreason trace`"),
        (["scor"], "no subcommand 'scor'; the nearest is `koreason score`"),
        (["--hlep"], "no subcommand '--hlep'"),
        (["clean"], "clean: the following arguments are required: --language, --in, --out; see `koreason clean --help`"),
        (["plan", "--confgifile"], "plan: unrecognized arguments: --confgifile"),
        (["exec", "rm", "-rf"], "KOREASON_SITE"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KOREASON_SITE", raising=False)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("koreason: ") and error.count("\n") == 1 and said in error


def test_only_a_rules_command_is_run_as_the_site_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.yaml").write_text("containers: null\n")
    monkeypatch.setenv("KOREASON_SITE", str(tmp_path / "site.yaml"))
    for words in (["rm", "-rf"], ["exec", "trace"], ["train-rank"], []):
        assert main(["exec", *words]) == 2
        assert "no rule's command" in capsys.readouterr().err


def test_the_version_says_which_koreason_it_is(run: Callable[..., Result], home: Path) -> None:
    said = run("--version")
    assert (said.returncode, said.stderr) == (0, "")
    assert f", {home}, code " in said.stdout


PRINTS = """
import koreason.images.record as record, sys, time
from koreason.cli import main
def endless(arguments):
    while True:
        print("a line")
def waits(arguments):
    print("waiting", flush=True)
    time.sleep(60)
record.main = {main}
sys.exit(main(["images"]))
"""


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    for main_ in ("endless", "lambda arguments: print('x' * 10**6)"):
        writer = subprocess.Popen(
            [sys.executable, "-c", PRINTS.format(main=main_)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home_()
        )
        assert writer.stdout is not None and writer.stderr is not None
        writer.stdout.read(1)
        writer.stdout.close()
        assert (writer.wait(60), writer.stderr.read()) == (141, "")


def test_output_that_nobody_or_no_disk_takes(home: Path) -> None:
    for redirected, status, said in ((">&-", 0, ""), ("> /dev/full", 2, "no space left on the disk")):
        ended = subprocess.run(f"'{sys.executable}' -m koreason --help {redirected}", shell=True, cwd=home, capture_output=True, text=True)
        assert (ended.returncode, ended.stderr.count("\n"), said in ended.stderr) == (status, status // 2, True), ended.stderr


def test_ctrl_c_is_no_traceback() -> None:
    waiting = subprocess.Popen(
        [sys.executable, "-c", PRINTS.format(main="waits")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home_()
    )
    assert waiting.stdout is not None and waiting.stderr is not None
    waiting.stdout.readline()
    waiting.send_signal(signal.SIGINT)
    assert (waiting.wait(60), waiting.stderr.read()) == (130, "")


READ = """
import runpy, sys
class Finder:
    def find_spec(name, *_):
        if name == "koreason.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder)
runpy.run_module("koreason", run_name="__main__")
"""


def test_ctrl_c_while_modules_are_read_is_no_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, cwd=home_())
    assert (ended.returncode, ended.stderr) == (130, "")


def home_() -> Path:
    """Where `koreason` is imported from."""
    return Path(__file__).resolve().parents[2]
