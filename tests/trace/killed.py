"""Trace commands that are killed, with every token counted that the engine draws: a program of the environment `vllm`, and who calls it.

    envs/run vllm python tests/trace/killed.py ROOT < PLAN       # prints a line of JSON for each attempt

Writes a tiny teacher to ROOT/teacher. The engine is imported once, and each attempt is a fork with a process group of its own. Before each
step the number of tokens that it draws is appended to ROOT/counts by the scheduler itself: what is lost in a kill is counted, too.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
POISON = "독"  # in a question of which a process dies, where an attempt has it


@dataclass(frozen=True)
class Attempt:
    """What is run, and what ends it.

    Attributes:
        words: of a command.
        kill_after: tokens after which its process group is killed.
        peer_of: number of an attempt; a loop that writes finished rows only draws as many tokens as that one.
        poison: signal by which a process ends itself when a request with `POISON` has drawn five tokens of a segment.
    """

    words: list[str]
    kill_after: int | None = None
    peer_of: int | None = None
    poison: str | None = None


def run(root: Path, attempts: list[Attempt]) -> list[dict[str, int]]:
    """Attempts one after the other; of each its `status` (minus a signal), and how many `tokens` were drawn."""
    words = [str(HOME / "envs" / "run"), "vllm", "python", __file__, str(root)]
    plan = json.dumps(list(map(asdict, attempts)))
    done = subprocess.run(words, input=plan.encode(), capture_output=True, timeout=900)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b'{"status"')]
    assert len(found) == len(attempts), done.stderr.decode()[-5000:]
    return found


def main(root: Path, attempts: list[Attempt]) -> None:
    """Import the engine, then run the attempts."""
    from koreason.engine.device import prepare
    from koreason.engine.spec import Engine

    spec = json.loads(attempts[0].words[attempts[0].words.index("--spec") + 1])
    prepare(Engine(**spec["engine"]))
    from vllm import LLMEngine  # noqa: F401
    from vllm.model_executor.models import llama  # noqa: F401
    from vllm.v1.worker import cpu_worker  # noqa: F401

    import koreason.trace.shard  # noqa: F401

    in_a_child(partial(teacher, root / "teacher"))
    counts, told = root / "counts", []
    counts.write_text("")
    for attempt in attempts:
        limit = attempt.kill_after if attempt.peer_of is None else told[attempt.peer_of]["tokens"]
        told.append(in_a_child(partial(work, attempt, root), counts, limit))
        print(json.dumps(told[-1]), flush=True)


def in_a_child(work: object, counts: Path = Path(os.devnull), limit: int | None = None) -> dict[str, int]:
    """Let a child do something, and kill its process group after so many tokens."""
    before, ended = drawn(counts), (0, 0)
    if not (child := os.fork()):
        os.setpgid(0, 0)
        os._exit(work())
    while not ended[0]:
        if limit is not None and drawn(counts) - before >= limit:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.002)
        ended = os.waitpid(child, os.WNOHANG)
    return {"status": os.waitstatus_to_exitcode(ended[1]), "tokens": drawn(counts) - before}


def drawn(counts: Path) -> int:
    """Tokens so far."""
    return sum(map(int, counts.read_text().splitlines()))


def teacher(folder: Path) -> int:
    """A tiny model with its manifest."""
    from tiny_model import main as write

    from koreason.records.stage import Stage

    with Stage(folder, "base", {}, []) as stage:
        write(folder, printable=False)
        for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
            stage.take(path)
    return 0


def work(attempt: Attempt, root: Path) -> int:
    """One attempt."""
    from koreason.cli import main as koreason

    count(root, attempt.poison)
    return koreason(attempt.words, alone=True) if attempt.peer_of is None else peer(attempt.words, root / "rows.jsonl")


def count(root: Path, poison: str | None) -> None:
    """Let the scheduler count, and the poison work."""
    from tokenizers import Tokenizer
    from vllm.v1.core.sched.scheduler import Scheduler

    schedule = Scheduler.schedule
    fatal = Tokenizer.from_file(str(root / "teacher" / "tokenizer.json")).encode(POISON, add_special_tokens=False).ids
    fatal = f"{fatal}"[1:-1]

    def counted(self: Scheduler, *given: object) -> object:
        step = schedule(self, *given)
        file = os.open(root / "counts", os.O_WRONLY | os.O_APPEND)
        os.write(file, f"{len(step.num_scheduled_tokens)}\n".encode())  # prompts are not cut on CPU, so each request draws one
        os.close(file)
        for key in step.num_scheduled_tokens if poison else ():
            request = self.requests[key]
            if request.num_output_tokens == 5 and fatal in f"{request.prompt_token_ids}":
                os.kill(os.getpid(), signal.Signals[poison])
        return step

    Scheduler.schedule = counted


def peer(words: list[str], path: Path) -> int:
    """What most generators do: draw what has no finished row yet, and write a row when it is finished."""
    from koreason.cli import parser_for
    from koreason.config.load import read_spec
    from koreason.engine.drawing import Model
    from koreason.records.held import held
    from koreason.trace.shard import build_requests, shard_prompts
    from koreason.trace.spec import Recipe

    arguments = parser_for(words[0]).parse_args(words[1:])
    recipe = read_spec(arguments.spec, Recipe)
    model = Model.read(arguments.teacher, recipe.prefill, recipe.sampling, recipe.engine)
    requests = build_requests(shard_prompts(held(arguments.pool), arguments.shard[0]), recipe, model)
    finished = {json.loads(line)["key"] for line in path.read_text().splitlines()} if path.is_file() else set()
    with open(path, "a", buffering=1) as file:
        for answer in model.generator.answers([request for request in requests if request.key not in finished]):
            file.write(json.dumps({"key": answer.key, "tokens": answer.tokens}) + "\n")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(HOME / "tests" / "engine"))
    main(Path(sys.argv[1]), [Attempt(**each) for each in json.load(sys.stdin)])
