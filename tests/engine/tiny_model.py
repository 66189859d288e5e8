"""Write a tiny random chat model that any engine loads:  envs/run vllm python tests/engine/tiny_model.py FOLDER [--printable]

256 byte tokens and a few marks; three query heads on one key-value head, like the odd layouts of real small models. Most of what it
says is broken text; with --printable it says random printable characters, until something stops it.
"""

import argparse
import string
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def main(folder: Path, printable: bool) -> None:
    """Write the model and its tokenizer."""
    marks = ["<|end|>", "<|start|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*marks, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(marks)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", bos_token="<|start|>", pad_token="<|end|>")
    fast.chat_template = TEMPLATE
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(vocabulary),
            hidden_size=96,
            intermediate_size=160,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=2048,
            eos_token_id=0,
            bos_token_id=1,
            pad_token_id=None,
            tie_word_embeddings=not printable,
        )
    )
    if printable:
        unwanted = [index for token, index in vocabulary.items() if token not in string.ascii_letters + string.digits + string.punctuation]
        with torch.no_grad():
            # one dimension is the same large number everywhere, and what must not be said is turned against it
            model.model.embed_tokens.weight.normal_()[:, 0] = 10.0
            model.lm_head.weight.normal_(std=0.3)[:, 0] = 0.0
            model.lm_head.weight[unwanted, 0] = -3.0
    model.save_pretrained(folder)
    fast.save_pretrained(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--printable", action="store_true")
    arguments = parser.parse_args()
    main(arguments.folder, arguments.printable)
