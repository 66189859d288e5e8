"""What an archive refuses, each in one line that names it: what is missing or damaged, and what must not leave the machine."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koreason.archive.gathered import private
from koreason.archive.gathered.private import EVERYTHING, TOKENS, findings
from koreason.errors import UserError
from tests.archive.small_run import archive, payload

# One of each kind, put together here so that no scanner takes this file for a leak.
PLANTED = {
    "hugging-face-token": "hf_" + "AbCdEfGhIj" * 4,
    "github-token": "ghp_" + "a1B2c3D4e5" * 4,
    "gitlab-token": "glpat-" + "a1B2c3D4e5" * 2,
    "api-key": "sk-" + "proj-a1B2c3D4e5F6g7H8",
    "aws-key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "google-key": "AIza" + "a1B2c3D4e5" * 4,
    "slack-token": "xoxb-" + "123456789012-abcdef",
    "package-index-token": "pypi-" + "AgEIcHlwaS" * 5,
    "web-token": "eyJ" + "hbGciOiJI1" * 2 + ".eyJ" + "zdWIiOiIxM" * 2 + "." + "dozjgNryP4" * 2,
    "private-key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "password-in-address": "https://alice:" + "hunter22@example.org/repo",
    "password-of-netrc": "machine example.org login alice " + "password hunter22",
    "bearer": "Authorization: Bearer " + "abcdefghij" * 3,
    "secret-variable": "WANDB_API_KEY" + "=0123456789abcdef0123",
    "host-path": "/home/alice/thesis/notes.txt",
}


def refused(run: Path, out: Path, *options: str) -> str:
    with pytest.raises(UserError) as error:
        archive(run, out, *options)
    assert not out.exists(), "nothing was written"
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("kind", EVERYTHING)
def test_every_stated_pattern_finds_what_it_is_for(kind: str) -> None:
    assert [found.kind for found in findings(f"first line\nsaid {PLANTED[kind]} here", EVERYTHING)][:1] == [kind]
    assert next(findings(f"first line\nsaid {PLANTED[kind]} here", EVERYTHING)).line == 2


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([*PLANTED.values(), "\n", " ", "sk-", "://", "/usr/lib/x", "문제", "password", "a/b/c", "TOKEN="]), max_size=12
    )
)
def test_where_no_word_of_a_kind_stands_nothing_of_it_is_missed(parts: list[str]) -> None:
    """Against the plain way: every pattern over the whole text."""
    text = "".join(parts)
    for kinds in (TOKENS, EVERYTHING):
        plain = private._together(tuple(kinds.items())).finditer(text)
        expected = [(text.count("\n", 0, match.start()) + 1, (match.lastgroup or "").replace("_", "-")) for match in plain]
        assert [(found.line, found.kind) for found in findings(text, kinds)] == expected


def test_what_logs_are_full_of_is_no_secret() -> None:
    harmless = """loading results/bases/x: 12 tokens/s, 3/4/5 done, <b>a</b>/c, https://docs.example.org/en/latest/index.html
    /usr/lib/python3.11/json/decoder.py:355 eos_token: "<|im_end|>" "max_tokens": 51200000 sha256:0123456789abcdef HF_TOKEN=$HF_TOKEN
    $RUN/results/pools task-sk-learning and/or 질문/답변/풀이 TOKENIZERS_PARALLELISM=false s/step ~/x/y ./a/b"""
    assert not list(findings(harmless, EVERYTHING))


@pytest.mark.parametrize("kind", ["hugging-face-token", "host-path", "secret-variable"])
@pytest.mark.parametrize("place", ["logs/trace/trace.traces.small.mixed.00000-of-00001.log", "results/pools/small/attempts.jsonl"])
def test_a_log_or_record_with_a_secret_is_refused_by_file_and_line(copied: Path, tmp_path: Path, kind: str, place: str) -> None:
    with open(copied / place, "a", encoding="utf-8") as file:
        file.write(json.dumps({"note": PLANTED[kind]}) + "\n")
    line = refused(copied, tmp_path / "bag")
    assert place in line and ":2" in line.replace(":4", ":2") and kind in line
    assert PLANTED["hugging-face-token"] not in line, "the message does not pass it on"
    archive(copied, tmp_path / "bag", "--redact")
    assert f"[removed: {kind}]" in (tmp_path / "bag/data/run" / place).read_text()


def test_a_journal_and_the_configuration_are_searched_for_keys(copied: Path, tmp_path: Path) -> None:
    journal = copied / "results/traces/small/mixed/journal/00000-of-00001/rows.jsonl"
    before = journal.read_text()
    journal.write_text(before + json.dumps({"key": "2", "answer": PLANTED["aws-key"]}) + "\n")
    assert "rows.jsonl:2: holds a aws-key" in refused(copied, tmp_path / "bag")
    journal.write_text(before)
    [kept] = (copied / ".koreason/configs").glob("*.json")
    config = json.loads(kept.read_text())
    kept.write_text(json.dumps(config | {"recipes": {"r": {"system": PLANTED["hugging-face-token"]}}}))
    assert "configuration" in refused(copied, tmp_path / "bag")


def test_own_places_and_names_are_written_by_their_variables(copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "mineko")
    log = copied / "logs/pool/pool.pools.small.log"
    log.write_text(f"read {copied}/results, in {Path.home()}/x/y, by mineko on minekos-host; {private.HOME}/koreason/cli.py\n")
    archive(copied, tmp_path / "bag")
    told = (tmp_path / "bag/data/run/logs/pool/pool.pools.small.log").read_text()
    assert told == "read $RUN/results, in $HOME/x/y, by $USER on minekos-host; $KOREASON_HOME/koreason/cli.py\n"
    everything = b"".join(path.read_bytes() for path in (tmp_path / "bag").rglob("*") if path.is_file())
    assert str(copied).encode() not in everything and str(tmp_path).encode() not in everything


def test_an_environment_that_is_a_link_to_elsewhere_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shared/vllm-3/lib").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/vllm").symlink_to(tmp_path / "shared/vllm-3")
    monkeypatch.setenv("KOREASON_ENVS", str(tmp_path / "mine"))
    told = private.without(f"{tmp_path}/shared/vllm-3/lib/x.py:3, {tmp_path}/mine/vllm", private.own_places(tmp_path))
    assert told == "$KOREASON_ENVS/vllm/lib/x.py:3, $KOREASON_ENVS/vllm"


def test_the_configuration_reads_its_inputs_from_the_archive(finished: Path, tmp_path: Path) -> None:
    archive(finished, tmp_path / "bag")
    config = json.loads((tmp_path / "bag/data/config.json").read_text())
    assert config["sources"]["forum"]["root"] == "$KOREASON_INPUTS/sources/forum"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "results/mixes/mix/rows.parquet").unlink(), "results/mixes/mix/rows.parquet: is missing"),
        (lambda run: (run / "results/mixes/mix/rows.parquet").write_text("other"), "results/mixes/mix/rows.parquet: has 5 bytes"),
        (lambda run: (run / "results/mixes/mix/manifest.json").unlink(), "results/mixes/mix/manifest.json: is missing"),
        (lambda run: (run / "results/mixes/mix/manifest.json").write_text("{}"), "results/mixes/mix/manifest.json: not a manifest"),
        (lambda run: (run.parent / "dumps/forum.jsonl").write_text("{}"), "forum.jsonl"),
        (lambda run: (run / "results/mixes/mix/.attempt-local-1.json").write_text("{}"), "a job is at work there"),
        (lambda run: (run / "logs/a\nb.log").write_text(""), "has a name that an archive cannot hold"),
    ],
    ids=["missing", "changed", "no manifest", "damaged manifest", "another dump", "running", "odd name"],
)
def test_a_run_that_is_not_whole_is_refused(copied: Path, tmp_path: Path, damage: object, said: str) -> None:
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    [kept] = (copied / ".koreason/configs").glob("*.json")
    config = json.loads(kept.read_text())
    (dumps / "forum.jsonl").write_bytes((Path(config["sources"]["forum"]["root"]) / "forum.jsonl").read_bytes())
    config["sources"]["forum"]["root"] = str(dumps)
    kept.write_text(json.dumps(config))
    damage(copied)  # type: ignore[operator]
    assert said in refused(copied, tmp_path / "bag")


def test_links_out_of_the_run_are_not_followed(copied: Path, tmp_path: Path) -> None:
    secret = tmp_path / "netrc"
    secret.write_text("not yours")
    (copied / "logs/extra.log").symlink_to(secret)
    rows = copied / "results/mixes/mix/rows.parquet"
    archive(copied, tmp_path / "bag")
    assert "run/logs/extra.log" not in payload(tmp_path / "bag")
    rows.rename(tmp_path / "elsewhere")
    rows.symlink_to(tmp_path / "elsewhere")
    assert "is a link that leaves its folder" in refused(copied, tmp_path / "other")


def test_another_folder_is_not_written_into(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(UserError, match=r"holds thesis\.txt, which is not of this archive"):
        archive(finished, tmp_path / "mine")
    (tmp_path / "mine.tar").write_text("years")
    with pytest.raises(UserError, match="is there already, and no archive of this run"):
        archive(finished, tmp_path / "mine.tar")
    assert (tmp_path / "mine.tar").read_text() == "years" and [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("name", ["run.tar.gz", "run.tgz", "run.zip", "run.tar.ZST"])
def test_a_packed_archive_is_not_made_as_a_folder_of_that_name(finished: Path, tmp_path: Path, name: str) -> None:
    assert "is neither the name of a folder nor of a tar" in refused(finished, tmp_path / name)


def test_where_nothing_can_be_written_is_told_first(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is there, and no folder"):
        archive(finished, tmp_path / "file")
    for folder in ("results", "logs", "benchmarks", ".koreason"):
        with pytest.raises(UserError, match="lies in what is to be archived"):
            archive(finished, finished / folder / "bag")


def test_results_that_are_a_link_are_the_runs_own_folder(copied: Path, tmp_path: Path) -> None:
    (copied / "results").rename(tmp_path / "scratch")
    (copied / "results").symlink_to(tmp_path / "scratch")
    with pytest.raises(UserError, match="lies in what is to be archived"):
        archive(copied, tmp_path / "scratch" / "bag")


def test_who_ran_it_has_an_address(finished: Path, tmp_path: Path) -> None:
    for address in ("javascript:alert(1)", "lab", "https://a b", "https://x/<b>"):
        assert "is no address" in refused(finished, tmp_path / "bag", "--by", "Lab", address)


def test_wheels_are_those_that_the_lock_names(copied: Path, tmp_path: Path) -> None:
    assert "--wheels: no folder with the packages" in refused_with_wheels(copied, tmp_path / "bag")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    assert "lacks " in refused(copied, tmp_path / "bag", "--wheels", str(wheels))
    (wheels / "annotated_types-0.0.0-py3-none-any.whl").write_bytes(b"x")
    lock = next((copied / ".koreason/code").glob("*/envs/data.lock")).read_text()
    name, version = lock.splitlines()[0].split(" ")[0].split("==")
    (wheels / f"{name.replace('-', '_')}-{version}-py3-none-any.whl").write_bytes(b"another")
    line = refused(copied, tmp_path / "bag", "--wheels", str(wheels))
    assert f"does not name for {name}=={version}" in line


def test_wheels_go_in_once_and_come_back(copied: Path, tmp_path: Path) -> None:
    """A lock of two packages; a file for another platform and one that nobody asks for are left."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    names = {"one-1.0-py3-none-any.whl": b"1", "two-2.0-cp311-cp311-linux_x86_64.whl": b"2", "other-1.0-py3-none-any.whl": b"3"}
    for name, data in names.items():
        (wheels / name).write_bytes(data)
    one, two, _ = (hashlib.sha256(data).hexdigest() for data in names.values())
    lock = next((copied / ".koreason/code").glob("*/envs/data.lock"))
    lock.write_text(
        f"one==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{one}\n    # via x\ntwo[extra]==2.0 \\\n    --hash=sha256:{two}\n"
    )
    archive(copied, tmp_path / "bag", "--wheels", str(wheels))
    assert {name: digest for name, digest in payload(tmp_path / "bag").items() if name.startswith("wheels/")} == {
        "wheels/one-1.0-py3-none-any.whl": one,
        "wheels/two-2.0-cp311-cp311-linux_x86_64.whl": two,
    }
    bill = json.loads((tmp_path / "bag/data/sbom/data.cdx.json").read_text())
    assert [part["hashes"][0]["content"] for part in bill["components"]] == [one, two]
    (wheels / "one-1.0-py3-none-any.whl").write_bytes(b"another")
    assert "which data.lock does not name for one==1.0" in refused(copied, tmp_path / "other", "--wheels", str(wheels))


def refused_with_wheels(run: Path, out: Path) -> str:
    from koreason.archive.command import main
    from koreason.cli import parser_for

    with pytest.raises(UserError) as error:
        main(parser_for("archive").parse_args([str(run), "--out", str(out)]))
    return str(error.value)


def test_the_list_of_patterns_stands_in_the_docs(home: Path) -> None:
    page = (home / "docs" / "archive.md").read_text(encoding="utf-8")
    assert not [kind for kind in (*TOKENS, *EVERYTHING) if f"`{kind}`" not in page]
