"""Journals of version 0.2.0 and before, which knew an answer by its messages, are read on; the engine is played."""

import pytest
from played_tokenizer import play

from koreason.engine.answers import Answer, Segment
from koreason.engine.drawing import Model, draw
from koreason.engine.journals.journal import ASKED, WHOLE, Journal, read_asked
from koreason.engine.signals import Notice
from koreason.engine.spec import Engine, Sampling
from koreason.records.stage import Stage

PARTS = [Segment((1, 2), "answer"), Segment((3, 4), "answer"), Segment((5,), "stop")]


class Played:
    """Draws the parts that are missing; as often as it is let."""

    seconds = start_seconds = 0.0

    def __init__(self, *_):
        self.drawn_tokens = 0

    def answers(self, requests, on_segment, on_step):
        for request in requests:
            for part in PARTS[len(request.begun) :]:
                if Played.left == 0:
                    raise KeyboardInterrupt
                Played.left -= 1
                self.drawn_tokens += len(part.tokens)
                on_segment(request.key, part)
            yield Answer(request.key, f"answer to {request.messages[-1]['content']}", "stop", 3, 5)
            on_step()


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setattr("koreason.engine.drawing.Generator", Played)
    play(monkeypatch)
    monkeypatch.setattr(Notice, "__init__", lambda self: setattr(self, "told", None) or setattr(self, "_held", False))
    with Stage(tmp_path / "model", "base", {}, []) as stage:
        stage.path("config.json").write_text("{}")
        stage.add("config.json")
    sampling, engine = Sampling(0.7, 0.9, 0, 0.0, 24, 24), Engine("float32", 512, 8, 1, 1, 0.5)
    return lambda: Model.read(tmp_path / "model", "", sampling, engine)


def test_finished_and_begun_answers_are_taken(tmp_path, model):
    finished, begun, new = (model().request([{"role": "user", "content": text}], 1) for text in "abc")
    assert len({name for request in (finished, begun, new) for name in (request.key, request.former)}) == 6
    journal = Journal(tmp_path / "journal", WHOLE)
    old = journal.add_row(Answer(finished.former, "paid for", "stop", 3, 5), 512)
    journal.add_segment(begun.former, PARTS[0])
    journal.close()
    Played.left = 1  # killed behind a segment
    with pytest.raises(KeyboardInterrupt):
        draw([finished, begun, new], model(), tmp_path / "journal", WHOLE, Notice())
    asked = sorted([finished.former, begun.key, new.key])
    assert read_asked(tmp_path / "journal" / WHOLE / ASKED) == asked, "one name for each, which status counts and prune keeps"
    Played.left = 1 + len(PARTS)
    rows, facts = draw([finished, begun, new], model(), tmp_path / "journal", WHOLE, Notice())
    assert [row["text"] for row in rows] == ["paid for", "answer to b", "answer to c"] and Played.left == 0
    assert rows[0] == old and facts["from_journal"] == 1, "a row keeps the key under which the journal has it"
    assert read_asked(tmp_path / "journal" / WHOLE / ASKED) == asked
    again, facts = draw([finished, begun, new], model(), tmp_path / "journal", WHOLE, Notice())
    assert again == rows and facts["from_journal"] == 3
