"""What a conversation looks like to a model: the text of its template, the tokens, and which of them are the reply."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract import Failure, Roles
from failures import Refused


class Turn(Protocol):
    @property
    def role(self) -> str: ...
    @property
    def content(self) -> str: ...


@dataclass(frozen=True)
class Said:
    role: str
    content: str


@dataclass(frozen=True)
class Encoded:
    ids: list[int]
    start: int
    """Where the reply begins. Everything from here on, its end token included, is learned or scored."""
    dropped: int = 0
    """Oldest turns left out to fit."""


def render(tokenizer: Any, turns: Sequence[Turn], *, ask: bool = False) -> str:
    """The text of the model's own template. Llama 3.2 writes today's date into it unless told a date: a model must not depend on one."""
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask, date_string="26 Jul 2024"))


def tokens_of(tokenizer: Any, text: str) -> list[int]:
    """The template already holds the special tokens, so none is added."""
    return list(tokenizer(text, add_special_tokens=False).input_ids)


@dataclass(frozen=True)
class Template:
    """A chat template taken apart: what stands before and after the words of each role."""

    bos: str
    head: str
    """Stands at the start of a conversation without a system message."""
    roles: dict[str, tuple[str, str]]
    end: str
    """The token that ends a reply."""
    end_id: int

    @property
    def ask(self) -> str:
        return self.roles["assistant"][0]

    def text(self, turns: Sequence[Turn]) -> str:
        """What Ollama will render for these turns, asking for a reply, with the beginning-of-text token."""
        head = "" if turns and turns[0].role == "system" else self.head
        return self.bos + head + "".join(self.roles[turn.role][0] + turn.content + self.roles[turn.role][1] for turn in turns) + self.ask

    def ollama(self) -> str:
        """The same as a Go template. Ollama's converter has the tokenizer add the beginning-of-text token."""
        branches = [
            f'{{{{ {"if" if index == 0 else "else if"} eq .Role "{role}" }}}}{before}{{{{ .Content }}}}{after}'
            for index, (role, (before, after)) in enumerate(self.roles.items())
        ]
        head = f"{{{{ if not .System }}}}{self.head}{{{{ end }}}}" if self.head else ""
        return head + "{{ range .Messages }}" + "".join(branches) + "{{ end }}{{ end }}" + self.ask


def template_of(tokenizer: Any) -> Template:
    """Takes a chat template apart by rendering probes, and proves the parts by putting a longer conversation together again."""

    def refused(reason: str) -> Refused:
        return Refused(Failure.BASE_INVALID, f"The chat template of the base model cannot be given to Ollama: {reason}.")

    if not tokenizer.chat_template:
        raise refused("the tokenizer has none; take an instruction-tuned model")
    system, user, reply, more = (Said("system", "Qsystem"), Said("user", "Quser"), Said("assistant", "Qreply"), Said("user", "Qmore"))
    try:
        asked, one, answered, two, told = (
            render(tokenizer, [user], ask=True),
            render(tokenizer, [user]),
            render(tokenizer, [user, reply]),
            render(tokenizer, [user, reply, more]),
            render(tokenizer, [system, user]),
        )
    except Exception as error:  # jinja raises whatever the template says
        raise refused("it accepts no system message") from error

    bos = tokenizer.bos_token if tokenizer.bos_token and one.startswith(tokenizer.bos_token) else ""
    try:
        after_reply = answered.split(reply.content)[1]
        before_user, after_user = two.split(reply.content)[1].removeprefix(after_reply).split(more.content)
        ask = asked.removeprefix(one)
        before_system, rest = told.removeprefix(bos).split(system.content)
        after_system = rest.split(user.content)[0].removesuffix(before_user)
        head = one.removeprefix(bos).split(user.content)[0].removesuffix(before_user)
    except (IndexError, ValueError) as error:
        raise refused("it does not write the turns one after the other") from error

    end = after_reply.strip()
    end_id = tokenizer.convert_tokens_to_ids(end) if end else None
    if end_id is None or end_id == tokenizer.unk_token_id or tokens_of(tokenizer, end) != [end_id]:
        raise refused(f"a reply does not end with one token of its own, but with {end!r}")
    template = Template(
        bos=bos,
        head=head,
        roles={"system": (before_system, after_system), "user": (before_user, after_user), "assistant": (ask, after_reply)},
        end=end,
        end_id=int(end_id),
    )
    for proof in ([system, user, reply, more, Said("assistant", "Qlast"), Said("user", "Qend")], [user, reply, more]):
        if template.text(proof) != render(tokenizer, proof, ask=True):
            raise refused("a longer conversation is not the sum of its turns")
    if any("{{" in part or "}}" in part for part in (head, *(text for role in template.roles.values() for text in role))):
        raise refused("it writes double braces, which Ollama reads as its own")
    return template


