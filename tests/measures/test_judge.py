"""What becomes of a teacher's answers: labels where the prompt has options, values where not, and nothing where no gold is known."""

import polars as pl
from damage import refuses_damage

from koreason.cli import main
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage
from koreason.tables import JUDGED, POOL, TRACES, write_table

OPTIONS = ["부산", "서울", "대전"]
# options, gold, answer, finish -> what was read, and the verdict
CASES = [
    (OPTIONS, "②", r"정답은 \boxed{2번}입니다.", "stop", "B", "correct"),
    (OPTIONS, "B", r"\boxed{서울}", "stop", "B", "correct"),
    (OPTIONS, "서울", r"\boxed{C}", "stop", "C", "wrong"),
    (OPTIONS, "서울", r"\boxed{A 또는 B}", "stop", "A 또는 B", "unreadable"),
    (OPTIONS, "서울이 아닌 곳", r"\boxed{A}", "stop", None, "unclear_gold"),
    (None, "5000", r"답은 \boxed{5,000원}", "stop", "5,000원", "correct"),
    (None, "5000", r"답은 \boxed{50}", "stop", "50", "wrong"),
    (None, "5000", "답은 5000원", "stop", None, "no_box"),
    (None, "5000", r"답은 \boxed{5000}", "length", None, "token_limit"),
    (None, None, r"\boxed{5}", "stop", "5", "no_gold"),
    (None, None, r"\boxed{5}", "length", None, "no_gold"),
    (OPTIONS, None, r"정답은 \boxed{2번}입니다.", "stop", "B", "no_gold"),
]


def write(folder):
    """A pool and one shard of its traces."""
    prompts = [{"prompt_id": f"{n:02d}", "options": options, "gold": gold} for n, (options, gold, *_) in enumerate(CASES)]
    with Stage(folder / "pool", "pool", {}, []) as stage:
        write_table(pl.DataFrame(prompts, schema=POOL), stage, "prompts.parquet", POOL)
    traces = [
        {"prompt_id": f"{n:02d}", "sample": 0, "think": "", "answer": answer, "finish": finish}
        for n, (_, _, answer, finish, *_) in enumerate(CASES)
    ]
    with Stage(folder / "traces/00000-of-00001", "trace", {}, []) as stage:
        write_table(pl.DataFrame(traces, schema=TRACES), stage, "traces.parquet", TRACES, shard="00000-of-00001")


def judge(folder, block="00000-of-00001"):
    words = ["--pool", str(folder / "pool/manifest.json"), "--traces", str(folder / "traces"), "--shards", "1", "--block", block]
    return main(["judge", *words, "--out", str(folder / "out")])


def test_every_trace_has_a_verdict(tmp_path, capsys):
    write(tmp_path)
    refuses_damage(lambda: judge(tmp_path), tmp_path / "traces/00000-of-00001/traces.parquet", tmp_path / "out", capsys)
    assert judge(tmp_path) == 0
    found = pl.read_parquet(tmp_path / "out/judged.parquet")
    assert dict(found.schema) == JUDGED
    assert found.select("extracted", "verdict").rows() == [(read, verdict) for *_, read, verdict in CASES]
    counts = read_manifest(tmp_path / "out")["counts"]
    assert (counts["traces"], counts["verdicts"]["correct"], counts["verdicts"]["no_gold"]) == (len(CASES), 3, 3)
    assert judge(tmp_path, "00001-of-00002") == 2
