"""Checks of `koreason pack` through its command line, all in one process:  python check_pack.py BASES"""

import contextlib
import io
import itertools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tiny
from harness import run_checks
from transformers import AutoTokenizer

from koreason.cli import main
from koreason.manifest import Stage
from koreason.tables import MIX, write_table

THINKING = "<think>\nOkay, 문제를 보자. 3 plus 4.\n</think>\n\n정답은 7입니다."
# Cuts thinking out of every assistant's turn, as Qwen3's does, and adds a system turn, as SmolLM2's does.
CUTTING = (
    "<|im_start|>system\nhelp<|im_end|>\n{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{{ m['content'].split('</think>')[-1].lstrip() if m['role'] == 'assistant' else m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Opens the thinking itself, as DeepSeek-R1's does.
OPENING = tiny.CHATML.replace("<|im_start|>assistant\n{% endif %}", "<|im_start|>assistant\n<think>\n{% endif %}")
# Ends a turn by plain text.
PLAIN = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
PICKY = "{{ raise_exception('no') if messages[0]['role'] == 'system' }}" + tiny.CHATML


def conversation(question: str, answer: str = THINKING, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"prompt_id": question, "sample": 0, "category": "c", "licence": "A", "messages": messages, "why_kept": "w"} | more


def pack(rows: list[dict[str, Any]], template: str | None = tiny.CHATML) -> tuple[int, str, Path, Any]:
    """Status, errors, output folder and tokenizer of one run."""
    folder = Path(tempfile.mkdtemp())
    with Stage(folder / "mix", "select", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=MIX), stage, "mix.parquet", MIX)
    tiny.tokenizer(template).save_pretrained(folder / "base")
    tiny.declare(folder / "base")
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        arguments = ["--mix", folder / "mix/manifest.json", "--tokenizer", folder / "base/manifest.json", "--out", folder / "out"]
        status = main(["pack", *map(str, arguments)])
    return status, errors.getvalue(), folder / "out", AutoTokenizer.from_pretrained(folder / "base")


def documents(out: Path, tokenizer: Any) -> list[tuple[str, str]]:
    """Text of each document's prompt and of what is learnt."""
    tokens, mask, bounds = (np.load(out / name, allow_pickle=False) for name in ("tokens.npy", "loss_mask.npy", "bounds.npy"))
    assert (tokens.dtype, mask.dtype, bounds.dtype) == (np.int32, np.uint8, np.int64)
    found = []
    for start, end in itertools.pairwise(bounds):
        part, learnt = tokens[start:end], mask[start:end]
        border = int(np.argmax(learnt))
        assert learnt[:border].sum() == 0 and learnt[border:].all(), "the mask is one run of ones at the end"
        found.append((tokenizer.decode(part[:border]), tokenizer.decode(part[border:])))
    return found


def check_mask_covers_thinking_answer_and_end_of_turn_only(_: Path) -> None:
    status, _, out, tokenizer = pack([conversation("3+4는?"), conversation("왜?")])
    assert status == 0
    learnt = THINKING + "<|im_end|>"
    assert documents(out, tokenizer) == [
        ("<|im_start|>user\n3+4는?<|im_end|>\n<|im_start|>assistant\n", learnt),
        ("<|im_start|>user\n왜?<|im_end|>\n<|im_start|>assistant\n", learnt),
    ]
    manifest = json.loads((out / "manifest.json").read_text())
    table = pl.read_parquet(out / "documents.parquet")
    assert table["prompt_id"].to_list() == ["3+4는?", "왜?"]
    assert manifest["counts"]["tokens"] == table["tokens"].sum() == np.load(out / "tokens.npy").size
    assert manifest["counts"]["loss_tokens"] == table["loss_tokens"].sum() == np.load(out / "loss_mask.npy").sum()
    assert manifest["counts"]["documents"] == manifest["counts"]["input"] == 2


def check_thinking_survives_a_template_that_cuts_it_out(_: Path) -> None:
    _, _, out, tokenizer = pack([conversation("q")], CUTTING)
    prompt = "<|im_start|>system\nhelp<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n"
    assert documents(out, tokenizer) == [(prompt, THINKING + "<|im_end|>")]


def check_thinking_is_opened_once_where_the_template_opens_it(_: Path) -> None:
    _, _, out, tokenizer = pack([conversation("q"), conversation("r", "no thinking")], OPENING)
    (prompt, learnt), (_, plain) = documents(out, tokenizer)
    assert prompt.endswith("assistant\n<think>\n") and learnt == THINKING.removeprefix("<think>\n") + "<|im_end|>"
    assert plain == "no thinking<|im_end|>"


def check_end_of_text_ends_a_turn_that_the_template_does_not_mark(_: Path) -> None:
    _, _, out, tokenizer = pack([conversation("q")], PLAIN)
    assert documents(out, tokenizer) == [("user: q\nassistant: ", THINKING + "<|im_end|>")]


def check_what_cannot_be_packed_is_kept_with_a_reason(_: Path) -> None:
    system = [{"role": "system", "content": "s"}, *conversation("q")["messages"]]
    rows = [
        conversation("a", "  "),
        conversation("b", messages=[{"role": "user", "content": "b"}]),
        conversation("c", messages=[]),
        conversation("d", "stop <|im_end|> here"),
        conversation("e", messages=system),
        conversation("f"),
    ]
    status, _, out, tokenizer = pack(rows, PICKY)
    assert status == 0 and len(documents(out, tokenizer)) == 1
    dropped = pl.read_parquet(out / "dropped.parquet")
    reasons = ["empty answer", "no answer", "no answer", "special token in the answer", "refused by the chat template"]
    assert dropped["reason"].to_list() == reasons and dropped["prompt_id"].to_list() == list("abcde")
    counts = json.loads((out / "manifest.json").read_text())["counts"]
    assert counts["input"] == counts["documents"] + sum(counts["dropped"].values()) == 6


def check_row_order_does_not_matter(_: Path) -> None:
    rows = [conversation(str(index), sample=index % 3) for index in range(20)]
    manifests = {(pack(order)[2] / "manifest.json").read_text() for order in (rows, rows[::-1])}
    assert len(manifests) == 1


def check_many_documents_pass_through_in_order(_: Path) -> None:
    _, _, out, tokenizer = pack([conversation(f"{index:04}", f"answer {index}") for index in range(1200)])
    assert [learnt for _, learnt in documents(out, tokenizer)] == [f"answer {index}<|im_end|>" for index in range(1200)]


def check_mistakes_are_one_line(bases: Path) -> None:
    status, errors, out, _ = pack([])
    assert status == 2 and "holds no row" in errors and not (out / "manifest.json").exists()
    status, errors, out, _ = pack([conversation("q", "")])
    assert status == 2 and "none of 1 documents could be packed (empty answer)" in errors
    assert not (out / "manifest.json").exists() and not (out / "tokens.npy").exists()
    status, errors, _, _ = pack([conversation("q")], None)
    assert status == 2 and "no chat template" in errors
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        status = main(
            ["pack", "--mix", str(bases / "nowhere"), "--tokenizer", str(bases / "llama/manifest.json"), "--out", str(bases / "out")]
        )
    assert status == 2 and "no such manifest" in errors.getvalue()
    assert all(line.startswith("koreason: ") for line in errors.getvalue().splitlines())


if __name__ == "__main__":
    run_checks(globals(), Path(sys.argv[1]))
