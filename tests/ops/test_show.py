"""`koreason show`: what a teacher sees of a prompt, over a pool and a base of our own."""

import json
from pathlib import Path

import polars as pl
import pytest
from played_tokenizer import play

from koreason.cli import main
from koreason.config.files.layers import read_catalogue
from koreason.records.stage import Stage
from koreason.tables import POOL, write_table

QUESTIONS = {"5f0c" + "0" * 20: "사과 둘?\x1b[31m", "5f0d" + "0" * 20: "배 셋?", "6" * 24: "감?"}


@pytest.fixture
def run_folder(tmp_path, monkeypatch, home):
    monkeypatch.chdir(tmp_path)
    play(monkeypatch)
    config = read_catalogue(home)
    mine = {"system": "생각하세요.", "prefill": "<think>\n", "teacher": "small"}
    config["recipes"]["mixed"] = config["recipes"]["smollm2_mixed"] | mine
    config["recipes"]["other"] = config["recipes"]["mixed"] | {"system": None}
    config["mixes"] = {"demo": {"traces": [{"pool": "demo", "recipe": "mixed"}]}}
    Path(".koreason/configs").mkdir(parents=True)
    Path(".koreason/configs/1.json").write_text(json.dumps(config))
    rows = [{"prompt_id": i, "source": "s", "question": q, "target_share": 0.8} for i, q in QUESTIONS.items()]
    with Stage(Path("results/pools/demo"), "pool", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=POOL), stage, "prompts.parquet", POOL)
    with Stage(Path("results/bases/small"), "base", {}, []) as stage:
        stage.path("config.json").write_text("{}")
        stage.add("config.json")
    return tmp_path


def test_text_and_tokens(run_folder, capsys):
    assert main(["show", "5f0c", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pool"], found["recipe"], found["teacher"]) == ("demo", "mixed", "small")
    assert found["text"] == "생각하세요. 사과 둘?\x1b[31m<think>\n"
    assert bytes(token["id"] for token in found["tokens"]).decode() == found["text"]
    assert main(["show", "5f0c", "6666"]) == 0
    text = capsys.readouterr().out
    assert "생각하세요. 사과 둘?�[31m<think>" in text and "\x1b" not in text and text.count("as small sees it") == 2


def test_a_recipe_that_no_mix_names(run_folder, capsys):
    assert main(["show", "6666", "--recipe", "other", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "감?<think>\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["7777"], "no prompt's id begins with '7777'"),
        (["5f0"], "2 prompts' ids begin with '5f0'"),
        (["6666", "--recipe", "none"], "recipes: has no 'none'"),
    ],
)
def test_a_mistake_is_one_line(run_folder, capsys, words, said):
    assert main(["show", *words]) == 2
    assert said in capsys.readouterr().err
