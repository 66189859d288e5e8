"""The conversion of a GGUF file to bfloat16 safetensors in Hugging Face's layout; runs in the environment `vllm`.

convert(folder, "SmolLM2-135M-Instruct.Q4_1.gguf", out)

What it makes is kept under the digest of this file, too (`koreason.bases.kept`): an edit converts again.
"""

import functools
import logging
from pathlib import Path

log = logging.getLogger(__name__)


def convert(folder: Path, gguf: str, out: Path) -> None:
    """Write weights, configuration and tokenizer to `out`, from the file `gguf` in `folder`."""
    import gguf as reading
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    log.info("converting %s", gguf)
    # for the configuration, the weights and the tokenizer the same file would be read anew, which is most of the work
    reading.GGUFReader = functools.cache(reading.GGUFReader)
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=gguf, quantization_config=GgufConfig(dequantize=True), dtype=torch.float32, trust_remote_code=False
    )
    model.to(torch.bfloat16).save_pretrained(out)
    AutoTokenizer.from_pretrained(folder, gguf_file=gguf, trust_remote_code=False).save_pretrained(out)
