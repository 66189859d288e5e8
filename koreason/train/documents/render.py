"""Messages to tokens: the prompt as at inference, then what the student is to produce, each tokenized by itself.

    encode(renderer, [[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<think>..</think>2"}]])

The assistant's turn is never passed through the chat template, since some templates cut thinking out of it (Qwen3) or open it
in their generation prompt (DeepSeek-R1): the template gives the prompt and the end of a turn, and our text goes in between. A control
string in it is text, as in a question: an answer about `</s>` ends where its turn ends.
"""

from koreason.engine.prompts.rendering import Messages, Prompt, Refused, Renderer, without_overlap


class Unfit(Exception):
    """Why messages cannot be trained on; its text is the drop reason."""


def encode(renderer: Renderer, conversations: list[Messages]) -> list[tuple[list[int], list[int]] | Unfit]:
    """Tokens of each prompt and of each completion, or why there are none."""
    made = [_prompt(renderer, messages) for messages in conversations]
    answers = [
        without_overlap(prompt.text, messages[-1]["content"])
        for prompt, messages in zip(made, conversations, strict=True)
        if isinstance(prompt, Prompt)
    ]
    completions = iter(renderer.replies(answers))
    return [prompt if isinstance(prompt, Unfit) else (list(prompt.tokens), next(completions) + renderer.turn_end) for prompt in made]


def _prompt(renderer: Renderer, messages: Messages) -> Prompt | Unfit:
    if not messages or messages[-1]["role"] != "assistant":
        return Unfit("no answer")
    if not messages[-1]["content"].strip():
        return Unfit("empty answer")
    try:
        return renderer.prompt(messages[:-1])
    except Refused:
        return Unfit("refused by the chat template")
