"""How tests ask a small engine: a recipe of a teacher's, and its parts, as the configuration gives them."""

SAMPLING = {"temperature": 0.7, "top_p": 0.9, "top_k": 0, "min_p": 0.0, "max_tokens": 24, "segment_tokens": 24}
ENGINE = {
    "dtype": "float32",
    "max_model_len": 512,
    "max_num_seqs": 8,
    "tensor_parallel": 1,
    "kv_cache_gib": 1,
    "gpu_memory_utilization": 0.5,
}
RECIPE = {"system": None, "prefill": "", "sampling": SAMPLING, "engine": ENGINE, "samples": 1, "seed": 1}
