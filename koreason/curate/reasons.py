"""Why a record of a dump is not used.

str(Unused.not_json)      # "not_json"

Each reason is a name in the counts, a few words beside a bar and a sentence; the page reads the last two from here.
"""

from enum import StrEnum, auto


class Unused(StrEnum):
    """What is wrong with a record, or what it is instead of a question.

    Attributes:
        not_a_question: no question. The record is an answer, a comment or the like.
        encoding: unreadable text. The record's bytes are not text in the encoding that the source states.
        oversized: record too large. A single record is too large to be a question.
        not_json: torn record. The line is not JSON.
        not_xml: torn record (XML). The row is not XML.
        not_csv: torn table row. The row is not CSV.
        not_warc: torn web record. The record of a web archive is cut, or has another length than it says.
        not_a_page: no page. The record of a web archive is a request, a picture, an error or the like.
        not_an_object: not an object. The JSON value has no named fields.
        wrong_columns: wrong columns. The row has more or fewer fields than the table.
        no_question: empty record. The fields that hold the question are empty.
        names_again: column names. The row has the table's column names once more, as where files were put together.
        no_records: empty list. The list that holds the questions is empty.
        out_of_range: unreadable value. A date or number of the record is outside of what can be told.
        not_text: not text. The question is a list or an object instead of text.
        not_a_dialogue: no single reply. The messages are not one question and one reply to it.
    """

    not_a_question = auto()
    encoding = auto()
    oversized = auto()
    not_json = auto()
    not_xml = auto()
    not_csv = auto()
    not_warc = auto()
    not_a_page = auto()
    not_an_object = auto()
    wrong_columns = auto()
    no_question = auto()
    names_again = auto()
    no_records = auto()
    out_of_range = auto()
    not_text = auto()
    not_a_dialogue = auto()