def call_by_name(tokenizer: Any, roles: Roles) -> None:
    """
    Gives a tokenizer a template in which the two sides are called by their names: `Drew: …` and `Ada: …`, each turn closed
    by the token that ends a turn in the base model's own template (its end of text where it has no template). What the
    model says itself is marked for other trainers (`{% generation %}`).
    """
    if tokenizer.chat_template:
        own = template_of(tokenizer)
        bos, end = own.bos, own.end
    else:
        bos, end = tokenizer.bos_token or "", tokenizer.eos_token
        if bos and tokenizer("").input_ids[:1] != [tokenizer.bos_token_id]:
            bos = ""
        if not end:
            raise Refused(Failure.BASE_INVALID, "The base model has neither a chat template nor an end-of-text token to close a turn with.")

    def written(text: str) -> str:
        return f"{{{{ {json.dumps(text)} }}}}" if text else ""

    tokenizer.chat_template = (
        written(bos)
        + "{% for message in messages %}"
        + "{% if message['role'] == 'assistant' %}"
        + written(f"{roles.assistant}: ")
        + "{% generation %}{{ message['content'] }}"
        + written(end)
        + "{% endgeneration %}{% else %}{% if message['role'] == 'user' %}"
        + written(f"{roles.user}: ")
        + "{% endif %}{{ message['content'] }}"
        + written(end)
        + "{% endif %}"
        + written("\n")
        + "{% endfor %}{% if add_generation_prompt %}"
        + written(f"{roles.assistant}: ")
        + "{% endif %}"
    )


def encode_text(tokenizer: Any, template: Template, text: str, max_length: int) -> Encoded | None:
    """Tokens of a text that answers nothing: no template, an end token. All but the token it begins after is learned."""
    begin = tokens_of(tokenizer, template.bos) or [template.end_id]
    ids = [*begin, *tokens_of(tokenizer, text), template.end_id]
    return Encoded(ids=ids, start=len(begin)) if len(ids) <= max_length else None


def encode(tokenizer: Any, template: Template, turns: Sequence[Turn], max_length: int) -> Encoded | None:
    """
    Tokens of a conversation that ends with a reply. Prompt and reply are tokenized apart, as they are when the model
    speaks: its tokens follow those of the prompt. Too long a conversation loses its oldest turns; None: even the last
    turn alone does not fit.
    """
    if len(turns) == 1:
        return encode_text(tokenizer, template, turns[0].content, max_length)
    reply = tokens_of(tokenizer, turns[-1].content + template.roles["assistant"][1])
    reply = reply[: len(reply) - reply[::-1].index(template.end_id)]  # what a template writes after the end is not the model's to say
    system = [turn for turn in turns[:1] if turn.role == "system"]
    context = list(turns[len(system) : -1])
    total = len(context)
    while True:
        prompt = tokens_of(tokenizer, render(tokenizer, [*system, *context], ask=True)) if context or system else []
        if prompt and len(prompt) + len(reply) <= max_length:
            return Encoded(ids=prompt + reply, start=len(prompt), dropped=total - len(context))
        del context[: next((i for i in range(1, len(context)) if context[i].role == "user"), len(context))]
        if not context:
            return None
