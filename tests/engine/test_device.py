"""What is chosen by device, and that each choice is one that the pinned vLLM knows."""

import ast
import queue
import types

import pytest

from koreason.engine import device
from koreason.engine.device import on_cpu, options
from koreason.engine.spec import Engine
from koreason.home import environments

ENGINE = Engine("bfloat16", 32768, 64, 2, 4, 0.9)


def test_nothing_that_serves_exactness_on_cpu_slows_a_gpu():
    variables, arguments = options(ENGINE, cpu=False)
    assert variables["VLLM_ENABLE_V1_MULTIPROCESSING"] == "1"
    assert not {"OMP_NUM_THREADS", "MKL_NUM_THREADS"} & variables.keys(), "threads are the job's"
    assert arguments == {"enforce_eager": False}, "chunked prefill, batches and blocks are vLLM's own"


def test_on_cpu_nothing_depends_on_what_runs_beside_it():
    variables, arguments = options(ENGINE, cpu=True)
    assert (variables["VLLM_ENABLE_V1_MULTIPROCESSING"], variables["OMP_NUM_THREADS"], variables["MKL_NUM_THREADS"]) == ("0", "1", "1")
    assert arguments["enforce_eager"] and not arguments["enable_chunked_prefill"]
    assert arguments["max_num_batched_tokens"] == 32768, "a prompt of full length is prefilled in one step"


@pytest.mark.parametrize(("version", "cpu"), [("0.32.0+cpu", True), ("0.32.0", False), ("0.32.0+cu129", False)])
def test_the_device_is_what_vllm_is_built_for(monkeypatch, version, cpu):
    monkeypatch.setattr(device, "version", lambda: version)
    assert on_cpu() is cpu


def test_the_pinned_engine_knows_every_word():
    """Read in its source: an import takes ten seconds."""
    found = list(environments().glob("vllm/lib/python3*/site-packages/vllm"))
    if not found:
        pytest.skip("the environment vllm is not there")
    names = ("envs.py", "engine/arg_utils.py", "v1/engine/core_client.py")
    source = {name: (found[0] / name).read_text(encoding="utf-8") for name in names}
    fields = {
        node.target.id
        for kind in ast.walk(ast.parse(source["engine/arg_utils.py"]))
        if isinstance(kind, ast.ClassDef) and kind.name == "EngineArgs"
        for node in kind.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    for cpu in (True, False):
        variables, arguments = options(ENGINE, cpu=cpu)
        assert not [name for name in variables if name.startswith("VLLM_") and f'"{name}"' not in source["envs.py"]]
        assert arguments.keys() <= fields
    client = source["v1/engine/core_client.py"]
    assert "self.resources.engine_dead = True" in client or "_self.resources.engine_dead = True" in client
    assert "outputs = self.outputs_queue.get()" in client, "what `watch` puts there is what a step waits for"


def test_an_engine_whose_process_is_gone_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(device, "WATCH_SECONDS", 0.01)

    class Core:
        def __init__(self):
            self.outputs_queue, self.resources = queue.Queue(), types.SimpleNamespace(engine_dead=False)

    core = Core()
    device.watch(types.SimpleNamespace(engine_core=core))
    with pytest.raises(queue.Empty):
        core.outputs_queue.get(timeout=0.1)
    core.resources.engine_dead = True
    assert "process is gone" in str(core.outputs_queue.get(timeout=10))
    device.watch(types.SimpleNamespace(engine_core=object()))
