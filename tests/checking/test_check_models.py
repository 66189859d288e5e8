"""Models, the hub that has them, and what a plan asks of the machine."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from made_model import config_of, made
from own import Own

from koreason.checking.finding import Run
from koreason.checking.hubs import gated
from koreason.checking.machine import environments, ranks, space
from koreason.workflow.dryrun import Planned

TOKENIZER = {"tokenizer": "mine", "licence": "A", "parameters": 1000}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    """A run of a model folder of one's own."""
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    monkeypatch.delenv("KOREASON_SITE", raising=False)
    own = Own(tmp_path / "own")
    made(tmp_path / "own" / "model", config_of(max_position_embeddings=512))
    own.config["bases"] = {"mine": {"path": "model", **TOKENIZER}}
    own.config["models"] = {"mine": {"like": "smollm2", "base": "mine", "tensor_parallel": 1}}
    own.config["recipes"] = {"mine": {"like": "smollm2_mixed", "teacher": "mine", "engine": {"max_model_len": 64}}}
    own.config["benches"]["mine"]["engine"]["max_model_len"] = 64
    own.config["schedules"] = {"mine": {"like": "laptop_short", "sequence_length": 64}}
    own.config["mixes"]["mine"]["traces"] = [{"pool": "mine", "recipe": "mine"}]
    own.config["run"]["experiments"][0] |= {"models": ["mine"], "schedules": ["mine"]}
    return own


