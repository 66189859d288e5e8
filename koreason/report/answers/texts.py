"""The answers behind each score, for the page's reader: a list of items a score, and their texts in pieces.

    names = [name for name, text in pieces(plan, facts)]       # "3-000", "3-001", "3": pieces of texts, and a score's list of items

A page that is opened from disk may load scripts and nothing else, so each piece is one: a single call with a string of JSON. What models
said is only ever inside of that string. Runs whose answers are small have them inside the page instead.
"""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from koreason.config.joined.experiments import BASE
from koreason.engine.thinking import CLOSE
from koreason.records.held import Held
from koreason.report.answers.matrix import key_of
from koreason.report.answers.tables import GENERATIONS_FILE, READINGS_FILE
from koreason.report.facts import Cell, Facts, Plan
from koreason.shown import masked, printable
from koreason.tables import GENERATIONS, READINGS, SCORED, read_table, scan_table

PIECE = 1 << 20  # characters of texts, at least, in a piece; one answer is never parted
INSIDE = 3 << 20  # characters of all pieces that still go into the page itself
LONGEST = 200_000  # characters of one text that are shown


def pieces(plan: Plan, facts: Facts) -> Iterator[tuple[str, str]]:
    """Every piece's name and its JSON, in the order of the scores."""
    for cell in plan.cells:
        scored, drawn = facts.scored[cell], facts.generations.get(cell)
        if drawn is not None and GENERATIONS_FILE in drawn.names and READINGS_FILE in scored.names:
            yield from of_cell(plan, facts, cell, scored, drawn)


def of_cell(plan: Plan, facts: Facts, cell: Cell, scored: Held, drawn: Held) -> Iterator[tuple[str, str]]:
    """The pieces of one score's texts, and last the list of its items."""
    key, profiles = key_of(plan, cell), list(facts.scores[cell].get("profiles", {})) or [facts.scores[cell]["profile"]]
    readings = _readings(scored)
    facts_of = _items(scored)
    before = _first_verdicts(facts, (cell[0], BASE, BASE, cell[3])) if cell[1] != BASE else {}
    listed: list[list[Any]] = []
    texts: dict[str, Any] = {}
    size, number = 0, 0
    for item, prompt, answers in _answers(drawn):
        category, gold = facts_of[item]
        read = readings[item]
        every = [_answer(*one) for one in zip(answers, read, strict=True)]
        texts[str(len(listed))] = {"prompt": shown(prompt), "gold": shown(gold), "answers": every}  # by place: an id may be anything
        size += sum(len(response) for response, _ in answers) + len(prompt)
        first = [one[0][2] for one in read]
        differs = any(len({each[3] for each in one}) > 1 for one in read)
        listed.append([shown(item), shown(category), shown(gold)[:80], first, int(differs), before.get(item, []), number])
        if size >= PIECE:
            yield f"{key}-{number:03d}", _json(texts)
            texts, size, number = {}, 0, number + 1
    if texts:
        yield f"{key}-{number:03d}", _json(texts)
    model, mix, schedule, bench = cell
    title = f"{model}, {plan.state(mix, schedule)}, on {bench}"
    yield key, _json({"title": title, "profiles": profiles, "items": listed})


def shown(text: str) -> str:
    """A text as the page shows it: control characters that would turn or hide what follows are made visible."""
    return masked(printable(text[:LONGEST])) + (f" … {len(text) - LONGEST:,} more characters" if len(text) > LONGEST else "")


def _in_place(text: str) -> str:
    """The same, a character for each."""
    return masked(printable(text[:LONGEST].replace("\r\n", " \n")))


def _answer(said: tuple[str, str], read: list[tuple[str, str | None, str, bool, str, int | None, int | None]]) -> dict[str, Any]:
    response, finish = said
    place = response.rfind(CLOSE)
    cut = place + len(CLOSE) if place >= 0 else 0
    spans = [[max(start - cut, 0), end - cut] if start is not None and end is not None and end > cut else None for *_, start, end in read]
    return {
        # each character for one, so that places hold
        "think": _in_place(response[:cut]),
        "answer": _in_place(response[cut:]),
        "finish": finish,
        "read": [
            [name, shown(extracted or ""), verdict, rule, span]
            for (name, extracted, verdict, _, rule, _, _), span in zip(read, spans, strict=True)
        ],
    }


def _answers(drawn: Held) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Of each item its prompt and the answers of its repeats, as (response, finish)."""
    frame = read_table(drawn, GENERATIONS_FILE, GENERATIONS).sort("item_id", "repeat")
    item, prompt, answers = None, "", list[tuple[str, str]]()
    for key, text, response, finish in frame.select("item_id", "prompt", "response", "finish").iter_rows():
        if key != item:
            if item is not None:
                yield item, prompt, answers
            item, prompt, answers = key, text, []
        answers.append((response, finish))
    if item is not None:
        yield item, prompt, answers


def _readings(scored: Held) -> dict[str, list[list[Any]]]:
    """Of each item, by repeat, what each profile read."""
    columns = ("item_id", "repeat", "profile", "extracted", "verdict", "correct", "rule", "start", "end")
    found: dict[str, dict[int, list[Any]]] = {}
    for item, repeat, *read in read_table(scored, READINGS_FILE, READINGS).select(columns).iter_rows():
        found.setdefault(item, {}).setdefault(repeat, []).append(tuple(read))
    return {item: [by_repeat[repeat] for repeat in sorted(by_repeat)] for item, by_repeat in found.items()}


def _items(scored: Held) -> dict[str, tuple[str, str]]:
    frame = scan_table(scored, "scored.parquet", SCORED).select("item_id", "category", "gold").unique("item_id").collect()
    return {item: (category, gold) for item, category, gold in frame.iter_rows()}


def _first_verdicts(facts: Facts, cell: Cell) -> dict[str, list[str]]:
    """Of each item of a score the verdicts of its repeats, as its own profile has them; empty where nobody wrote them."""
    made = facts.scored.get(cell)
    if made is None or READINGS_FILE not in made.names:
        return {}
    frame = scan_table(made, READINGS_FILE, READINGS).filter(pl.col("profile") == facts.scores[cell]["profile"]).sort("item_id", "repeat")
    return dict(frame.group_by("item_id", maintain_order=True).agg("verdict").collect().iter_rows())


def _json(value: Any) -> str:
    """JSON that is the same where it stands in a page's data block: no character of it can end one, or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def as_script(name: str, text: str) -> str:
    """A piece as a file: one call with two strings, and nothing of a model's outside of them."""
    return f"koreasonTake({json.dumps(name)},{_json(text)});\n"
