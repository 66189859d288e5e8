"""The page that says whether a run can be made again: in the bag beside its payload, and in a restored run, with what was made again."""

import hashlib
import json
import re
from pathlib import Path
from xml.etree import ElementTree

from koreason.archive.comparing import Row
from koreason.archive.gathered.jobs import jobs
from koreason.archive.restore import about
from koreason.archive.told.page import PAGE, keep, kept, page, write_beside
from koreason.archive.told.provenance import Stage, bare, draw, layers, stages_of
from tests.archive.small_run import archive, payload
from tests.archive.test_restore import restore


def test_it_stands_in_the_bag_s_own_files_and_names_the_archive(finished: Path, tmp_path: Path) -> None:
    archive(finished, tmp_path / "bag")
    identifier = hashlib.sha256((tmp_path / "bag/manifest-sha256.txt").read_bytes()).hexdigest()
    text = (tmp_path / "bag" / PAGE).read_text(encoding="utf-8")
    assert identifier in text and "Nothing yet" in text and "A small run" in text
    assert PAGE in (tmp_path / "bag/tagmanifest-sha256.txt").read_text() and not [
        name for name in payload(tmp_path / "bag") if PAGE in name
    ]
    assert not re.search(r"<script|<img|https?://(?!www\.w3\.org)", text), "it loads nothing"
    for words in ("bytes given the journal", "tolerance", "9 jobs", "11 attempts"):
        assert words in " ".join(text.split()), words


def test_beside_a_restored_run_it_tells_what_was_made_again_and_when(finished: Path, tmp_path: Path) -> None:
    archive(finished, tmp_path / "bag")
    back = tmp_path / "back"
    restore(tmp_path / "bag", "--into", back)
    assert "here does, and this page tells of it" in (back / PAGE).read_text(encoding="utf-8")
    rows = [Row("results/mixes/mix", "bytes", "same"), Row("results/models/x", "bytes", "differs", "m: <i>byte 3</i>")]
    keep(back, "only scores", [])
    keep(back, "from select on", rows)
    write_beside(back, about(back))
    text = " ".join((back / PAGE).read_text(encoding="utf-8").split())
    identifier = hashlib.sha256((tmp_path / "bag/manifest-sha256.txt").read_bytes()).hexdigest()
    assert identifier in text and "from select on" in text and "1 same, 1 differs" in text and "only scores" in text
    assert "<i>byte" not in text and "differs: m: &lt;i&gt;byte 3" in text, "what a file says is text"
    assert [one["asked"] for one in kept(back)] == ["only scores", "from select on"]
    assert str(back) not in text, "no path of this machine"


def test_what_a_run_calls_itself_acts_on_no_page() -> None:
    said = dict.fromkeys(("koreason", "package", "commit", "without"), "") | {"parts": {}, "classes": {"classes": {}}}
    text = page(said | {"title": "하나\u202e<script>\x1b[2J"}, [], "0" * 64, [], beside=False)
    assert "하나�&lt;script&gt;�[2J" in text and not set("\u202e\x1b") & set(text)


def test_stages_with_their_counts_and_not_every_job(finished: Path) -> None:
    stages = stages_of(jobs(finished))
    by_name = {stage.name: stage for stage in stages}
    assert (by_name["ingest"].outputs, by_name["trace"].attempts, by_name["select"].reads) == (2, 3, ("pool", "trace"))
    assert bare(stages)["select"] == {"trace"}, "that it reads the pool follows"
    assert layers(stages) == [["ingest"], ["clean"], ["pool"], ["trace"], ["select"], ["train"], ["report"]]
    svg = ElementTree.fromstring(draw(stages).standalone())
    texts = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:4] == ["ingest", "6 kept", "clean", "6 kept"] and len(texts) == 14


def test_an_arrow_that_passes_rows_has_a_place_in_each() -> None:
    stage = Stage
    chain = [stage("a", 1, 1, 0, "", ()), *(stage(name, 1, 1, 0, "", (before,)) for before, name in ("ab", "bc", "cd"))]
    stages = [*chain, stage("e", 1, 1, 0, "", ("a",)), stage("f", 1, 1, 0, "", ("d", "e"))]
    found = layers(stages)
    assert ["a>e" in row for row in found] == [False, True, True, False, False] and sorted(found[3]) == ["d", "e"]
    assert draw(stages).height > 200 and draw([]).summary == "nothing was made"


def test_a_stage_that_goes_round_is_drawn_once(tmp_path: Path) -> None:
    for place, stage, inputs in (
        ("sources/quiz", "ingest", []),
        ("cleaned/one/quiz", "clean", ["sources/quiz"]),
        ("pools/one", "pool", ["cleaned/one/quiz"]),
        ("sources/styled", "augment", ["pools/one"]),
        ("cleaned/two/styled", "clean", ["sources/styled"]),
        ("pools/two", "pool", ["cleaned/two/styled"]),
    ):
        out = tmp_path / "results" / place
        out.mkdir(parents=True)
        made = {"stage": stage, "files": {}, "counts": {"kept": 2}}
        run = {"stage": stage, "inputs": {f"results/{one}/manifest.json": "0" for one in inputs}}
        (out / "manifest.json").write_text(json.dumps(made))
        (out / "run.json").write_text(json.dumps(run))
    assert layers(stages_of(jobs(tmp_path))) == [["ingest"], ["clean"], ["pool"], ["augment"]]
