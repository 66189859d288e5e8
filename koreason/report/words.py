"""Words for names that stages put into their counts, and for numbers, as a reader who has never seen the project needs them.

    say("target_share")   # "too little language"

A reason that has no words here is shown by its name.
"""

STAGES = {
    "base": "Fetch teacher and students",
    "ingest": "Read dumps",
    "clean": "Clean prompts",
    "trace": "Generate traces",
    "select": "Select traces",
    "pack": "Tokenize",
    "train": "Train",
    "generate": "Answer benchmarks",
    "score": "Score answers",
}


# What a stage calls a reason: as few words as fit beside a bar, and a sentence.
REASONS = {
    "not_a_question": ("no question", "The record is an answer, a comment or the like."),
    "encoding": ("unreadable text", "The record's bytes are not text in the encoding that the source states."),
    "oversized": ("record too large", "A single record is too large to be a question."),
    "not_json": ("torn record", "The line is not JSON."),
    "not_xml": ("torn record (XML)", "The row is not XML."),
    "not_csv": ("torn table row", "The row is not CSV."),
    "not_an_object": ("not an object", "The JSON value has no named fields."),
    "wrong_columns": ("wrong columns", "The row has more or fewer fields than the table."),
    "no_question": ("empty record", "The fields that hold the question are empty."),
    "not_text": ("not text", "The question is a list or an object instead of text."),
    "empty": ("nothing but markup", "Nothing was left when the markup was taken away."),
    "image_dependent": ("needs a picture", "The question leans on a picture that the dump does not hold."),
    "target_share": ("too little language", "Too small a share of the characters is in the target language's script."),
    "too_short": ("too short", "The question has too few characters."),
    "too_long": ("too long", "Longer than allowed: a prompt in characters, a trace in tokens."),
    "duplicate": ("duplicate", "The same question came before, white space and case aside."),
    "limit": ("over the limit", "The pool takes no more prompts."),
    "incomplete": ("not finished", "The teacher was cut off, repeated itself or was not asked."),
    "no_thinking": ("no thinking", "There is no thinking in the reply."),
    "no_answer": ("no answer", "There is thinking but no answer after it."),
    "several_think_blocks": ("thinks twice", "The reply opens or closes its thinking more than once."),
    "broken_text": ("broken characters", "The teacher drew only part of a character."),
    "thinking_too_short": ("too little thinking", "The thinking has too few characters."),
    "outside_band": ("outside the band", "The share of the target language in the thinking is outside what the mix accepts."),
    "answer_in_other_language": ("other language", "The answer has too little of the target language."),
    "loop": ("goes in circles", "The end of the reply says the same over and over."),
    "other_part": ("from another recipe", "Another recipe of the mix already provides a trace of this prompt."),
    "surplus_sample": ("surplus sample", "The prompt has enough traces in the mix already."),
    "category_not_in_mix": ("category not in mix", "The mix has no quota for this category."),
    "over_quota": ("over the quota", "The category's quota was full."),
}
VERDICTS = {
    "correct": "right",
    "wrong": "wrong",
    "unreadable": "unclear",
    "no_box": "not in the form asked for",
    "unfinished": "thinking never ended",
    "token_limit": "cut off at the token limit",
    "repetition": "repeated itself",
    "refused": "question too long for the model",
    "timeout": "too costly to compare",
    "crash": "too costly to compare",
}


def say(reason: str) -> str:
    """A reason in a few words; the tables beside the page keep the stages' own names."""
    return REASONS[reason][0] if reason in REASONS else reason.replace("_", " ").replace(":", ": ")


def explain(reasons: list[str]) -> list[tuple[str, str]]:
    """Words and sentence of each of some reasons that have one."""
    return [REASONS[reason] for reason in reasons if reason in REASONS]


def span(seconds: float) -> str:
    """A time as people say it: 0.04 s, 4.2 s, 12 min 5 s, 31 h 10 min."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def percent(value: float | None, digits: int = 1) -> str:
    """A share of 1 in percent; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}%}"


def plus_minus(value: float | None, error: float | None) -> str:
    """A share of 1 in percent with its error, where there is one."""
    return percent(value) + (f" ± {error * 100:.1f}" if error is not None else "")


def points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    return "–" if value is None else f"{value * 100:+.1f}".replace("-", "−")


def share(part: int, whole: int) -> str:
    """What share of `whole` a part is."""
    return percent(part / whole) if whole else "–"
