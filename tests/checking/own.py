"""A small configuration of one's own, in a folder of its own: a forum dump, an exam file, a benchmark, a model folder.

own = Own(tmp_path)
own.config["sources"]["forum"]["encoding"] = "cp949"
own.check()      # (2, ["sources.forum.encoding: …"])
"""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from koreason.cli import main

HOME = Path(__file__).resolve().parents[2]
QUESTION = "안녕하세요, 이 문장은 시험을 위해 지어낸 물음이고 충분히 긴 글입니다. 물이 끓는 온도는 몇 도인가요? ({number})"
FILTERS = {
    **{"min_think_share": 0.01, "max_think_share": 0.9, "min_answer_share": 0.05, "max_loop_ratio": 4.0},
    **{"min_think_chars": 20, "max_tokens": 512},
}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Own:
    """The files, and the configuration over the catalogue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "dumps").mkdir(parents=True)
        rows = [{"title": f"질문 {number}", "body": QUESTION.format(number=number)} for number in range(20)]
        self.forum = self.write("dumps/forum.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        items = [{"id": str(n), "question": f"{n} 더하기 1은?", "options": [str(n + 1), str(n)], "gold": "A"} for n in range(4)]
        self.bench = self.write("items.jsonl", "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))
        self.config: dict[str, Any] = {
            "sources": {
                "forum": {
                    **{"format": "jsonl", "category": "Daily", "licence": "B", "columns": {"question": ["title", "body"]}},
                    **{"root": str(folder / "dumps"), "files": {"forum.jsonl": digest(self.forum)}},
                }
            },
            "pools": {
                "mine": {
                    **{"sources": ["forum"], "language": "ko", "min_target_share": 0.3, "min_chars": 20, "max_chars": 8000},
                    **{"drop_image_dependent": True, "min_chars_beside_image": 100, "mask_personal_data": ["Daily"]},
                }
            },
            "mixes": {
                "mine": {
                    **{"traces": [{"pool": "mine", "recipe": "smollm2_mixed"}], "filters": dict(FILTERS), "quotas": {"Daily": 20}},
                    **{"samples_per_prompt": 1, "seed": 3},
                }
            },
            "benches": {"mine": {**self.of_catalogue("benches", "ko_choice"), "file": str(self.bench), "sha256": digest(self.bench)}},
            "run": {
                "experiments": [
                    {"models": ["smollm2"], "mixes": ["mine"], "schedules": ["laptop_short"], "benches": ["mine"], "base": False}
                ],
                "report": {"title": "mine", "note": ""},
            },
        }

    @staticmethod
    def of_catalogue(table: str, name: str) -> dict[str, Any]:
        catalogue = yaml.safe_load((HOME / "config" / "config.yaml").read_text(encoding="utf-8"))
        found: dict[str, Any] = copy.deepcopy(catalogue[table][name])
        return found

    @staticmethod
    def digest(path: Path) -> str:
        return digest(path)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def again(self, name: str, text: str | bytes) -> None:
        """Another forum dump in place of the first, with its digest in the configuration."""
        path = self.write(f"dumps/{name}", text)
        self.config["sources"]["forum"]["files"] = {name: digest(path)}

    def file(self) -> Path:
        path = self.folder / "my.yaml"
        path.write_text(yaml.safe_dump(self.config, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    def check(self, capsys: pytest.CaptureFixture[str], *targets: str) -> tuple[int, list[str]]:
        """Exit status and findings of `koreason check`."""
        capsys.readouterr()
        status = main(["check", *targets, "--no-network", "--configfile", str(self.file())])
        said = capsys.readouterr()
        return status, [line for line in (said.out + said.err).splitlines() if not line.startswith(("check:", "koreason: no"))]
