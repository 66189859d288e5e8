"""What a plan says of memory against peaks that are traced, one rank of the real layouts, without their GPUs."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from train_scripts import HERE, HOME, start

from koreason.config.files.layers import layered
from koreason.pretrained.configuration import understand
from koreason.pretrained.published import PUBLISHED
from koreason.train.cost import fits, layouts, memory, parameters
from koreason.train.spec import Model

PAPER = yaml.safe_load((HOME / "config/paper.yaml").read_text())
WITHIN = 0.1
# each family, tied and not, and each kind of recomputing
SAMPLE = ("KO-REAson-G3-4B-0831", "KO-REAson-Q2_5-14B-1009", "KO-REAson-AX3_1-35B-1009")


def asked(name: str, **changes: object) -> dict[str, object]:
    entry = dict(layered([HOME / "config/paper.yaml"])["models"][name])
    hub = PAPER["bases"][entry.pop("base")]["hub"]
    return {"configuration": PUBLISHED[hub], "model": entry | changes, "tokens": 16384}


@pytest.mark.slow
@pytest.mark.parametrize("names", [pytest.param(SAMPLE, id="sample"), pytest.param([*PAPER["models"]], id="all", marks=pytest.mark.soak)])
def test_peaks_that_are_traced_are_what_the_plan_says(names):
    every = {name: asked(name) for name in names}
    every["light"] = asked("KO-REAson-L3_1-8B-0831", recompute="light")
    every["alone"] = asked("KO-REAson-G3-4B-0831", data_parallel=1, tensor_parallel=1, sequence_parallel=False, recompute="full")
    process = start("-W", "ignore", HERE / "traced.py", json.dumps(every))
    output, errors = process.communicate(timeout=1800)
    [line] = [line[8:] for line in output.splitlines() if line.startswith("RESULTS ")] or [errors]
    for name, found in json.loads(line).items():
        said = memory(understand(every[name]["configuration"])[0], Model(**every[name]["model"]), every[name]["tokens"])
        assert abs(said.held - found["before"]) < 0.02 * found["before"], (name, said, found)
        assert abs(said.total - found["peak"]) < WITHIN * found["peak"], (name, said, found)


def test_models_have_the_parameters_that_they_are_published_with():
    """A.X and Kanana are plain Llama by their sizes."""
    tower, width = 416_866_032, 1152  # what Gemma 3 sees with, and how wide that is: of both sizes the same
    for hub, facts in PUBLISHED.items():
        configuration, found = understand(facts)
        assert not found and configuration is not None
        [said] = [entry["parameters"] for entry in PAPER["bases"].values() if entry.get("hub") == hub]
        exact = parameters(configuration) + configuration.wrapped * (tower + width * configuration.hidden + width)
        assert exact == said or (said % 10**9 == 0 and abs(exact - said) < 0.04 * said), (hub, exact, said)
    light, _ = understand(PUBLISHED["skt/A.X-3.1-Light"])
    assert light is not None and (light.family, parameters(light)) == ("llama", 7_264_800_768)


def test_a_layout_that_fits_is_found_and_one_that_cannot_is_not():
    configuration, _ = understand(PUBLISHED["meta-llama/Llama-3.1-8B-Instruct"])
    spec = Model(tensor_parallel=1, data_parallel=8, sequence_parallel=False, dtype="bfloat16", recompute="none")
    assert configuration is not None and not fits(memory(configuration, spec, 16384), 80)
    first = next(layouts(configuration, spec, 16384, 80))
    assert asdict(first) | {"sequence_parallel": True} == asdict(first) and (first.tensor_parallel, first.recompute) == (2, "none")
    assert fits(memory(configuration, first, 16384), 80)
    assert not list(layouts(configuration, spec, 16384, 10))


def test_the_plan_of_models_refuses_what_does_not_fit_and_names_what_does(run, tmp_path: Path):
    (tmp_path / "over.yaml").write_text(
        "models: {KO-REAson-L3_1-8B-0831: {tensor_parallel: 1, data_parallel: 8}}\nrun: {experiments: [{models: [KO-REAson-L3_1-8B-0831],"
        " mixes: [yisang_hq], schedules: [final], benches: [], base: false}]}\n"
    )
    files = [HOME / "config/paper.yaml", tmp_path / "over.yaml"]
    done = run("plan", "--models", "--card", "80", "--configfile", *files)
    assert done.returncode == 2 and "KO-REAson-L3_1-8B-0831 would not fit cards of 80 GiB" in done.stderr
    assert "this does: tensor_parallel: 2, data_parallel: 4, sequence_parallel: true, recompute: none" in done.stdout
    done = run("plan", "--models", "--card", "141", "--configfile", *files)
    assert done.returncode == 0 and "8.03" in done.stdout and "GPU-hours" in done.stdout


def test_cuda_stands_in_one_module_and_what_stands_in_for_it_in_another():
    found = {path.name for path in (HOME / "koreason").rglob("*.py") if "torch.cuda" in path.read_text()}
    assert found == {"cuda.py", "cpu.py"}
