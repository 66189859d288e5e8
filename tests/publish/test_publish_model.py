"""`koreason publish model`: what readers take, a card with its scores in the hub's form, and the clauses by which it is refused."""

import json
from pathlib import Path

import pytest

from koreason.errors import UserError
from koreason.publish.licences import TERMS, of_model
from tests.publish.run_of_all import build, publish


def model(run: Path, out: Path, *options: object, repo: str = "lab/student-ko") -> Path:
    assert publish(run, "model", "student", "--repo", repo, "--out", out, *options) == 0
    return out


def refused(run: Path, out: Path, *options: object, repo: str = "lab/student-ko") -> str:
    with pytest.raises(UserError) as error:
        model(run, out, *options, repo=repo)
    assert not list(out.parent.glob("*publish*")) and not out.exists(), "nothing was written"
    return str(error.value)


def test_it_holds_what_readers_take_and_what_a_reader_asks(finished: Path, tmp_path: Path) -> None:
    out = model(finished, tmp_path / "out")
    folder = finished / "results/models/student/mix/short"
    names = {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in out.iterdir()} == names | {"README.md", "provenance.svg", "training"}
    assert all((out / name).read_bytes() == (folder / name).read_bytes() for name in names)
    assert (out / "model.safetensors").samefile(folder / "model.safetensors"), "weights are not copied"
    card = (out / "README.md").read_text(encoding="utf-8")
    digest = json.loads((finished / "results/mixes/mix/manifest.json").read_text())["files"]["mix.parquet"]["sha256"]
    for words in (f"`mix.parquet` | `{digest}`", "1.00, in 1 attempt", "52.50 | 41.00 to 63.70 | 52.50", "| forum | 2 | B |", "Apache-2.0"):
        assert words in card, words
    assert (out / "training/loss.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_hub_reads_its_scores_with_their_intervals(finished: Path, tmp_path: Path) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard.load(model(finished, tmp_path / "out") / "README.md")
    [result] = card.data.eval_results
    assert (result.metric_type, result.metric_value, result.dataset_name) == ("accuracy", 0.525, "ko_math")
    assert result.metric_args["interval_95"] == [0.41, 0.637] and result.metric_args["items"] == 20
    assert (card.data.license, card.data.library_name, card.data.pipeline_tag) == ("apache-2.0", "transformers", "text-generation")


def test_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    one, other = (model(finished, tmp_path / name) for name in ("one", "other"))
    files = {path.relative_to(one): path.read_bytes() for path in one.rglob("*") if path.is_file()}
    assert files == {path.relative_to(other): path.read_bytes() for path in other.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("base", "teacher", "name", "licence", "said"),
    [
        ("Llama-3.1", "Apache-2.0", "student-ko", "llama3.1", "the base: Llama-3.1, 1.b.i, wants the name of a model"),
        ("Apache-2.0", "Llama-3.3", "student-ko", "apache-2.0", "the teacher: Llama-3.3, 1.b.i, wants the name of a model"),
        ("Llama-3.1", "Apache-2.0", "Llama-ko", "apache-2.0", "the base: Llama-3.1, 1.b.i, wants a copy of the agreement"),
        ("Apache-2.0", "Llama-3", "student-ko", "apache-2.0", "the teacher: Llama-3, 1.b.v, forbids to improve any other language model"),
        ("Apache-2.0", "Gemma", "student-ko", "apache-2.0", "the teacher: Gemma, 3.1, with 1.1(e), wants its restrictions passed on"),
        ("Llama-3.1", "Gemma", "Llama-ko", "llama3.1", "the teacher: Gemma, 3.1"),
        ("Apache-2.0", "CC-BY-NC-4.0", "x", "apache-2.0", "the teacher: CC-BY-NC-4.0, section 2(a)(1), allows no commercial use"),
        ("CC-BY-SA-4.0", "MIT", "x", "mit", "the base: CC-BY-SA-4.0, section 3(b)(1), wants adapted material under the same"),
        ("as they say", "MIT", "x", "mit", "the base: its licence 'as they say' is not one that koreason understands"),
    ],
)
def test_licences_that_do_not_go_together_are_refused_with_the_clause(base: str, teacher: str, name: str, licence: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        of_model(name, licence, {"the base": base}, {"the teacher": teacher})
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("base", "teacher", "name", "licence"),
    [
        ("Apache-2.0", "Apache-2.0", "x", "apache-2.0"),
        ("Apache-2.0", "MIT", "x", "gemma"),
        ("Llama-3.1", "Apache-2.0", "Llama-3.1-ko", "llama3.1"),
        ("Llama-3", "Llama-3", "Llama-3-ko", "llama3"),
        ("Gemma", "Gemma", "x", "gemma"),
        ("CC-BY-NC-4.0", "Apache-2.0", "x", "cc-by-nc-sa-4.0"),
    ],
)
def test_those_that_do_have_their_duties(base: str, teacher: str, name: str, licence: str) -> None:
    duties = of_model(name, licence, {"the base": base}, {"the teacher": teacher})
    assert all(any(duty in line for line in duties) for duty in (*TERMS[base].duties, *TERMS[teacher].duties))


def test_what_a_licence_wants_to_go_with_it_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = build(tmp_path / "run", monkeypatch, bases={"small": {"licence": "Gemma"}})
    out = model(run, tmp_path / "out")
    assert (out / "NOTICE").read_text(encoding="utf-8").startswith("Gemma is provided under and subject to the Gemma Terms of Use")
    assert "license: gemma" in (out / "README.md").read_text(encoding="utf-8")
    assert "Gemma, 3.1" in refused(run, tmp_path / "other", "--licence", "mit")
    run = build(tmp_path / "c", monkeypatch, sources={"quiz": {"licence": "C"}})
    assert "was trained on 3 rows of quiz (C: must not be used at all)" in refused(run, tmp_path / "third")


def test_which_model(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no trained model: there is student/mix/short"):
        publish(finished, "model", "teacher", "--repo", "lab/x", "--out", tmp_path / "out")
    assert publish(finished, "model", "student/mix/short", "--repo", "lab/x", "--out", tmp_path / "out") == 0


def test_weights_that_are_not_as_they_were_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = build(tmp_path / "run", monkeypatch)
    weights = run / "results/models/student/mix/short/model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert "model.safetensors" in refused(run, tmp_path / "out")


@pytest.mark.parametrize(
    ("base", "teacher", "do"),
    [
        ("Llama-3.1", "Gemma", "none that is understood meets gemma and llama3.1: take another base or teacher"),
        ("Gemma", "CC-BY-NC-4.0", "none that is understood meets cc-by-nc-4.0 and gemma"),
        ("CC-BY-SA-4.0", "MIT", "publish it with --licence cc-by-sa-4.0"),
        ("MIT", "CC-BY-NC-4.0", "publish it with --licence cc-by-nc-4.0"),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-4.0", "publish it with --licence cc-by-nc-sa-4.0"),
    ],
)
def test_what_is_advised_can_be_done(base: str, teacher: str, do: str) -> None:
    """It was to take the one's licence, and then to take the other's."""
    with pytest.raises(UserError) as error:
        of_model("Llama-x", "mit", {"the base": base}, {"the teacher": teacher})
    assert str(error.value).endswith(do) or do in str(error.value)
    if "--licence" in do:
        assert of_model("Llama-x", do.split()[-1], {"the base": base}, {"the teacher": teacher})


def test_a_licence_may_be_written_as_the_hub_does_and_has_to_be_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = build(tmp_path / "run", monkeypatch, bases={"small": {"licence": "gemma"}, "big": {"licence": "apache-2.0"}})
    assert "license: gemma" in (model(run, tmp_path / "out") / "README.md").read_text(encoding="utf-8")
    for number, nothing in enumerate(("", None)):
        run = build(tmp_path / f"none-{number}", monkeypatch, bases={"small": {"licence": nothing}})
        assert "the base small: its licence is not stated; write" in refused(run, tmp_path / "other")


def test_what_is_edited_before_it_is_published_is_not_the_runs_own_file(finished: Path, tmp_path: Path) -> None:
    out = model(finished, tmp_path / "out")
    linked = {path.name for path in out.iterdir() if path.is_file() and path.stat().st_nlink > 1}
    assert linked == {"model.safetensors"}
