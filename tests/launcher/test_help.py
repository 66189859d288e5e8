"""`koreason --help`, and of every subcommand: at once, without an engine, with an example that works when copied."""

import importlib
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from koreason.bases.spec import Base
from koreason.benches.spec import Items
from koreason.cli import main, parser_for
from koreason.commands import COMMANDS
from koreason.config.load import load
from koreason.curate.making.spec import Phrasing
from koreason.curate.spec import Near, Overlap, Pool, PromptLanguage, Segmentation, Source, Talk
from koreason.evaluate.spec import Asking, Scoring
from koreason.languages import Language
from koreason.report.facts import Plan
from koreason.report.spec import Report
from koreason.select.spec import Mix
from koreason.switching.spec import Beside
from koreason.trace.spec import Recipe
from koreason.train.spec import Model, Schedule

ENGINES = ("vllm", "torch", "transformers", "megatron", "snakemake", "datasets")
SPECS = {
    "base": Base,
    "ingest": Source,
    "dedup": Near,
    "decontaminate": Overlap,
    "pool": Pool,
    "trace": Recipe,
    "measure": Beside,
    "select": Mix,
    "train": Model,
    "bench": Items,
    "generate": Asking,
    "score-bench": Scoring,
    "page": Report,
}
OTHERS = {"language": Language, "schedule": Schedule, "run": Plan}
LANGUAGES = {"clean": PromptLanguage, "augment": Phrasing, "sketch": Talk, "decontaminate": Segmentation}

ALL_HELP = f"""
import contextlib, io, json, sys
from koreason.cli import main
from koreason.commands import COMMANDS
texts = {{}}
for name in COMMANDS:
    with contextlib.redirect_stdout(io.StringIO()) as text:
        try:
            main([name, "--help"])
        except SystemExit as ended:
            assert ended.code == 0, name
    texts[name] = text.getvalue()
    assert not set({ENGINES}) & set(sys.modules), (name, set({ENGINES}) & set(sys.modules))
print(json.dumps(texts))
"""


def example(text: str) -> list[str]:
    """The words of the first example in a help text, as a shell would read them."""
    lines = text.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("    koreason "))
    for end in range(start + 1, len(lines) + 1):
        try:
            words = shlex.split("\n".join(lines[start:end]).replace("\\\n", " "))
        except ValueError:  # in the middle of a quotation
            continue
        if not lines[end - 1].endswith("\\"):
            # an explanation may follow after several spaces
            return words if end > start + 1 else shlex.split(re.split(r" {3,}", lines[start].strip())[0])
    raise AssertionError(lines[start])


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """Every subcommand's help, from one process that has no engine: the environment `data`."""
    home = Path(__file__).resolve().parents[2]
    done = subprocess.run([home / "envs" / "run", "data", "python", "-c", ALL_HELP], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    texts: dict[str, str] = json.loads(done.stdout)
    return texts


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example_that_is_understood(helps: dict[str, str], name: str) -> None:
    program, subcommand, *words = example(helps[name])
    assert (program, subcommand) == ("koreason", name)
    if words == ["--help"]:
        return
    arguments: dict[str, Any] = vars(parser_for(name).parse_args(words))
    kinds = OTHERS | ({"language": LANGUAGES[name]} if name in LANGUAGES else {}) | ({"spec": SPECS[name]} if name in SPECS else {})
    for option, text in arguments.items():
        if option in kinds and isinstance(text, str):  # `publish --run` is a folder
            load(kinds[option], json.loads(text))


def test_examples_work_when_they_are_copied(
    helps: dict[str, str], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that need no engine; the others need what these and the engines make."""
    monkeypatch.setenv("KOREASON_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    for name in ("ingest", "clean", "sketch", "dedup", "bench", "decontaminate", "pool"):
        assert main(example(helps[name])[1:]) == 0, capsys.readouterr().err
    assert json.loads((tmp_path / "try" / "pools" / "demo" / "manifest.json").read_text())["files"]["prompts.parquet"]["rows"] == 8


def test_the_overview_lists_what_people_and_rules_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == text
    listed = set(re.findall(r"^  ([\w-]+) ", text, re.MULTILINE))
    assert listed == {name for name, command in COMMANDS.items() if command.kind != "internal"}
    assert len(text.encode()) < 4096, "`koreason --help | head` never waits"


def test_every_module_offers_what_the_table_promises() -> None:
    for command in COMMANDS.values():
        path = Path(importlib.util.find_spec(command.module).origin or "")  # type: ignore[union-attr]
        assert path.is_file() and re.search(r"^def main\(", path.read_text(encoding="utf-8"), re.MULTILINE), command
