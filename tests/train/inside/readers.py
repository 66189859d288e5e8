"""What readers make of exported models, each in its own environment:  python readers.py write|transformers|vllm FOLDER

`write` exports a random model of each family (environment `megatron`). The others print one line, `READ` and JSON: for each model what was
read of the same tokens, as log-probabilities of all tokens at each place, and the tokens of a conversation.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from koreason.pretrained.keys import KEYS

CHAT = [{"role": "user", "content": "1 + 1 = 2, 한국어  문장\n\n🙂?"}]
TOKENS = [int(place * place * 7 + place * 3) % 260 for place in range(120)]
LLAMA31 = {"rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
           "original_max_position_embeddings": 32}  # fmt: skip
# nothing as a reader would take it by default
OTHER = {"rope_theta": 12345.0, "rope_type": "default"}
# heads of 32, which vLLM has on CPU
SIZES: dict[str, Any] = {"vocab_size": 263, "num_hidden_layers": 2, "intermediate_size": 64, "rms_norm_eps": 1e-4,
                         "max_position_embeddings": 4096}  # fmt: skip
HEADS = {"num_attention_heads": 6, "num_key_value_heads": 3}
WIDE, NARROW = {"hidden_size": 192}, {"hidden_size": 96, "head_dim": 32}


def write(folder: Path) -> None:
    """One model of each family and rope, exported as `koreason train` does."""
    import tiny
    from transformers import Gemma3TextConfig, LlamaConfig, Qwen2Config, Qwen3Config

    from koreason.records.held import held
    from koreason.records.stage import Stage
    from koreason.train import export

    made = {
        "llama": LlamaConfig(**SIZES, **HEADS, **NARROW, tie_word_embeddings=False, rope_parameters=LLAMA31),
        "qwen2": Qwen2Config(**SIZES, **HEADS, **WIDE, tie_word_embeddings=True, rope_parameters=OTHER),
        "qwen3": Qwen3Config(**SIZES, **HEADS, **NARROW, tie_word_embeddings=False, rope_parameters=OTHER),
        "gemma3_text": Gemma3TextConfig(**SIZES, **HEADS, **tiny.GEMMA | NARROW),
    }
    for name, config in made.items():
        base = folder / "bases" / name
        tiny.model(config).save_pretrained(base)
        tiny.tokenizer().save_pretrained(base)
        tiny.declare(base)
        with Stage(folder / "models" / name, "train", {}, []) as stage:
            export.write(stage, held(base), "float32")
            (base / "model.safetensors").rename(folder / "models" / name / "model.safetensors")


def by_transformers(model: Path) -> tuple[Any, list[int]]:
    """Log-probabilities and a conversation's tokens as whatever version of transformers is here has them."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    read, tokenizer = AutoModelForCausalLM.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    assert read.dtype == torch.float32
    with torch.no_grad():
        scores = read(torch.tensor([TOKENS])).logits[0].log_softmax(-1)
    text = tokenizer.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
    return scores[:-1].tolist(), tokenizer(text, add_special_tokens=False)["input_ids"]


def defaults() -> dict[str, dict[str, Any]]:
    """What a configuration that says nothing means to the version of transformers that is here, at 8 heads of 64."""
    from transformers import Gemma3TextConfig, LlamaConfig, Qwen2Config, Qwen3Config

    found = {}
    for kind in (LlamaConfig, Qwen2Config, Qwen3Config, Gemma3TextConfig):
        read = kind(hidden_size=64, num_attention_heads=8)
        rope = getattr(read, "rope_parameters", None) or {"rope_theta": read.rope_theta}
        rope = rope.get("full_attention", rope)
        found[kind.model_type] = {
            **{key: getattr(read, key, None) for key in KEYS[kind.model_type].defaults},
            "rope_theta": rope["rope_theta"],
            "head_dim": getattr(read, "head_dim", 64 // 8),
            "hidden_act": getattr(read, "hidden_activation", None) or read.hidden_act,
            **{key: getattr(read, key, False) for key in ("attention_bias", "mlp_bias", "use_sliding_window")},
        }
    return found


def by_vllm(model: Path) -> tuple[Any, list[int]]:
    """The same of vLLM."""
    from koreason.engine.device import prepare
    from koreason.engine.spec import Engine

    engine = Engine(dtype="float32", max_model_len=256, max_num_seqs=2, tensor_parallel=1, kv_cache_gib=1, gpu_memory_utilization=0.5)
    arguments = prepare(engine)
    from vllm import LLM, SamplingParams

    read = LLM(str(model), dtype="float32", max_model_len=256, max_logprobs=-1, disable_log_stats=True, **arguments)
    text = read.get_tokenizer().apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
    drawing = SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=-1, detokenize=False)
    [answer] = read.generate([{"prompt_token_ids": TOKENS}], drawing, use_tqdm=False)
    places = [[place[token].logprob for token in range(SIZES["vocab_size"])] for place in answer.prompt_logprobs[1:]]
    return places, read.get_tokenizer()(text, add_special_tokens=False)["input_ids"]


if __name__ == "__main__":
    mode, folder = sys.argv[1], Path(sys.argv[2])
    if mode == "write":
        write(folder)
    else:
        reader = {"transformers": by_transformers, "vllm": by_vllm}[mode]
        read: dict[str, Any] = {path.name: reader(path) for path in sorted((folder / "models").iterdir())}
        print("READ " + json.dumps(read | ({"defaults": defaults()} if mode == "transformers" else {})), flush=True)
    sys.stdout.flush()
    os._exit(0)  # engines take seconds to go
