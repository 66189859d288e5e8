"""A tiny model's folder, written with the standard library: `made(tmp_path)`, and what of it is to be otherwise."""

import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from koreason.pretrained.configuration import understand
from koreason.pretrained.weights import weights_of

ROPE = {"rope_type": "default", "rope_theta": 10000.0}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 24,
    "vocab_size": 40,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "rope_parameters": ROPE,
    "eos_token_id": 1,
    "hidden_act": "silu",
    "dtype": "float32",
}
ARCHITECTURES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}<e>{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
Shapes = dict[str, tuple[int, ...]]


def config_of(family: str = "llama", **changes: Any) -> dict[str, Any]:
    """A configuration; `...` takes a key out."""
    config = CONFIG | {"model_type": family, "architectures": [ARCHITECTURES.get(family, family)]}
    config |= {"head_dim": 4} if family == "qwen3" else {}
    return {key: value for key, value in (config | changes).items() if value is not ...}


def tokenizer(tokens: int = 32) -> dict[str, Any]:
    """A tokenizer of letters, with two marks."""
    words = {"<s>": 0, "<e>": 1} | {chr(63 + number): number for number in range(2, tokens)}
    added = [{"id": number, "content": word, "special": True} | FLAGS for word, number in words.items() if number < 2]
    return {"version": "1.0", "added_tokens": added, "model": {"type": "BPE", "vocab": words, "merges": []}}


FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
SETTINGS = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "<e>", "chat_template": TEMPLATE}


def write_tensors(path: Path, shapes: Shapes, dtypes: dict[str, str] | None = None, fill: dict[str, int] | None = None) -> None:
    """A safetensors file; bytes of a tensor are `fill`, else 0, and its type float32 or that of `dtypes`."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, shape in shapes.items():
        dtype = (dtypes or {}).get(name, "F32")
        size = math.prod(shape) * {"F32": 4, "BF16": 2, "F16": 2, "I32": 4, "F8_E4M3": 1, "U8": 1}[dtype]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + size]}
        data += bytes([(fill or {}).get(name, 0)]) * size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def made(
    folder: Path,
    config: dict[str, Any] | str | None = None,
    change: Callable[[Shapes], object] = lambda shapes: None,
    dtypes: dict[str, str] | None = None,
    fill: dict[str, int] | None = None,
    shards: int = 1,
) -> Path:
    """Write a model of a configuration, with other tensors where `change` edits their shapes, in so many shards."""
    folder.mkdir(parents=True)
    config = config_of() if config is None else config
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    read = understand(config_of() if isinstance(config, str) else config)[0] or understand(config_of())[0]
    assert read
    shapes: Shapes = dict(weights_of(read))
    change(shapes)
    if shards == 1:
        write_tensors(folder / "model.safetensors", shapes, dtypes, fill)
    else:
        names = {name: f"model-{place % shards + 1:05}-of-{shards:05}.safetensors" for place, name in enumerate(shapes)}
        for file in set(names.values()):
            write_tensors(folder / file, {name: shape for name, shape in shapes.items() if names[name] == file}, dtypes, fill)
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    (folder / "tokenizer_config.json").write_text(json.dumps(SETTINGS))
    return folder
