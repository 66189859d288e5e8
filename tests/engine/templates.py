"""Chat templates of our own, one for each trait that real ones have, over a tokenizer of bytes; run in `megatron` or `vllm`."""

from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ASSISTANT = "<|im_start|>assistant\n{% endif %}"
TEMPLATES = {
    "chatml": CHATML,
    "opens thinking": CHATML.replace(ASSISTANT, "<|im_start|>assistant\n<think>\n{% endif %}"),
    "no system role": "{{ raise_exception('no system') if messages[0]['role'] == 'system' }}" + CHATML,
    "drops the system role": CHATML.replace("in messages %}", "in messages if message['role'] != 'system' %}"),
    "alternating": "{% for m in messages %}{{ raise_exception('turns') if (m['role'] == 'user') != (loop.index0 % 2 == 0) }}{% endfor %}"
    + CHATML,
    "date": "<|im_start|>system\nToday: {{ strftime_now('%d %b %Y') }}<|im_end|>\n" + CHATML,
    "cuts thinking": CHATML.replace(
        "{{ message['content'] }}",
        "{{ message['content'].split('</think>')[-1].lstrip() if message['role'] == 'assistant' else message['content'] }}",
    ),
    "no marks": "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}",
    "trims": CHATML.replace("['content'] }}", "['content'] | trim }}"),
}


def sentencepiece(characters: str) -> Any:
    """Pieces chosen by score, among them the marks, the likeliest of all, and a space before the first word, as Llama 2 has it."""
    pieces = [("<unk>", 0.0), *((mark, 0.0) for mark in MARKS), *((piece, -3.0) for piece in sorted({*characters, "\u2581"} - {" "}))]
    built = Tokenizer(models.Unigram(vocab=pieces, unk_id=0))
    built.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    built.decoder = decoders.Metaspace(prepend_scheme="first", split=False)
    built.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in ("<unk>", *MARKS)])
    fast = PreTrainedTokenizerFast(tokenizer_object=built, eos_token="<|im_end|>", unk_token="<unk>")
    fast.chat_template = CHATML
    return fast


def tokenizer(template: str = CHATML, *, eos: str = "<|im_end|>", thinking: bool | None = False, special: bool = True) -> Any:
    """Bytes as tokens; the marks of turns are `special` or only added, those of thinking too, or no tokens at all (None)."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*MARKS, *alphabet, "<|"])}
    built = Tokenizer(models.BPE(vocab=vocabulary, merges=[("<", "|")]))
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    built.decoder = decoders.ByteLevel()
    built.add_special_tokens([AddedToken(MARKS[0], special=True)])
    if special:
        built.add_special_tokens([AddedToken(mark, special=True) for mark in MARKS[1:]])
    else:
        built.add_tokens([AddedToken(mark, normalized=False) for mark in MARKS[1:]])
    if thinking is not None:
        marks = [AddedToken(mark, special=thinking, normalized=False) for mark in ("<think>", "</think>")]
        (built.add_special_tokens if thinking else built.add_tokens)(marks)
    fast = PreTrainedTokenizerFast(tokenizer_object=built, eos_token=eos)
    fast.chat_template = template
    return fast
