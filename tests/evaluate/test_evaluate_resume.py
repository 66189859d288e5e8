"""`koreason generate` with vLLM on a tiny model: what is killed goes on to the same bytes, and nothing is drawn twice."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from koreason.engine.journals.journal import read_lines
from koreason.records.stage import Stage

pytestmark = pytest.mark.slow

SAMPLING = {"temperature": 0.7, "top_p": 0.9, "top_k": 0, "min_p": 0.0, "max_tokens": 96, "segment_tokens": 16}
ITEMS = [{"id": f"{index:02d}", "question": f"사과 {index}개와 둘을 더하면?", "gold": str(index + 2)} for index in range(12)]


class Answering:
    """One model and one benchmark, answered below different folders."""

    def __init__(self, home, workbench):
        self.home, self.workbench, self.model = home, workbench, workbench.folder / "tiny"
        script = home / "tests" / "engine" / "tiny_model.py"
        subprocess.run([home / "envs" / "run", "vllm", "python", script, self.model], check=True, capture_output=True)
        with Stage(self.model, "base", {}, []) as stage:
            for path in sorted(path for path in self.model.glob("*") if path.is_file()):
                stage.take(path)
        engine = {**json.loads(workbench.spec())["engine"], "max_num_seqs": 4}
        spec = workbench.spec(ITEMS, repeats=2, sampling=SAMPLING, engine=engine)
        self.bench, self.scoring = workbench.bench(spec), workbench.part("score", spec)
        self.spec = json.loads(workbench.part("generate", spec))

    def start(self, root, sampling=SAMPLING, **engine):
        spec = {**self.spec, "sampling": sampling, "engine": {**self.spec["engine"], **engine}}
        options = {"--spec": json.dumps(spec), "--bench": self.bench, "--model": self.model / "manifest.json"}
        options |= {"--journal": root / "journal", "--out": root / "generations"}
        words = [str(word) for option in options.items() for word in option]
        command = [str(self.home / "bin" / "koreason"), "generate", *words]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def finish(self, root, **options):
        """Run to the end; what `run.json` says."""
        process = self.start(root, **options)
        _, errors = process.communicate(timeout=400)
        assert process.returncode == 0, errors[-3000:]
        return json.loads((root / "generations" / "run.json").read_text())


def journal(root, name):
    return root / "journal" / "00000-of-00001" / f"{name}.jsonl"


def manifest(root):
    return (root / "generations" / "manifest.json").read_bytes()


def wait_for(process, root, name, lines):
    """Until the journal's file has so many lines."""
    path, deadline = journal(root, name), time.monotonic() + 300
    while not path.exists() or path.read_bytes().count(b"\n") < lines:
        assert process.poll() is None, "it ended before it could be told to"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def answering(home, tmp_path_factory, workbench_in):
    return Answering(home, workbench_in(tmp_path_factory.mktemp("answering")))


@pytest.fixture(scope="module")
def undisturbed(answering):
    """Folder and facts of a run that nothing happened to."""
    root = answering.workbench.folder / "undisturbed"
    return root, answering.finish(root)


def test_answers_do_not_depend_on_what_is_drawn_beside_them(answering, undisturbed, tmp_path, run):
    root, facts = undisturbed
    answering.finish(tmp_path, max_num_seqs=1)
    assert manifest(tmp_path) == manifest(root)
    tokens = sum(len(line["tokens"]) for line in read_lines(journal(root, "segments")))
    assert facts["engine_tokens"] == tokens == sum(row["tokens"] for row in read_lines(journal(root, "rows")))
    generations = root / "generations" / "manifest.json"
    words = ["--spec", answering.scoring, "--bench", answering.bench, "--generations", generations, "--out", tmp_path / "scores"]
    result = run("score-bench", *words)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "scores" / "scores.json").read_text())["answers"] == 24


def test_told_to_end_it_goes_on_to_the_same_bytes_without_a_token_twice(answering, undisturbed, tmp_path):
    root, facts = undisturbed
    process = answering.start(tmp_path)
    wait_for(process, tmp_path, "segments", 1)
    process.terminate()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 75, errors[-3000:]
    [drawn] = re.findall(r"told to end by SIGTERM: (\d+) tokens drawn", errors)
    assert sum(len(line["tokens"]) for line in read_lines(journal(tmp_path, "segments"))) == int(drawn), "all of it is on disk"
    assert [path.name for path in (tmp_path / "generations").iterdir() if "attempt" not in path.name] == []
    resumed = answering.finish(tmp_path)
    assert manifest(tmp_path) == manifest(root)
    assert 0 < int(drawn) < facts["engine_tokens"]
    assert int(drawn) + resumed["engine_tokens"] == facts["engine_tokens"]


def test_killed_it_draws_again_only_what_had_not_come_to_disk(answering, undisturbed, tmp_path):
    root, facts = undisturbed
    process = answering.start(tmp_path)
    wait_for(process, tmp_path, "rows", 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert [path.name for path in (tmp_path / "generations").iterdir() if "attempt" not in path.name and path.name != ".making"] == []
    rows = len(list(read_lines(journal(tmp_path, "rows"))))
    kept = sum(len(line["tokens"]) for line in read_lines(journal(tmp_path, "segments")))
    with open(journal(tmp_path, "segments"), "ab") as file:
        file.write(b'{"key": "torn"')
    resumed = answering.finish(tmp_path)
    assert manifest(tmp_path) == manifest(root)
    assert resumed["from_journal"] == rows
    assert resumed["torn_bytes"] >= 14
    assert 0 < kept < facts["engine_tokens"]
    assert kept + resumed["engine_tokens"] == facts["engine_tokens"]
    keys = [row["key"] for row in read_lines(journal(tmp_path, "rows"))]
    assert len(keys) == len(set(keys)) == 24


def test_a_deleted_output_comes_back_without_an_engine(answering, undisturbed, tmp_path):
    root, _ = undisturbed
    shutil.copytree(root / "journal", tmp_path / "journal")
    facts = answering.finish(tmp_path)
    assert manifest(tmp_path) == manifest(root)
    assert (facts["from_journal"], facts["engine_tokens"]) == (24, 0)
    assert "start_seconds" not in facts


def test_without_a_limit_an_answer_gets_what_its_prompt_leaves(answering, tmp_path):
    for length in (120, 140):
        facts = answering.finish(tmp_path, sampling=SAMPLING | {"max_tokens": None}, max_model_len=length)
        assert facts["from_journal"] == 0, "an answer of another length is another answer"
        cut = [row for row in read_lines(journal(tmp_path, "rows")) if row["limit"] == length and row["finish"] == "length"]
        assert len(cut) > 12 and {row["prompt_tokens"] + row["tokens"] for row in cut} == {length}
