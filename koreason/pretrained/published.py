"""Configurations of models as published, of those that `config/paper.yaml` trains: what of them decides sizes and arithmetic.

    PUBLISHED["Qwen/Qwen2.5-7B-Instruct"]["num_hidden_layers"]      # 28

For plans that are made before a base is there; a base that is there is read itself. A.X 3.1 and Kanana are plain Llama by their
sizes: those of A.X 3.1 Light add up to the 7,264,800,768 parameters that it is published with, those of A.X 3.1 and Kanana are nominal.
"""

from typing import Any

_LLAMA31: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "vocab_size": 128256, "rms_norm_eps": 1e-5, "rope_theta": 5e5, "tie_word_embeddings": False,
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                     "original_max_position_embeddings": 8192},
}  # fmt: skip
_QWEN25: dict[str, Any] = {
    "model_type": "qwen2",
    "vocab_size": 152064,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1e6,
    "tie_word_embeddings": False,
}
_GEMMA3: dict[str, Any] = {"rope_scaling": {"rope_type": "linear", "factor": 8.0}, "sliding_window": 1024, "model_type": "gemma3_text"}
_AX: dict[str, Any] = {"model_type": "llama", "vocab_size": 102400, "rms_norm_eps": 1e-5, "rope_theta": 5e5, "tie_word_embeddings": False}
PUBLISHED: dict[str, dict[str, Any]] = {
    "meta-llama/Llama-3.1-8B-Instruct": _LLAMA31,
    "KISTI-KONI/KONI-Llama3.1-8B-Instruct-20241024": _LLAMA31,
    "kakaocorp/kanana-1.5-8b-instruct-2505": {key: one for key, one in _LLAMA31.items() if key != "rope_scaling"},
    "Qwen/Qwen2.5-7B-Instruct": _QWEN25 | {
        "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
    },
    "Qwen/Qwen2.5-14B-Instruct": _QWEN25 | {
        "hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8,
    },
    "google/gemma-3-4b-it": {"model_type": "gemma3", "text_config": _GEMMA3 | {
        "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34,
    }},
    "google/gemma-3-12b-it": {"model_type": "gemma3", "text_config": _GEMMA3 | {
        "hidden_size": 3840, "intermediate_size": 15360, "num_hidden_layers": 48, "num_attention_heads": 16, "num_key_value_heads": 8,
    }},
    "skt/A.X-3.1-Light": _AX | {
        "hidden_size": 4096, "intermediate_size": 10880, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
    },
    "skt/A.X-3.1": _AX | {
        "hidden_size": 8192, "intermediate_size": 22016, "num_hidden_layers": 48, "num_attention_heads": 64, "num_key_value_heads": 8,
    },
}  # fmt: skip
