"""The list of what is understood of a `config.json`: each key is read, inert, or inert with some values only. All else is refused.

    KEYS["qwen3"].fixed["use_sliding_window"]     # (False,)

To understand another key is to add it here, with what it does in `transformers`: nothing (INERT), nothing with this value (FIXED), or
something that is read (`configuration.py`). `tests/pretrained/` holds the defaults against those of transformers 4 and 5.
"""

from dataclasses import dataclass, field, replace
from typing import Any

FAMILIES = ("llama", "qwen2", "qwen3", "gemma3_text", "gemma3")
GEMMA, WRAPPER = FAMILIES[3:]  # the second holds the first, and what it sees with
FULL, SLIDING = "full_attention", "sliding_attention"  # kinds of layers

# Sizes, each a whole number from 1 to this; above them stands no model that would fit anything.
SIZES = {
    "hidden_size": 2**17,
    "num_hidden_layers": 2**10,
    "num_attention_heads": 2**10,
    "num_key_value_heads": 2**10,
    "intermediate_size": 2**19,
    "vocab_size": 2**22,
    "head_dim": 2**12,
    "max_position_embeddings": 2**31,
}
TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "unk_token_id")
DTYPES = ("float32", "bfloat16", "float16")
# Read by `configuration.py`, each with a check of its own.
READ = (
    *SIZES,
    *TOKENS,
    *("model_type", "architectures", "rms_norm_eps", "tie_word_embeddings"),
    *("rope_theta", "rope_scaling", "rope_parameters", "partial_rotary_factor", "layer_types"),
    *("dtype", "torch_dtype"),
)
# Of no effect on what a decoder computes: how it was begun, saved and named; what is asked of `forward`; how text is drawn from it, which
# recipes and benchmarks say themselves.
INERT = frozenset((
    "_name_or_path", "_model_name_or_path", "_commit_hash", "_attn_implementation", "_attn_implementation_autoset", "attn_implementation",
    "transformers_version", "transformers.js_config", "unsloth_fixed", "unsloth_version",
    "finetuning_task", "task_specific_params", "problem_type", "id2label", "label2id", "num_labels", "tokenizer_class", "prefix",
    "initializer_range", "use_cache", "gradient_checkpointing", "pretraining_tp", "is_decoder",
    "output_attentions", "output_hidden_states", "output_scores", "return_dict", "return_dict_in_generate", "torchscript",
    "use_bfloat16", "tf_legacy_loss",
    "do_sample", "temperature", "top_k", "top_p", "typical_p", "num_beams", "num_beam_groups", "diversity_penalty", "num_return_sequences",
    "early_stopping", "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "max_length",
    "min_length", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens", "forced_bos_token_id", "forced_eos_token_id",
    "decoder_start_token_id", "remove_invalid_values", "exponential_decay_length_penalty",
))  # fmt: skip
# Of no effect with these values.
FIXED: dict[str, tuple[Any, ...]] = {
    "hidden_act": ("silu",),
    "attention_bias": (False,),
    "mlp_bias": (False,),
    "attention_dropout": (0,),
    "is_encoder_decoder": (False,),
    "add_cross_attention": (False,),
    "tie_encoder_decoder": (False,),
    "chunk_size_feed_forward": (0,),
    "pruned_heads": ({},),
}
_SLIDING: dict[str, tuple[Any, ...]] = {"use_sliding_window": (False,), "use_mrope": (False,)}
# Without the switch above, which is off where it is not named, neither says anything.
_WINDOW = frozenset({"sliding_window", "max_window_layers"})


@dataclass(frozen=True)
class Keys:
    """What one family's configuration may say.

    Attributes:
        architecture: the class of its decoder with a head for the next token.
        defaults: what is meant where a key is missing, as in `transformers`; None: see `configuration.py`.
        required: what has to stand there, because readers would each take something else.
        inert, fixed: beside those of all families.
        read: read beside READ.
    """

    architecture: str
    defaults: dict[str, Any]
    required: tuple[str, ...]
    inert: frozenset[str] = INERT
    fixed: dict[str, tuple[Any, ...]] = field(default_factory=lambda: FIXED)
    read: tuple[str, ...] = ()


_ALWAYS = ("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
_DEFAULTS = {"rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": False, "head_dim": None}
_QWEN = Keys("", _DEFAULTS, (*_ALWAYS, "num_key_value_heads"), INERT | _WINDOW, FIXED | _SLIDING)
KEYS = {
    "llama": Keys("LlamaForCausalLM", _DEFAULTS, _ALWAYS),
    "qwen2": replace(_QWEN, architecture="Qwen2ForCausalLM"),
    "qwen3": replace(_QWEN, architecture="Qwen3ForCausalLM", defaults=_DEFAULTS | {"head_dim": 128}),
}
_GEMMA_SIZES = {"num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 262208, "sliding_window": 4096}
_GEMMA: dict[str, tuple[Any, ...]] = {
    **{key: allowed for key, allowed in FIXED.items() if key not in ("hidden_act", "mlp_bias")},
    "hidden_activation": ("gelu_pytorch_tanh",),
    "hidden_act": ("gelu_pytorch_tanh",),
    "attn_logit_softcapping": (),  # scores of attention are never seen whole
    "use_bidirectional_attention": (False,),
}
KEYS[GEMMA] = Keys(
    "Gemma3ForCausalLM",
    _DEFAULTS | _GEMMA_SIZES | {"rope_theta": 1e6, "tie_word_embeddings": True, "head_dim": 256, "query_pre_attn_scalar": 256},
    ("model_type", "hidden_size", "num_hidden_layers", "intermediate_size"),
    INERT | {"cache_implementation"},
    _GEMMA,
    ("sliding_window", "sliding_window_pattern", "_sliding_window_pattern", "rope_local_base_freq", "query_pre_attn_scalar",
     "final_logit_softcapping"),
)  # fmt: skip
# Of a wrapper around it: what says how images are seen, which is carried through with its weights, and what is said of the text again.
KEYS[WRAPPER] = Keys(
    "Gemma3ForConditionalGeneration",
    {},
    ("model_type", "text_config"),
    INERT
    | {"vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index", "image_token_index", "image_token_id",
       "boi_token_id", "eoi_token_id", "cache_implementation"},
    {"tie_word_embeddings": (True,), "is_encoder_decoder": (False,)},
    ("text_config",),
)  # fmt: skip
# Why some keys that are met often are refused.
WHY = {
    "quantization_config": "its weights are quantized, and their scales are not read",
    "compression_config": "its weights are quantized, and their scales are not read",
    "auto_map": "it needs code of its makers, which koreason does not run",
}
