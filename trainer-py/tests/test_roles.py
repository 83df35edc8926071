"""Two sides that are called by their names, from the trainer's tokens to those of Ollama."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ollama import BINARY, Server, running

from chat import Said, call_by_name, encode, render, template_of, tokens_of
from conftest import MakeRequest, Trained, run_here, talk
from contract import Failure, Roles
from export import export
from failures import Refused
from parity import check
from scoring import load_tokenizer

ROLES = Roles(user="Drew", assistant="Ada")
PROMPTS = [messages[:-1] for messages in talk(24, 5, "{}")]
END = "<|eot_id|>"


def ignore(event: dict[str, Any]) -> None:
    pass


def never() -> bool:
    return False


def named(base: Path) -> Any:
    tokenizer = load_tokenizer(base)
    call_by_name(tokenizer, ROLES)
    return tokenizer


@pytest.fixture(scope="session")
def trained(train_request: MakeRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("roles")
    return Trained(folder, *run_here({**train_request(epochs=14), "roles": ROLES.model_dump()}, folder))


@pytest.fixture(scope="session")
def merged(base: Path, trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("merged-roles") / "model"
    return out, export(base, trained.folder / "adapter", out, ignore, never, ROLES)


@pytest.fixture(scope="session")
def ollama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not BINARY.exists():
        pytest.skip(f"{BINARY} is missing: `make setup` builds Ollama")
    with running(tmp_path_factory.mktemp("ollama-roles")) as server:
        yield server


def test_the_sides_are_called_by_their_names(base: Path) -> None:
    turns = [Said("system", "Be kind."), Said("user", "Tea?"), Said("assistant", "Yes."), Said("user", "Now?")]

    text = render(named(base), turns, ask=True)

    assert text == f"<|begin_of_text|>Be kind.{END}\nDrew: Tea?{END}\nAda: Yes.{END}\nDrew: Now?{END}\nAda: "


def test_what_is_marked_for_other_trainers_is_what_is_learned_here(base: Path) -> None:
    tokenizer = named(base)
    turns = [{"role": "user", "content": "Tell me of rain"}, {"role": "assistant", "content": "Ah, rain! ทะเลชอบ 💜"}]

    marked = tokenizer.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True)
    encoded = encode(tokenizer, template_of(tokenizer), [Said(**turn) for turn in turns], 256)

    assert encoded is not None
    said = [id for id, mine in zip(marked["input_ids"], marked["assistant_masks"], strict=True) if mine]
    assert tokenizer.decode(said).strip() == tokenizer.decode(encoded.ids[encoded.start :]) == "Ah, rain! ทะเลชอบ 💜" + END


def test_a_base_without_a_template_can_be_given_names(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    tokenizer.chat_template = None

    call_by_name(tokenizer, ROLES)

    assert template_of(tokenizer).end == END


def test_a_base_that_cannot_end_a_turn_is_refused(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    tokenizer.chat_template, tokenizer.eos_token = None, None

    with pytest.raises(Refused, match="neither a chat template nor an end-of-text token") as refused:
        call_by_name(tokenizer, ROLES)

    assert refused.value.type == Failure.BASE_INVALID


def test_a_text_that_answers_nothing_is_learned_whole(base: Path) -> None:
    tokenizer = named(base)
    template = template_of(tokenizer)

    encoded = encode(tokenizer, template, [Said("assistant", "Once there was rain.")], 256)

    assert encoded is not None
    assert encoded.start == 1
    assert tokenizer.decode(encoded.ids) == f"<|begin_of_text|>Once there was rain.{END}"
    assert encode(tokenizer, template, [Said("assistant", "Once there was rain.")], 4) is None


def test_the_merged_model_carries_the_names_and_the_base_keeps_its_own(
    base: Path, merged: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, info = merged

    assert json.loads((folder / "tokenizer_config.json").read_text())["chat_template"] == named(base).chat_template
    assert info["stop"] == [END, "\nDrew:"]
    assert info["template"].endswith("Ada: ")
    plain = export(base, None, tmp_path / "plain", ignore, never, ROLES)
    assert plain["stop"] == [END]
    assert "Ada" not in plain["template"]


def test_ollama_reads_the_very_tokens_that_were_trained(ollama: Server, base: Path, merged: tuple[Path, dict[str, Any]]) -> None:
    folder, info = merged
    ollama.create("named", folder, info["template"], info["stop"])
    trainer, shipped = named(base), load_tokenizer(folder)
    template = template_of(trainer)

    samples = [ollama.sample("named", messages) for messages in PROMPTS]

    for sample in samples:
        turns = [Said(turn.role, turn.content) for turn in sample.messages]
        encoded = encode(trainer, template, [*turns, Said("assistant", sample.reply)], 512)
        assert encoded is not None
        assert template.bos + (sample.rendered or "") == render(trainer, turns, ask=True) == render(shipped, turns, ask=True)
        assert sample.prompt_tokens == encoded.start
        assert tokens_of(shipped, template.bos + (sample.rendered or "")) == encoded.ids[: encoded.start]

    parity = check(folder, samples, "f16", ignore, never)
    assert parity["largest"] <= 0.05
    assert parity["tokens"] >= 100
    assert parity["stopped"] >= len(samples) / 2


def test_ollamas_own_tokens_are_the_trained_ones_one_by_one(ollama: Server, base: Path, merged: tuple[Path, dict[str, Any]]) -> None:
    folder, info = merged
    ollama.create("named", folder, info["template"], info["stop"])
    trainer = named(base)
    system, asked = PROMPTS[0][0]["content"], "Tell me of ส้มตำ please"

    answer = json.loads(
        ollama.ask(
            "/api/generate",
            json.dumps({"model": "named", "system": system, "prompt": asked, "stream": False, "options": {"temperature": 0}}).encode(),
        )
    )

    expected = tokens_of(trainer, render(trainer, [Said("system", system), Said("user", asked)], ask=True))
    told = [*tokens_of(trainer, "<|begin_of_text|>"), *answer["context"]]
    assert told[: len(expected) - 1] == expected[:-1], "the last, a space, is told together with the reply"
    assert answer["prompt_eval_count"] == len(expected)
