"""From files of one's own to a page, by the two commands of the README, at the size of the small run."""

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SMALLER = {"limit: 16": "limit: 6", "max_steps: 3": "max_steps: 1"}
RECIPE = "recipes: {smollm2_mixed: {shards: 1, sampling: {max_tokens: 72, segment_tokens: 32, think_tokens: 32}}}\n"


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    """A board as JSON lines with comments in comments and a torn line, an exam table in cp949, and items with an option a column."""
    rows = [
        {
            "제목": f"질문 {n}",
            "본문": f"<p>{n}번째 글입니다. 연말정산을 처음 하는데 무엇부터 준비해야 하나요?</p> 010-1234-{1000 + n}",
            "댓글": [{"글": "저도요"}],
        }
        for n in range(60)
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (tmp_path / "게시판 2025.jsonl").write_text("\n".join([*lines, '{"제목": "깨진']) + "\n", encoding="utf-8")
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["문제", "보기1", "보기2", "보기3", "정답"])
    writer.writerows([f"다음 중 {n} 더하기 {n + 3}의 값으로 옳은 것은 무엇인가?", 2 * n + 3, n, 3 * n, 1] for n in range(40))
    (tmp_path / "exams.csv").write_bytes(table.getvalue().encode("cp949"))
    (tmp_path / "items.csv").write_text("문항,보기1,보기2,정답\n1 더하기 1은?,2,3,1\n2 더하기 3은?,6,5,2\n", encoding="utf-8")
    return tmp_path


def test_two_commands(dumps: Path, home: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("KOREASON_SITE", "KOREASON_DATA")}
    init = [home / "bin/koreason", "init", "게시판 2025.jsonl", "exams.csv", "--bench", "items.csv"]
    said = subprocess.run(init, cwd=dumps, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    file = dumps / "my.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in SMALLER.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text + RECIPE, encoding="utf-8")
    run = ["make", "-C", home, "run", f"CONFIG={file}", f"WORKDIR={dumps}"]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    [page] = dumps.glob("results/reports/*/index.html")
    assert page.parent.name == "my"
    pool = json.loads((dumps / "results/pools/mine/manifest.json").read_text(encoding="utf-8"))
    assert pool["counts"]["kept"] == 6
    masked = [path.read_text(encoding="utf-8") for path in page.parent.glob("*.html")]
    assert not any("010-1234-" in text for text in masked), "talk is masked"
    scores = [json.loads(path.read_text(encoding="utf-8"))["answers"] for path in dumps.glob("results/evals/**/scores.json")]
    assert scores == [4, 4], "two items, twice each, untrained and trained"
