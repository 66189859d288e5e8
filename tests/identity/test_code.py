"""The digest of a stage's code: what it follows and what it ignores."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from koreason.home import HOME
from koreason.identity import code
from koreason.identity.code import code_digest, docstrings_digest, parsed
from koreason.identity.parsed import Parsed, Read


@pytest.fixture
def package(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A little `koreason` whose `a.stage` imports `a.near` relatively and `far`; `b.other` is imported by nobody."""
    files = {
        "a/stage.py": '"""Stage."""\nfrom .near import x\n\n\ndef f():\n    from koreason import far\n    return far\n',
        "a/near.py": "from koreason.a.spec import A\nx = 1\n",
        "a/style.css": "a {}\n",
        "far.py": "from koreason.errors import oops\nfrom koreason.records.stage import S\ny = 1\n",
        "errors.py": "oops = 1\n",
        "records/stage.py": "from koreason.records.form import text\nS = 1\n",
        "records/form.py": "text = 1\n",
        "a/spec.py": "class A:\n    x: int\n",
        "b/other.py": "z = 1\n",
        "b/style.css": "b {}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(code, "PACKAGE", tmp_path)

    def digest_after(name: str = "a/stage.py", text: str | None = None) -> str:
        before = (tmp_path / name).read_text()
        (tmp_path / name).write_text(before if text is None else text)
        for function in (code._remembered, code._read, code._beside, code_digest):
            function.cache_clear()
        try:
            return code_digest("koreason.a.stage")
        finally:
            (tmp_path / name).write_text(before)

    yield digest_after
    for function in (code._remembered, code._read, code._beside, code_digest):
        function.cache_clear()


@pytest.mark.parametrize("name", ["a/near.py", "a/style.css", "far.py", "records/form.py", "a/spec.py"])
def test_a_digest_follows_what_a_stage_means(package: Callable[..., str], name: str) -> None:
    assert package(name, "changed = 2\n") != package()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b/other.py", "z = 2\n"),
        ("b/style.css", "b { color: teal }\n"),
        ("a/near.py", '"""A docstring."""\n\nfrom koreason.a.spec import A\nx = 1  # one\n'),
        ("errors.py", "oops = 2\n"),
        ("records/stage.py", "from koreason.records.form import text\nS = 2\n"),
        ("far.py", "from koreason.records.stage import S\nfrom koreason import progress\ny = 1\n"),
        ("a/spec.py", "from typing import Annotated\nfrom koreason.config.marks import How\nclass A:\n    x: Annotated[int, How()]\n"),
        (
            "a/stage.py",
            '"""Other words."""\nfrom .near import x\ndef f():\n    """Words."""\n    from koreason import far\n\n    return (far)\n',
        ),
    ],
)
def test_a_digest_ignores_the_rest(package: Callable[..., str], name: str, text: str) -> None:
    assert package(name, text) == package()


def test_a_function_that_is_only_a_docstring_differs_from_one_that_does_something(package: Callable[..., str]) -> None:
    assert package("far.py", 'def f():\n    """Words."""\n') != package("far.py", "def f():\n    g()\n")


def test_a_digest_of_docstrings_follows_words_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "PACKAGE", tmp_path)
    digests = []
    for text in (
        '"""M."""\ndef f():\n    """Words."""\n    return 1\n',
        'def f():\n    """Words."""\n    return 2  # two\n',
        "def f(): pass\n",
    ):
        (tmp_path / "words.py").write_text(text)
        docstrings_digest.cache_clear()
        digests.append(docstrings_digest("koreason.words"))
    docstrings_digest.cache_clear()
    assert digests[0] == digests[1] != digests[2]


def test_a_digest_does_not_follow_what_only_a_type_checker_reads(package: Callable[..., str]) -> None:
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from koreason.b import {}\n\ny = 1\n"
    assert package("far.py", text.format("other")) == package("far.py", text.format("nothing"))


def test_what_is_left_out_is_there() -> None:
    for module in (*code.LEFT_OUT, *code.OF_RECORDS):
        assert code.PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py").is_file(), f"{module} is no module: take it off the list"


def test_what_is_left_out_stands_in_the_docs() -> None:
    table = (HOME / "docs" / "configuration.md").read_text(encoding="utf-8")
    for module in code.LEFT_OUT:
        assert f"{module.rsplit('.')[-1]}.py" in table, f"name {module} under 'What a change causes'"


def test_what_was_parsed_is_parsed_once_for_each_text(tmp_path: Path) -> None:
    file, asked = tmp_path / "far.py", []

    def parse(module: str, text: str) -> Read:
        asked.append(text)
        return f"{module} {text}", ["koreason.near"]

    def read(rules: bytes = b"rules", module: str = "koreason.far") -> Read:
        known = Parsed(tmp_path, rules, parse)
        found = known.read(module, file)
        known.keep()
        return found

    file.write_text("x = 1")
    assert read() == read() == ("koreason.far x = 1", ["koreason.near"]) and asked == ["x = 1"]
    file.write_text("x = 2")
    assert read()[0] == "koreason.far x = 2" and len(asked) == 2, "the text decides, not the file's time"
    read(b"other rules"), read(module="koreason.b.far")
    assert len(asked) == 4
    (memory,) = (tmp_path / "__pycache__").iterdir()
    for damaged in (b"", b"[]", b'{"a": 1}', b"\xff"):
        memory.write_bytes(damaged)
        assert read()[0] == "koreason.far x = 2"


def test_where_nothing_can_be_kept_all_is_parsed_again(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").write_text("no folder")
    (tmp_path / "far.py").write_text("x = 1")
    known = Parsed(tmp_path, b"", lambda module, text: (text, []))
    assert known.read("koreason.far", tmp_path / "far.py") == ("x = 1", [])
    known.keep()


def test_what_is_remembered_means_what_parsing_says(home: Path) -> None:
    path = home / "koreason" / "shards.py"
    assert code._read("koreason.shards", home / "koreason") == parsed("koreason.shards", path.read_text(encoding="utf-8"))
