"""Reader of what the forum software Discourse gives: topics, posts and their lists, as JSON or one JSON value a line.

for record in read_discourse(stream, source, wanted): ...

Read are `/t/ID.json` (a topic with its posts), `/posts.json` and `/latest_posts`, the answers of the Data Explorer (`columns` and
`rows`), and arrays or lines of any of these, as crawlers write them.
"""

import json
from collections.abc import Iterator
from typing import Any

from koreason.curate.reading.documents.folder import gathered
from koreason.curate.reading.elements import Splitter
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.lines import lines
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source

Found = dict[str, Any] | Unused
OF_POST = ("cooked", "raw", "created_at", "username", "post_url")
OF_TOPIC = ("id", "title", "slug", "category_id", "tags", "views", "like_count", "posts_count")


def read_discourse(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """One record a topic: `title`, its first post's `cooked` (HTML) and, where it was exported, `raw` (Markdown), `created_at`, `url`.

    `answer_cooked` and `answer_raw` are those of the post that is marked as the solution. First posts by themselves are topics, too;
    other posts, and the entries of lists of topics, which hold no text, are skipped.
    """
    number = 0
    for first, data, length in _values(stream):
        if data is None:
            found: list[Found] = [Unused.oversized]
        else:
            found = _found(data, source.encoding)
        share = length // len(found)
        for index, fields in enumerate(found):
            number += 1
            weight = share if index else length - share * (len(found) - 1)
            if isinstance(fields, Unused):
                skipped = fields in (Unused.not_a_question, Unused.no_records)
                yield Record(number, None, first, length, data or "", fields, skipped, weight)
            else:
                yield Record(number, wanted.pick(fields), first, length, data, weight=weight)


def _values(stream: Stream) -> Iterator[tuple[int, bytes | None, int]]:
    """The JSON values of a file: the items of its array, its lines, or itself."""
    head = stream.head()
    begin = head.lstrip()[:1]
    line, newline, _ = head.lstrip().partition(b"\n")
    if begin == b"[":
        yield from Splitter(stream, []).run()
    elif begin == b"{" and newline and not _is_json(line):
        first = stream.start
        data, length = gathered(stream)
        blanks = len(data) - len(data.lstrip()) if data else 0
        stream.between += blanks
        yield first + blanks, data and data[blanks:], length - blanks
    else:
        for _, first, data, length in lines(stream):
            yield first, data, length


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _found(data: bytes, encoding: str) -> list[Found]:
    """The topics in one JSON value, or why there is none; never empty."""
    try:
        value = json.loads(data.decode(encoding))
    except UnicodeDecodeError:
        return [Unused.encoding]
    except (ValueError, RecursionError):
        return [Unused.not_json]
    try:
        return list(_topics(value)) or [Unused.no_records]
    except (TypeError, AttributeError):  # a list where Discourse has an object, or the like
        return [Unused.not_an_object]


def _topics(value: Any) -> Iterator[Found]:
    if not isinstance(value, dict):
        yield Unused.not_an_object
    elif isinstance(posts := (value.get("post_stream") or {}).get("posts"), list):
        yield _topic(value, posts)
    elif isinstance(posts := value.get("latest_posts", value.get("posts")), list):
        for post in posts:
            yield _post(post)
    elif isinstance(rows := value.get("rows"), list) and isinstance(names := value.get("columns"), list):
        for row in rows:
            yield _post(dict(zip(names, row, strict=True)) if len(names) == len(row) else None)
    elif isinstance(topics := (value.get("topic_list") or {}).get("topics"), list):
        for _ in topics:
            yield Unused.not_a_question
    else:
        yield _post(value)


def _topic(topic: dict[str, Any], posts: list[Any]) -> Found:
    first = next((post for post in posts if post.get("post_number") == 1), None)
    if first is None:  # a later page of a long topic
        return Unused.not_a_question if posts else Unused.no_question
    accepted = topic.get("accepted_answer")
    marked = accepted.get("post_number") if isinstance(accepted, dict) else None
    solutions = (post for post in posts if post.get("accepted_answer") is True or (marked and post.get("post_number") == marked))
    answer: dict[str, Any] = next(solutions, {})
    return _fields(topic, first, answer)


def _post(post: Any) -> Found:
    if not isinstance(post, dict):
        return Unused.not_an_object
    if post.get("post_number", 1) != 1:
        return Unused.not_a_question
    if not any(name in post for name in OF_POST[:2]):
        return Unused.no_question
    return _fields(post | {"title": post.get("topic_title") or post.get("title"), "id": post.get("topic_id", post.get("id"))}, post, {})


def _fields(topic: dict[str, Any], first: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    fields = {name: topic[name] for name in OF_TOPIC if name in topic} | {name: first[name] for name in OF_POST if name in first}
    slug = topic.get("slug") or topic.get("topic_slug") or "-"
    fields["url"] = f"/t/{slug}/{topic['id']}" if topic.get("id") is not None else first.get("post_url")
    fields |= {f"answer_{name}": answer.get(name) for name in ("cooked", "raw") if name in first or name in answer}
    return fields
