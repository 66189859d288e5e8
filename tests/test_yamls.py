"""YAML that is read by no more than it says: depth, aliases, odd values, programs."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from koreason.config.site import read_site
from koreason.errors import UserError
from koreason.system.yamls import DEEPEST, read


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "[" * 50_000 + "]" * 50_000,
        "{a: " * 30_000 + "1" + "}" * 30_000,
        "- " * 50_000 + "x",
        "? " * 50_000 + "x",
        "\n".join(f"{' ' * depth}a:" for depth in range(300)),
        "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
        "x: " + "9" * 5_000,
        "x: 2026-99-99",
        "!!python/object/apply:os.system [true]",
        "\0",
    ],
)
def test_what_is_no_yaml_of_ours_is_said_so(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        read(text)


def test_what_people_write_is_read() -> None:
    assert read("[" * DEEPEST + "]" * DEEPEST)
    assert read("a: &a {b: 1}\nc: *a\n") == {"a": {"b": 1}, "c": {"b": 1}}
    assert len(read("\n".join(f"- [{n}]" for n in range(6_000)))) == 6_000  # too many signs for libyaml
    names = "abcdefghijk"
    rest = [f"{name}: &{name} [{','.join([f'*{before}'] * 8)}]\n" for before, name in itertools.pairwise(names)]
    assert set(read("a: &a [x,x,x,x,x,x,x,x]\n" + "".join(rest))) == set(names)


def test_no_file_of_a_configuration_ends_the_process(home: Path, tmp_path: Path) -> None:
    deep = tmp_path / "deep.yaml"
    deep.write_text("run: " + "[" * 50_000, encoding="utf-8")
    words = [sys.executable, "-m", "koreason", "config", "--configfile", str(deep)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=home, timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "nested deeper" in done.stderr


def test_no_site_file_does_either(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    for text in (b"[" * 50_000, b"account: \xe9", b"[1]"):
        site.write_bytes(text)
        with pytest.raises(UserError):
            read_site(site)
