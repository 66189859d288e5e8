"""How vLLM is set up on the device that it is built for: exact on CPU, fast on GPU.

    variables, arguments = options(engine, cpu=on_cpu())

On CPU answers are exact in float32 whatever runs beside them, which is what resumed shards are tested by. What serves that there
costs time on a GPU, where bfloat16 is not exact in any case: so it is chosen here, by device, and is no option of a recipe.
"""

import os
import threading
import time
import weakref
from typing import Any

from koreason.engine.answers import version
from koreason.engine.spec import Engine

CPU_BLOCK = 32  # tokens of a block of the key-value cache
WATCH_SECONDS = 1.0
CPU_BATCH = 8192  # least tokens of a step, so that the longest prompt is prefilled in one


def on_cpu() -> bool:
    """Whether the vLLM that is installed here is built for CPU, which is also how vLLM tells."""
    return "cpu" in version()


def options(engine: Engine, *, cpu: bool) -> tuple[dict[str, str], dict[str, Any]]:
    """Environment variables, which have to be set before vLLM is imported, and arguments of the engine."""
    common = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    if not cpu:
        # An engine process schedules the next step while the device works on this one, and may die without the job. Chunked prefill,
        # CUDA graphs and threads are vLLM's own choice.
        return common | {"VLLM_ENABLE_V1_MULTIPROCESSING": "1"}, {"enforce_eager": False}
    # One process with one thread: vLLM's results do not depend on batch and order, but they may on thread count.
    variables = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    variables |= {"VLLM_CPU_KVCACHE_SPACE": str(engine.kv_cache_gib), "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    arguments = {"enforce_eager": True, "block_size": CPU_BLOCK, "max_num_batched_tokens": max(CPU_BATCH, engine.max_model_len)}
    # A seeded request must not be prefilled in parts: vLLM would rewind a generator that cannot be rewound.
    return common | variables, arguments | {"enable_chunked_prefill": False}


def prepare(engine: Engine) -> dict[str, Any]:
    """Set the environment's variables, before anything imports torch or the hub's client; returns the engine's arguments."""
    variables, arguments = options(engine, cpu=on_cpu())
    os.environ.update(variables)
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    return arguments


def watch(engine: Any) -> None:
    """See to it that an engine whose process was killed, or crashed, fails instead of being waited for.

    vLLM's synchronous client notes that the process is gone and goes on waiting for its output, for ever: whoever waits is told here.
    """
    core = engine.engine_core
    if not hasattr(core, "outputs_queue"):
        return  # it runs in this process
    resources, outputs, alive = core.resources, core.outputs_queue, weakref.ref(core)
    del core

    def look() -> None:
        while alive() is not None:
            if resources.engine_dead:
                outputs.put_nowait(RuntimeError("the engine's process is gone"))
                return
            time.sleep(WATCH_SECONDS)

    threading.Thread(target=look, name="engine watch", daemon=True).start()
