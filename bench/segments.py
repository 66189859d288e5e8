"""Tokens per second of the trace stage and of the same engine given the same requests in one go.

    envs/run vllm python bench/segments.py MODEL [--answers 32] [--tokens 300] [--turns 2]

MODEL is a folder in Hugging Face's layout with a chat template, such as results/bases/smollm2-135m. The stage draws its answers in
segments, each with a seed, into a journal, under keys of what the model sees. The engine alone is given whole answers. Both run on one
engine, by turns, with room for the keys and values of all answers in flight, and then, in another process, for half of them. Printed is
the ratio by the clock and, where the engine is in this process, by the processor, which neighbours on the machine change less, and by
what the engine computed, prompts and all, for each token that was drawn, which they do not change. Exit status 1 where the stage's rate
is below 0.97 of the engine's by all of these.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from koreason.engine import device
from koreason.engine.drawing import Model, draw
from koreason.engine.signals import Notice
from koreason.engine.spec import Engine, Sampling
from koreason.records.stage import Stage

LEAST = 0.97
SIDECARS = ("manifest.json", "run.json", "attempts.jsonl")
SEGMENT, BLOCK = 96, device.CPU_BLOCK
QUESTION = "{number}번 문제: 사과 {number}개와 배 {other}개를 상자 {boxes}개에 똑같이 나누어 담는 방법을 자세히 설명하세요."


def measure(folder: Path, answers: int, tokens: int, turns: int, room: float) -> dict[str, list[tuple[float, ...]]]:
    """Tokens per second of both ways, by the clock and by the processor, and per token that the engine computed, turn by turn."""
    sampling = Sampling(temperature=0.8, top_p=0.95, top_k=40, min_p=0.0, max_tokens=tokens, segment_tokens=SEGMENT)
    engine = Engine(
        dtype="float32" if device.on_cpu() else "bfloat16", max_model_len=1024, max_num_seqs=answers, tensor_parallel=1,
        kv_cache_gib=4, gpu_memory_utilization=0.9,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "base"
        base.mkdir()
        with Stage(base, "base", {}, []) as stage:
            for path in sorted(path for path in folder.iterdir() if path.is_file() and path.name not in SIDECARS):
                (base / path.name).symlink_to(path.resolve())
                stage.take(base / path.name)
        model = Model.read(base, "", sampling, engine)
        longest = tokens + max(len(request(model, number, 0).prompt or ()) for number in range(answers))
        blocks = round(room * answers * -(-longest // BLOCK)) + 1
        limited(blocks)
        rates: dict[str, list[tuple[float, ...]]] = {"engine": [], "stage": []}
        computed = counted(model.generator) if device.on_cpu() else [0]
        for turn in range(turns):
            for way in ("engine", "stage") if turn % 2 else ("stage", "engine"):
                requests = [request(model, number, turn + 1) for number in range(answers)]
                model.generator._engine.reset_prefix_cache()
                began, used, before = time.monotonic(), time.process_time(), computed[0]
                if way == "engine":
                    drawn = alone(model, requests)
                else:
                    _, facts = draw(requests, model, Path(scratch) / f"journal-{turn}", "00000-of-00001", Notice())
                    drawn = facts["engine_tokens"]
                rates[way].append((drawn / (time.monotonic() - began),))
                if device.on_cpu():
                    rates[way][-1] += drawn / (time.process_time() - used), drawn / (computed[0] - before)
                told = ", ".join(f"{rate:.3g}" for rate in rates[way][-1])
                print(f"{room:.0%} room, {way}: {drawn} tokens; {told}", file=sys.stderr, flush=True)
    return rates


def counted(generator: Any) -> list[int]:
    """The tokens that the engine's scheduler gives it to compute, in this process."""
    scheduler, count = generator._engine.engine_core.engine_core.scheduler, [0]
    schedule = scheduler.schedule

    def counting(*given: Any) -> Any:
        step = schedule(*given)
        count[0] += step.total_num_scheduled_tokens
        return step

    scheduler.schedule = counting
    return count


def request(model: Model, number: int, turn: int) -> Any:
    """One question; other turns draw with other seeds."""
    question = QUESTION.format(number=number + 11, other=number + 37, boxes=number % 7 + 3)
    return model.request([{"role": "user", "content": question}], 1000 * turn + number)


def limited(blocks: int) -> None:
    """Let the engine have so many blocks for keys and values."""
    given = device.options

    def options(engine: Engine, *, cpu: bool) -> tuple[dict[str, str], dict[str, Any]]:
        variables, arguments = given(engine, cpu=cpu)
        return variables, arguments | {"num_gpu_blocks_override": blocks}

    device.options = options


def alone(model: Model, requests: list[Any]) -> int:
    """Draw whole answers with the engine itself; returns how many tokens."""
    generator = model.generator
    given, sampling = generator._engine, generator.sampling
    generator.sampling = replace(sampling, segment_tokens=sampling.max_tokens or 1)
    count = 0
    try:
        for each in requests:
            generator._draw(generator._admit(replace(each, sampling=generator.sampling)))  # type: ignore[arg-type]
        while given.has_unfinished_requests():
            count += sum(len(output.outputs[0].token_ids) for output in given.step() if output.finished)
    finally:
        generator.sampling = sampling
    return count


def main() -> int:
    """Print both ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of a converted model")
    parser.add_argument("--answers", type=int, default=32, help="in flight (default: 32)")
    parser.add_argument("--tokens", type=int, default=300, help="of an answer at most (default: 300)")
    parser.add_argument("--turns", type=int, default=2, help="of which the fastest counts (default: %(default)s)")
    parser.add_argument("--room", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.room:
        print(json.dumps(measure(arguments.model, arguments.answers, arguments.tokens, arguments.turns, arguments.room)))
        return 0
    worst = 1.0
    for room in (1.0, 0.5):
        command = [sys.executable, __file__, str(arguments.model), "--room", str(room)]
        command += [part for name in ("answers", "tokens", "turns") for part in (f"--{name}", str(getattr(arguments, name)))]
        rates = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
        stage, engine = ([max(each) for each in zip(*rates[way], strict=True)] for way in ("stage", "engine"))
        ratios = [one / other for one, other in zip(stage, engine, strict=True)]
        worst = min(worst, max(ratios))
        told = f"stage {stage[0]:.1f}, engine {engine[0]:.1f} tokens/s, ratio {ratios[0]:.3f}"
        told += "".join(f", by {what} {ratio:.3f}" for what, ratio in zip(("the processor", "tokens computed"), ratios[1:], strict=False))
        print(f"room for {room:4.0%} of {arguments.answers} answers: {told}", flush=True)
    return int(worst < LEAST)


if __name__ == "__main__":
    sys.exit(main())
