"""`koreason publish data`: the rows that may be passed on, the same bytes each time, and what it refuses."""

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml

from koreason.cli import main as koreason
from koreason.errors import UserError
from koreason.publish import data as room
from koreason.publish.cards import size_of
from koreason.publish.licences import TERMS
from koreason.tables import MIX
from tests.publish.run_of_all import PHONE, build, configuration, publish, rows

NO_NAMES = ("lab/a..b", "lab/a--b", "lab/x.git", "lab/x-", "lab./x", "../x", "lab/" + "x" * 93, "lab/x/y", "lab/x\n")


def dataset(run: Path, out: Path, *options: object) -> Path:
    assert publish(run, "data", "mix", "--repo", "lab/demo-ko", "--out", out, *options) == 0
    return out


def refused(run: Path, out: Path, *options: object) -> str:
    with pytest.raises(UserError) as error:
        dataset(run, out, *options)
    assert not list(out.parent.glob("*publish*")) and not out.exists(), "nothing was written"
    return str(error.value)


def front(card: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(card.read_text(encoding="utf-8").split("---\n")[1])
    return found


def test_rows_that_no_licence_allows_to_pass_on_stop_it_by_source_and_number(finished: Path, tmp_path: Path) -> None:
    line = refused(finished, tmp_path / "out")
    assert "holds 2 rows that no licence allows to pass on: 2 of forum (B:" in line and "--redistributable" in line and "\n" not in line


def test_they_are_left_out_if_asked_and_the_card_says_what_that_took(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = dataset(finished, tmp_path / "out", "--redistributable")
    assert "2 rows of forum (tier B) are left out" in capsys.readouterr().out
    [shard] = (out / "data").iterdir()
    table = pl.read_parquet(shard)
    assert table.columns == list(MIX) and table.schema == pl.Schema(MIX) and table["source"].to_list() == ["quiz"] * 3 + ["styled"]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "| forum | B | 2 |" in card and "Left out, because their licences do not allow" in card
    assert front(out / "README.md")["size_categories"] == ["n<1K"] and front(out / "README.md")["language"] == ["ko", "en"]
    for words in (
        "Pool all: 9 went in, 6 were kept",
        r"| too\_short | 2 |",
        r"| over\_quota | 3 |",
        "A handful of rows.",
        "lab/big at 1111",
    ):
        assert words in card, words


def test_the_strictest_licence_of_what_a_row_was_made_of_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is made of prompts may say A: those that it is made of decide."""
    run = build(tmp_path / "run", monkeypatch, pools={"first": {"sources": ["quiz", "forum"]}})
    assert "3 rows that no licence allows to pass on: 2 of forum (B: may be trained on, and not be passed on); 1 of styled (B:" in refused(
        run, tmp_path / "out"
    )
    run = build(tmp_path / "narrow", monkeypatch, pools={"first": {"sources": ["quiz", "forum"]}}, sources={"styled": {"of": ["Exams"]}})
    assert "holds 2 rows" in refused(run, tmp_path / "out"), "it is made of the quiz alone"


def test_a_mix_s_own_word_counts_where_the_configuration_was_changed_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = build(tmp_path / "run", monkeypatch, sources={"forum": {"licence": "A"}})
    assert "2 of forum (B:" in refused(run, tmp_path / "out")
    run = build(tmp_path / "other", monkeypatch, sources={"quiz": {"licence": "C"}})
    assert "of quiz (C: must not be used at all)" in refused(run, tmp_path / "out")
    run = build(tmp_path / "third", monkeypatch, mix=[row for row in rows() if row["source"] == "forum"])
    assert "holds no row that may be passed on" in refused(run, tmp_path / "out", "--redistributable")


def test_a_source_that_nobody_knows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = build(tmp_path / "run", monkeypatch, mix=[row | {"source": "found"} for row in rows()])
    assert refused(run, tmp_path / "out").startswith("source found: nobody says whether its rows may be passed on")


def test_a_key_in_a_row_is_refused_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "hf_" + "AbCdEfGhIj" * 4
    run = build(tmp_path / "run", monkeypatch, mix=rows(question=f"내 키는 {token}"))
    line = refused(run, tmp_path / "out", "--redistributable")
    assert "holds a hugging-face-token" in line and f"prompt {0:024x}" in line and token not in line


def test_personal_data_is_searched_once_more_and_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = build(tmp_path / "run", monkeypatch, mix=rows(question=PHONE))
    card = (dataset(run, tmp_path / "out", "--redistributable") / "README.md").read_text(encoding="utf-8")
    kinds = re.findall(r"4 rows look as if they hold personal data: (\w+)", capsys.readouterr().out)
    assert kinds and all(f"| {kind} | 4 |".replace("_", r"\_") in card for kind in kinds)
    rai = json.loads((tmp_path / "out/croissant.json").read_text(encoding="utf-8"))["rai:personalSensitiveInformation"]
    assert f"{kinds[0]}: 4 rows" in rai[0]


def test_what_masking_has_put_there_is_not_personal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from koreason.curate.text.personal import masked
    from koreason.publish.personal import kinds_of
    from tests.publish.run_of_all import korean

    texts, counts = masked(pl.Series([PHONE, "메일은 kim@korea.kr 로"]), kinds_of(korean()))
    assert sum(int(count.sum()) for count in counts.values()) >= 2
    run = build(tmp_path / "run", monkeypatch, mix=rows(question=" ".join(texts)))
    assert "Nothing was found." in (dataset(run, tmp_path / "out", "--redistributable") / "README.md").read_text(encoding="utf-8")


def test_shards_and_the_same_bytes(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ROWS", 3)
    one, other = (dataset(finished, tmp_path / name, "--redistributable") for name in ("one", "other"))
    assert [path.name for path in sorted((one / "data").iterdir())] == ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    files = {path.relative_to(one): path.read_bytes() for path in one.rglob("*") if path.is_file()}
    assert files == {path.relative_to(other): path.read_bytes() for path in other.rglob("*") if path.is_file()}
    metadata = json.loads(files[Path("croissant.json")])
    assert [part["@id"] for part in metadata["distribution"]][:2] == [f"data/{path.name}" for path in sorted((one / "data").iterdir())]


def test_the_hub_s_own_readers_take_it(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    from huggingface_hub import DatasetCard

    out = dataset(finished, tmp_path / "out", "--redistributable")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    read = datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))
    assert read.num_rows == 4 and read[0]["messages"][1]["role"] == "assistant", "the card's own numbers are held against the rows"
    card = DatasetCard.load(out / "README.md")
    assert (card.data.license, card.data.license_name, card.data.pretty_name) == ("other", "of-its-sources", "demo-ko")


def test_a_teacher_s_licence_decides_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = build(tmp_path / "run", monkeypatch, bases={"big": {"licence": "CC-BY-NC-4.0"}})
    line = refused(run, tmp_path / "out", "--redistributable", "--licence", "apache-2.0")
    assert line.startswith("the teacher big: CC-BY-NC-4.0, section 2(a)(1), allows no commercial use")
    dataset(run, tmp_path / "nc", "--redistributable", "--licence", "cc-by-nc-4.0")
    run = build(tmp_path / "llama", monkeypatch, bases={"big": {"licence": "Llama-3.1"}})
    dataset(run, tmp_path / "from-llama", "--redistributable")
    assert "duty: the teacher big (Llama-3.1) wants the name of a model" in capsys.readouterr().out
    run = build(tmp_path / "odd", monkeypatch, bases={"big": {"licence": "Ask us"}})
    assert "its licence 'Ask us' is not one that koreason understands" in refused(run, tmp_path / "out", "--redistributable")


def test_mistakes_are_one_line(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for words in (
        ["data", "none", "--repo", "lab/x", "--run", str(finished)],
        ["data", "mix", "--repo", "no owner", "--run", str(finished)],
        *(["data", "mix", "--repo", repo, "--run", str(finished)] for repo in NO_NAMES),
        ["data", "mix", "--repo", "lab/x", "--run", str(tmp_path)],
        ["data", "mix", "--repo", "lab/x", "--run", str(finished), "--version", "one"],
        ["data", "mix", "--repo", "lab/x", "--run", str(finished), "--out", str(tmp_path)],
    ):
        assert koreason(["publish", *words]) == 2
        said.append(capsys.readouterr().err)
    assert (
        all(line.count("\n") == 1 for line in said)
        and "none: is no mix of this run, which has mix" in said[0]
        and "is there already" in said[-1]
    )


def test_every_licence_that_is_understood_stands_in_the_docs(home: Path) -> None:
    page = (home / "docs" / "publish.md").read_text(encoding="utf-8")
    assert not [name for name in TERMS if f"`{name}`" not in page]


def test_what_a_card_is_given_it_shows_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = "<script>alert(1)</script> **b** &lt; \x1b[31m\u202e| ``` $x$ ![i](//h)"
    mix = [row | {"category": odd} for row in rows(question=f"\x1b[2J {odd}")]
    report = {"report": {"note": f"{odd}\n\n# Head"}, "experiments": []}
    run = build(tmp_path / "run", monkeypatch, mix)
    kept = run / ".koreason/configs/c.json"
    config = configuration() | {"run": report}
    config["recipes"]["mixed"]["system"] = odd
    kept.write_text(json.dumps(config), encoding="utf-8")
    for kind, name in (("data", "mix"), ("model", "student")):
        out = tmp_path / kind
        extra = ["--redistributable"] if kind == "data" else []
        assert publish(run, kind, name, "--repo", "lab/x", "--by", "``` \n# Head", "--out", out, *extra) == 0
        card = (out / "README.md").read_text(encoding="utf-8")
        assert not set("\x1b\u202e") & set(card)
        opened: str | None = None
        for line in card.partition("\n---\n")[2].splitlines():  # as Markdown is read: what stands between fences means nothing
            fence = re.match("`{3,}", line)
            if opened is None and fence:
                opened = fence[0]
            elif opened is not None and line == opened:
                opened = None
            elif opened is None:
                assert not re.search(r"(?<!\\)<|(?<!\\)&|(?<!\\)\]\(//|(?<!\\)\$", re.sub(r"(?<!\\)`[^`\\]*`", "", line)), line
        assert opened is None


def test_what_is_not_there_is_said_and_never_dated_by_1970(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    shutil.rmtree(run / "results/pools/all")
    dataset(run, tmp_path / "one", "--redistributable")
    assert "results/pools/all is not there: the card and its picture lack what it would tell" in capsys.readouterr().out
    (run / "results/mixes/mix/run.json").unlink()
    assert "run.json: is missing, so that nobody knows when it was made" in refused(run, tmp_path / "two", "--redistributable")
    assert not list(tmp_path.glob(".two*"))


def test_a_configuration_that_is_none_is_one_line(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    kept = run / ".koreason/configs/c.json"
    for text in ("not json", "[1]", "[" * 100_000):
        kept.write_text(text, encoding="utf-8")
        assert "holds no JSON object" in refused(run, tmp_path / "out")
    for table in ("bases", "languages", "recipes", "sources", "pools", "mixes"):
        kept.write_text(json.dumps(configuration() | {table: ["x"]}), encoding="utf-8")
        refused(run, tmp_path / "out", "--redistributable")


def test_a_link_that_leads_nowhere_is_not_written_through(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    assert "is there already" in refused(finished, tmp_path / "out", "--redistributable")
    assert not (tmp_path / "elsewhere").exists()


def test_sizes_are_the_words_of_the_hub() -> None:
    assert [size_of(rows) for rows in (0, 999, 1000, 10**8 - 1, 10**8, 10**12)] == [
        *("n<1K", "n<1K", "1K<n<10K", "10M<n<100M", "100M<n<1B", "n>1T")
    ]


def test_what_is_numbered_twice_is_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mix across recipes of one pool has the same question and number twice."""
    for name, mix in (("one", rows()), ("twice", [*rows(), rows()[0]])):
        out = dataset(build(tmp_path / name, monkeypatch, mix), tmp_path / f"{name}-out", "--redistributable")
        [records] = json.loads((out / "croissant.json").read_text(encoding="utf-8"))["recordSet"]
        assert ("key" in records) == (name == "one")
