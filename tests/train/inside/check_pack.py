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
from damage import Errors, refuses_damage
from harness import run_checks
from transformers import AutoTokenizer

from koreason.cli import main
from koreason.records.held import held
from koreason.records.stage import Stage
from koreason.switching.spec import COLUMNS
from koreason.tables import MIX, TRACES, write_table

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
    return {
        "prompt_id": question,
        "sample": 0,
        "source": "s",
        "category": "c",
        "licence": "A",
        "messages": messages,
        "why_kept": "w",
    } | more


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
        conversation("e", messages=system),
        conversation("f"),
    ]
    status, _, out, tokenizer = pack(rows, PICKY)
    assert status == 0 and len(documents(out, tokenizer)) == 1
    dropped = pl.read_parquet(out / "dropped.parquet")
    reasons = ["empty answer", "no answer", "no answer", "refused by the chat template"]
    assert dropped["reason"].to_list() == reasons and dropped["prompt_id"].to_list() == list("abce")
    counts = json.loads((out / "manifest.json").read_text())["counts"]
    assert counts["input"] == counts["documents"] + sum(counts["dropped"].values()) == 5


def check_an_answer_about_control_strings_is_taught_as_it_stands(_: Path) -> None:
    _, _, out, tokenizer = pack([conversation("d", "<think>\nstop <|im_end|> here\n</think>\n\n<|im_start|>")])
    [(_, learnt)] = documents(out, tokenizer)
    assert learnt == "<think>\nstop <|im_end|> here\n</think>\n\n<|im_start|><|im_end|>"
    ends = np.load(out / "tokens.npy") == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert ends.sum() == 2 and ends[-1], "of the question and of the answer"


def check_row_order_does_not_matter(_: Path) -> None:
    rows = [conversation(str(index), sample=index % 3) for index in range(20)]
    manifests = {(pack(order)[2] / "manifest.json").read_text() for order in (rows, rows[::-1])}
    assert len(manifests) == 1


def check_many_documents_pass_through_in_order(_: Path) -> None:
    _, _, out, tokenizer = pack([conversation(f"{index:04}", f"answer {index}") for index in range(1200)])
    assert [learnt for _, learnt in documents(out, tokenizer)] == [f"answer {index}<|im_end|>" for index in range(1200)]


def check_damaged_inputs_are_refused(_: Path) -> None:
    _, _, out, _ = pack([conversation("q")])
    folder, again = out.parent, out.parent / "again"
    words = ["--mix", folder / "mix/manifest.json", "--tokenizer", folder / "base/manifest.json", "--out", again]
    for name in ("mix/mix.parquet", "base/tokenizer.json", "base/chat_template.jinja"):
        refuses_damage(lambda: main(["pack", *map(str, words)]), folder / name, again, Errors())
    (folder / "base/added_tokens.json").write_text("{}")
    assert main(["pack", *map(str, words)]) == 2


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


def renamed(config: Any) -> tuple[bytes, bytes, list[str]]:
    """Manifests of a mix and of its packed data where the sources have these labels, and the mix's categories."""
    folder = Path(tempfile.mkdtemp())
    facts = {"finish": "stop", "prompt_tokens": 9, "tokens": 90, "seed": 1, "think_share": 0.3, "answer_share": 0.9, "request_key": "k"}
    traces = [
        {
            "prompt_id": f"{n:024x}",
            "source": "ab"[n % 2],
            "sample": 0,
            "question": f"{n} 더하기 1은?",
            "think": f"{n} plus 1",
            "answer": "답",
        }
        for n in range(12)
    ]
    shard = folder / "traces/p/r/00000-of-00001"
    with Stage(shard, "trace", {}, []) as stage:
        write_table(pl.DataFrame([row | facts for row in traces], schema=TRACES), stage, "traces.parquet", TRACES)
    filters = {
        "min_think_share": 0,
        "max_think_share": 1,
        "min_answer_share": 0,
        "max_loop_ratio": 9,
        "min_think_chars": 1,
        "max_tokens": 99,
    }
    mix = {"traces": [{"pool": "p", "recipe": "r"}], "filters": filters, "samples_per_prompt": 1, "seed": 1}
    mix["quotas"] = {label["category"]: quota for label, quota in zip(config.values(), (3, 9), strict=True)}
    words = ["--spec", json.dumps(mix), "--shards", '{"r": 1}', "--labels", json.dumps(config), "--traces", str(folder / "traces")]
    # as `measure` leaves them, which runs in another environment
    unmeasured = [pl.lit(None).alias(name) for name in COLUMNS if name not in ("prompt_id", "sample")]
    with Stage(folder / "measures/p/r/00000-of-00001", "measure", {}, []) as stage:
        of = {shard.name: held(shard / "manifest.json").fact("traces.parquet", "sha256")}
        measures = pl.DataFrame([row | facts for row in traces], schema=TRACES).select("prompt_id", "sample", *unmeasured)
        write_table(measures, stage, "measures.parquet", COLUMNS, traces=of)
    words += ["--measures", str(folder / "measures")]
    assert main(["select", *words, "--out", str(folder / "mix")]) in (None, 0)
    tiny.tokenizer(tiny.CHATML).save_pretrained(folder / "base")
    tiny.declare(folder / "base")
    words = ["--mix", str(folder / "mix/manifest.json"), "--tokenizer", str(folder / "base/manifest.json")]
    assert main(["pack", *words, "--out", str(folder / "out")]) == 0
    categories = pl.read_parquet(folder / "mix/mix.parquet")["category"].unique().sort().to_list()
    return (folder / "mix/manifest.json").read_bytes(), (folder / "out/manifest.json").read_bytes(), categories


def check_a_renamed_category_and_another_licence_train_on_the_same_bytes(*_: Any) -> None:
    before = renamed({"a": {"category": "Exams", "licence": "A"}, "b": {"category": "Daily", "licence": "A"}})
    after = renamed({"a": {"category": "Tests", "licence": "B"}, "b": {"category": "Daily", "licence": "A"}})
    assert (before[2], after[2]) == (["Daily", "Exams"], ["Daily", "Tests"])
    assert before[0] != after[0], "the mix says the new name"
    assert before[1] == after[1], "and there it ends"


if __name__ == "__main__":
    run_checks(globals(), Path(sys.argv[1]))