def test_a_folder_of_ones_own_is_sound(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    assert own.check(capsys) == (0, [])


def no_tokenizer(own: Own) -> None:
    for path in (own.folder / "model").glob("*token*"):
        path.unlink()


def no_template(own: Own) -> None:
    path = own.folder / "model" / "tokenizer_config.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({key: value for key, value in facts.items() if key != "chat_template"}), encoding="utf-8")


def strange(own: Own) -> None:
    (own.folder / "model" / "config.json").write_text(json.dumps(config_of(logit_scale=2.0)), encoding="utf-8")


def of(table: str, **changed: Any) -> Callable[[Own], None]:
    def change(own: Own) -> None:
        for key, value in changed.items():
            entry = own.config[table]["mine"]
            entry[key] = {**entry.get(key, {}), **value} if isinstance(value, dict) else value

    return change


WRONG: list[tuple[str, Callable[[Own], None], list[str]]] = [
    ("no tokenizer", no_tokenizer, ["own/model: has no tokenizer"]),
    ("no template", no_template, ["own/model: its tokenizer has no chat template"]),
    ("not understood", strange, ["own/model: not understood", "logit_scale"]),
    ("no folder", of("bases", path="elsewhere"), ["own/elsewhere: no such folder", "correct `path` of bases.mine"]),
    ("branch", of("bases", path=None, hub="lab/model", revision="main"), ["bases.mine", "revision 'main' is not a full commit id"]),
    ("positions", of("recipes", engine={"max_model_len": 65536}), ["recipes.mine.engine.max_model_len: is 65536", "positions"]),
    ("long rows", of("schedules", sequence_length=65536), ["schedules.mine.sequence_length: is 65536", "positions"]),
    (
        "heads",
        of("recipes", engine={"max_model_len": 64, "tensor_parallel": 5}),
        ["recipes.mine.engine.tensor_parallel: 5 does not divide"],
    ),
    ("layout", of("models", tensor_parallel=5), ["models.mine.tensor_parallel: 5 does not divide intermediate_size"]),
    ("batch", of("models", data_parallel=3), ["models.mine.data_parallel: 3 does not divide global_batch 1"]),
    ("stop", of("recipes", sampling={"think_tokens": None, "think_end": None}), ["recipes.mine", "stop needs think_tokens"]),
]


@pytest.mark.parametrize(("change", "words"), [pytest.param(*case, id=name) for name, *case in WRONG])
def test_a_model_or_number_that_a_job_would_refuse(
    own: Own, change: Callable[[Own], None], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    change(own)
    status, lines = own.check(capsys)
    assert status == 2
    assert any(all(word in line for word in words) for line in lines), lines


class Hub(BaseHTTPRequestHandler):
    """Answers as the hub does for a model that anybody may have, one that is gated, and one that is not there."""

    def do_GET(self) -> None:
        name = "/".join(self.path.split("/")[3:5]) if "/api/models/" in self.path else "lab/open"
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        known = {"lab/gated": (403, "GatedRepo"), "lab/none": (404, "RepoNotFound"), "lab/other": (404, "RevisionNotFound")}
        status, code = (200, "") if name == "lab/open" else known[name]
        body = json.dumps({"id": name, "sha": "0" * 40, "siblings": [], "tags": [], "private": False, "downloads": 0}).encode()
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    server = HTTPServer(("127.0.0.1", 0), Hub)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("KOREASON_MIRROR", raising=False)
    yield server.asked  # type: ignore[attr-defined]
    server.shutdown()


def of_hub(name: str, due: bool = True) -> Run:
    jobs = [Planned("base", "results/bases/mine/manifest.json", {"base": "mine"}, (), ())] if due else []
    entry = {"hub": name, "revision": "0" * 40, **TOKENIZER}
    run = Run({"bases": {"mine": entry}, "run": {}}, jobs)
    run.__dict__["reached"] = {"bases": ["mine"]}
    return run


def test_the_hub_is_asked_once_and_only_for_what_is_fetched(hub: list[str]) -> None:
    assert list(gated(of_hub("lab/open"))) == []
    assert len([path for path in hub if "lab/open" in path]) == 2
    hub.clear()
    assert list(gated(of_hub("lab/gated", due=False))) == [] and hub == []
    said = {name: [finding.line for finding in gated(of_hub(name))] for name in ("lab/gated", "lab/none", "lab/other")}
    assert said["lab/gated"][0].startswith("bases.mine.hub: lab/gated: is gated, and ")
    assert "is not on the hub, or not for you" in said["lab/none"][0]
    assert "has no commit 0000" in said["lab/other"][0]


def test_without_a_network_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert list(gated(of_hub("lab/open"))) == []


def test_a_mirror_has_to_hold_what_is_read_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOREASON_MIRROR", str(tmp_path))
    [finding] = gated(of_hub("lab/open"))
    assert "does not hold lab/open at 0000" in finding.line and finding.touches


def planned(rule: str, **names: str) -> Run:
    return Run({"resources": {}, "models": {}, "run": {}}, [Planned(rule, f"results/{rule}", names, (), ())])


def test_environments_of_planned_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOREASON_ENVS", str(tmp_path))
    assert [finding.line.split(":")[0] for finding in environments(planned("trace"))] == ["environment vllm"]
    assert [finding.line.split(":")[0] for finding in environments(planned("train"))] == ["environment megatron"]
    [finding] = environments(planned("import_traces"))
    assert finding.line.startswith("environment data: ") and "run envs/create data" in finding.line
    assert list(environments(Run({"run": {}}, []))) == []


def test_more_than_the_disk_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    run = planned("base", base="mine")
    run.config["bases"] = {"mine": {"parameters": 10**18}}
    [finding] = space(run)
    assert finding.line.startswith(f"{tmp_path}: the plan takes up to ") and "are free" in finding.line


@pytest.mark.parametrize(("gpus", "nodes", "wrong"), [(8, 1, False), (4, 1, True), (4, 2, False), (0, 1, False)])
def test_cards_that_a_layout_takes(gpus: int, nodes: int, wrong: bool) -> None:
    run = planned("train", model="mine")
    asked = {"mem_mb": 1, "runtime": 1, "threads": 1, "gpus": gpus, "nodes": nodes, "tasks": 1}
    run.config["resources"] = dict.fromkeys(("train", "trace", "generate"), asked)
    run.config["models"] = {"mine": {"tensor_parallel": 4, "data_parallel": 2}}
    run.__dict__["reached"] = {"models": ["mine"]}
    assert [f"{gpus} GPUs a node" in finding.line for finding in ranks(run)] == [True] * wrong
