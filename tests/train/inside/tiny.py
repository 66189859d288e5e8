"""Tiny random students for the tests of training; runs in the environment `megatron`.

python tests/train/inside/tiny.py FOLDER           one base per family, each with its manifest
python tests/train/inside/tiny.py FOLDER NAME …    those bases, among them `proportions()`
"""

import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from koreason.pretrained.published import PUBLISHED
from koreason.records.stage import Stage

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES: dict[str, Any] = {
    "vocab_size": 263,  # odd, so that two ranks need padding
    "hidden_size": 72,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 4096,
}
PLAIN = {"rope_theta": 1e4, "rope_type": "default"}
LLAMA31 = {
    "rope_theta": 5e5,
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}

# a window that documents are longer than, and a soft limit, which no published model of this family has
GEMMA: dict[str, Any] = {
    "head_dim": 16,
    "sliding_window": 16,
    "layer_types": ["sliding_attention", "full_attention"],
    "query_pre_attn_scalar": 24,
    "final_logit_softcapping": 5.0,
    "tie_word_embeddings": True,
    "rope_parameters": {"sliding_attention": PLAIN, "full_attention": {"rope_theta": 1e6, "rope_type": "linear", "factor": 8.0}},
    "bos_token_id": 0,
    "eos_token_id": 2,
    "pad_token_id": None,  # transformers gives an embedding of padding no gradient
}


def configs() -> dict[str, Any]:
    """A configuration of each layout; `llama` has the heads of SmolLM2-135M, which two ranks cannot share evenly."""
    three, two = {"num_attention_heads": 9, "num_key_value_heads": 3}, {"num_attention_heads": 4, "num_key_value_heads": 2}
    return {
        "llama": LlamaConfig(**SIZES, **three, head_dim=16, tie_word_embeddings=True, rope_parameters=PLAIN),
        "llama31": LlamaConfig(**SIZES, **two, tie_word_embeddings=False, rms_norm_eps=1e-5, rope_parameters=LLAMA31),
        "qwen25": Qwen2Config(**SIZES, **two, tie_word_embeddings=False, rope_parameters=PLAIN),
        "qwen25_tied": Qwen2Config(**SIZES, **three, tie_word_embeddings=True, rope_parameters=PLAIN),
        "qwen3": Qwen3Config(**SIZES, **three, head_dim=16, tie_word_embeddings=True, rope_parameters=PLAIN),
        "gemma3": Gemma3TextConfig(**SIZES, **two, **GEMMA),
    }


def proportions() -> dict[str, Any]:
    """A configuration of each published model: as many heads, but narrow ones, all else narrower by as much, and layers of each kind."""
    return {hub.rpartition("/")[2]: _narrow(facts.get("text_config", facts)) for hub, facts in PUBLISHED.items()}


def _narrow(facts: dict[str, Any]) -> Any:
    full, width = AutoConfig.for_model(**facts), 16 if facts["model_type"] == "gemma3_text" else 8
    by = (getattr(full, "head_dim", None) or full.hidden_size // full.num_attention_heads) // width
    small = {"vocab_size": SIZES["vocab_size"], "hidden_size": full.hidden_size // by, "intermediate_size": full.intermediate_size // by}
    small |= {"head_dim": width, "num_hidden_layers": 2, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": None}
    if facts["model_type"] == "gemma3_text":  # five layers with a window to one without; documents are longer than the window
        small |= {"num_hidden_layers": 6, "sliding_window": 16, "query_pre_attn_scalar": width}
    if facts["model_type"] == "qwen2":  # it knows no width of heads but this one
        del small["head_dim"]
    if "rope_scaling" in facts and "original_max_position_embeddings" in facts["rope_scaling"]:
        small["rope_scaling"] = facts["rope_scaling"] | {"original_max_position_embeddings": 64}
    return AutoConfig.for_model(**facts | small)


def model(config: Any) -> Any:
    """A random model whose every weight, biases and norms too, matters to its output."""
    torch.manual_seed(0)
    built = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    with torch.no_grad():
        for name, parameter in built.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.2 + (1.0 if "norm" in name else 0.0))
    return built


def tokenizer(template: str | None = CHATML) -> PreTrainedTokenizerFast:
    """Bytes as tokens, and the marks of a chat."""
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    built = Tokenizer(models.BPE(vocab={token: index for index, token in enumerate([*marks, *alphabet])}, merges=[]))
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    built.decoder = decoders.ByteLevel()
    built.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    built.add_tokens([AddedToken("<think>"), AddedToken("</think>")])
    fast = PreTrainedTokenizerFast(tokenizer_object=built, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = template
    return fast


def declare(folder: Path) -> None:
    """Write a base's manifest over what lies in its folder."""
    with Stage(folder, "base", {}, []) as stage:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name not in ("manifest.json", "run.json"):
                stage.take(path)


def main(folder: Path, *names: str) -> None:
    """Write one base per family, or those of these names."""
    every = configs() | proportions() if names else configs()
    for name in names or every:
        model(every[name]).save_pretrained(folder / name)
        tokenizer().save_pretrained(folder / name)
        declare(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
