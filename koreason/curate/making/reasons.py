"""Why no prompt is made of a pool's prompt.

str(Unmade.negated)      # "negated"

Each reason is a name in the counts, a few words beside a bar and a sentence; the page reads the last two from here.
"""

from enum import StrEnum, auto


class Unmade(StrEnum):
    """What a prompt is that nothing is made of it, or what is wrong with its translation.

    Attributes:
        no_options: no options. The question has fewer than two options.
        no_gold: no right option known. It is not said which option is right.
        unclear_gold: unclear right option. What is said to be right names no option, or might name two.
        negated: asks for what is wrong. The question has a cue of negation: what it offers beside the answer is right.
        relative_options: options speak of options. An option speaks of the others, whose places would change.
        full: has enough options. The question has as many options as are allowed.
        no_distractor: no further option. Similar questions offer nothing that the options do not say already.
        not_drawn: not drawn. Enough were made of other prompts.
        other_sample: another translation taken. A translation of the same prompt was good already.
        unfinished: translation unfinished. The translator was cut off, or repeated itself.
        no_translation: no translation. There is nothing after the thinking.
        length_ratio: odd length. The translation is too short or too long beside the original.
        lost_numbers: numbers lost. A number of the original is not in the translation.
        lost_formula: formula changed. A formula of the original is not in the translation.
    """

    no_options = auto()
    no_gold = auto()
    unclear_gold = auto()
    negated = auto()
    relative_options = auto()
    full = auto()
    no_distractor = auto()
    not_drawn = auto()
    other_sample = auto()
    unfinished = auto()
    no_translation = auto()
    length_ratio = auto()
    lost_numbers = auto()
    lost_formula = auto()


# Translations that are damaged; what is left out for another reason is sound, and no matter of `max_reject_share`.
REJECTED = (Unmade.unfinished, Unmade.no_translation, Unmade.length_ratio, Unmade.lost_numbers, Unmade.lost_formula)
