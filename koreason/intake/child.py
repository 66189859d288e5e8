"""A question about a stranger's file, asked in a process that can be killed: a library may hang in it, or ask for all memory.

    found = ask("koreason.bases.look", [str(folder)], folder)      # what `serve` gives there

    if __name__ == "__main__":                                      # in that module
        serve(look)                                                 # look(arguments) -> JSON

The child has no standard input, can write no file of any size, and ends with its limits: the kernel sees to it.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from koreason.errors import UserError

SECONDS = 60  # of processor time, imports among them
WALL = 180.0  # on a machine that is busy
MEMORY = 8 << 30  # of address space
LARGEST = 1 << 20  # bytes of an answer
FILE = 1 << 20  # bytes of a file: libraries try out whether they may write one
FOUND, REFUSED = "found", "refused"


def ask(module: str, arguments: Sequence[str], where: object, seconds: int = SECONDS, memory: int = MEMORY) -> Any:
    """What a module of ours finds out in a child.

    Raises:
        UserError: it refuses the file; or it did not come to an end within its limits.
    """
    command = [sys.executable, "-P", "-m", module, str(seconds), str(memory), *arguments]
    environment = os.environ | {"TOKENIZERS_PARALLELISM": "false", "PYTHONSAFEPATH": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
    ) as process:
        try:
            said, errors = process.communicate(timeout=WALL)
        except subprocess.TimeoutExpired:
            process.kill()
            raise UserError(f"no end after {WALL:g} s of looking at it", where, "choose another model") from None
        except BaseException:
            process.kill()
            raise
    try:
        answer = json.loads(said[-LARGEST:].splitlines()[-1])
        if REFUSED in answer:
            raise UserError(str(answer[REFUSED]))
        return answer[FOUND]
    except (IndexError, ValueError, KeyError, TypeError):
        lines = errors.decode(errors="replace").strip().splitlines() or [f"status {process.returncode}"]
        what = f"cannot be looked at within {seconds} s and {memory >> 30} GiB ({lines[-1][:120]})"
        raise UserError(what, where, "choose another model") from None


def serve(function: Callable[[list[str]], Any]) -> NoReturn:
    """Answer in a child, within the limits that its command line begins with."""
    seconds, memory, *arguments = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    try:
        answer = {FOUND: function(arguments)}
    except UserError as error:
        answer = {REFUSED: str(error)}
    except MemoryError:
        answer = {REFUSED: str(UserError(f"asks for more than {int(memory) >> 30} GiB", " ".join(arguments), "choose another model"))}
    print("\n" + json.dumps(answer), flush=True)
    os._exit(0)  # without what libraries do at their end, for which there may be no memory
