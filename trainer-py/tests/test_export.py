import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from ollama import BINARY, Server, running

from chat import Said, render, template_of, tokens_of
from conftest import SYSTEM, Trained, talk
from contract import DatasetRow, Failure, Sample
from export import export, fixed_config
from failures import Refused
from likelihood import bits_per_byte, measure
from lines import read_lines
from parity import bytes_of_vocabulary, check, ids_of, told_whole
from scoring import load_model, load_tokenizer

PROMPTS = [messages[:-1] for messages in talk(24, 5, "{}")]


def ignore(event: dict[str, Any]) -> None:
    pass


def never() -> bool:
    return False


@pytest.fixture(scope="session")
def merged(base: Path, uninterrupted: Trained, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("merged") / "model"
    return out, export(base, uninterrupted.folder / "adapter", out, ignore, never)


@pytest.fixture(scope="session")
def ollama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not BINARY.exists():
        pytest.skip(f"{BINARY} is missing: `make setup` builds Ollama")
    with running(tmp_path_factory.mktemp("ollama")) as server:
        yield server


def test_the_merged_model_is_the_base_with_its_adapter(base: Path, uninterrupted: Trained, merged: tuple[Path, dict[str, Any]]) -> None:
    from peft import PeftModel

    tokenizer = load_tokenizer(base)
    ids = torch.tensor([tokens_of(tokenizer, render(tokenizer, [Said("user", "Tell me of ส้มตำ")], ask=True))])
    plain = load_model(base, torch.float32, "cpu")
    with torch.no_grad():
        before = plain(ids).logits
        adapted = PeftModel.from_pretrained(plain, uninterrupted.folder / "adapter").eval()(ids).logits
        after = load_model(merged[0], torch.float32, "cpu")(ids).logits

    assert (adapted - before).abs().max() > 1
    assert (after - adapted).abs().max() < 0.2  # the base's bf16 has 8 bits
    assert (after - adapted).abs().mean() < 0.03


def test_the_base_itself_can_be_exported(base: Path, tmp_path: Path) -> None:
    info = export(base, None, tmp_path / "out", ignore, never)

    assert (tmp_path / "out" / "model.safetensors").read_bytes() == (base / "model.safetensors").read_bytes()
    assert info["stop"] == ["<|eot_id|>"]


def test_what_converters_need_is_written(merged: tuple[Path, dict[str, Any]]) -> None:
    folder, info = merged
    config, tokenizer = (json.loads((folder / name).read_text()) for name in ("config.json", "tokenizer_config.json"))

    assert config["rope_theta"] == 500000.0
    assert tokenizer["add_bos_token"] is True
    assert tokenizer["eos_token"] == "<|eot_id|>"
    assert "<|start_header_id|>" in tokenizer["chat_template"]
    assert info["addBos"] is True
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_scaled_positions_are_written_for_both_generations_of_readers() -> None:
    llama = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}

    fixed = fixed_config({"rope_parameters": llama, "quantization_config": {}})

    assert fixed["rope_theta"] == 500000.0
    assert fixed["rope_scaling"]["type"] == fixed["rope_scaling"]["rope_type"] == "llama3"
    assert fixed["rope_scaling"]["factor"] == 32.0
    assert "quantization_config" not in fixed
    with pytest.raises(Refused, match="yarn"):
        fixed_config({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1.0}})


CHATML = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_a_chatml_template_is_taken_apart(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.chat_template = CHATML

    template = template_of(tokenizer)

    assert (template.bos, template.end) == ("", "<|im_end|>")
    assert template.head == "<|im_start|>system\nBe kind.<|im_end|>\n"
    assert template.ollama().startswith("{{ if not .System }}<|im_start|>system\nBe kind.")


@pytest.mark.parametrize(
    ("jinja", "reason"),
    [
        ("{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}{{ messages[0]['content'] }}", "no system message"),
        (
            "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}",
            "one token",
        ),
    ],
)
def test_a_template_that_ollama_cannot_be_given_is_refused(base: Path, jinja: str, reason: str) -> None:
    tokenizer = load_tokenizer(base)
    tokenizer.chat_template = jinja

    with pytest.raises(Refused, match=reason) as refused:
        template_of(tokenizer)

    assert refused.value.type == Failure.BASE_INVALID


def test_ollama_computes_what_was_trained(ollama: Server, merged: tuple[Path, dict[str, Any]]) -> None:
    folder, info = merged
    ollama.create("whole", folder, info["template"], info["stop"])
    samples = [ollama.sample("whole", messages) for messages in PROMPTS]

    parity = check(folder, samples, "f16", ignore, never)

    assert parity["largest"] <= 0.05
    assert parity["tokens"] >= 100
    assert parity["stopped"] >= len(samples) / 2


@pytest.mark.parametrize("quantization", ["q8_0", "q4_K_M"])
def test_quantized_it_stays_in_its_band(ollama: Server, merged: tuple[Path, dict[str, Any]], quantization: str) -> None:
    folder, info = merged
    ollama.create(quantization.lower(), folder, info["template"], info["stop"], quantization)

    parity = check(folder, [ollama.sample(quantization.lower(), messages) for messages in PROMPTS], quantization, ignore, never)

    assert parity["largest"] <= parity["allowed"]


def test_without_rope_theta_parity_fails(ollama: Server, merged: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, info = merged
    broken = shutil.copytree(folder, tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text())
    del config["rope_theta"]
    (broken / "config.json").write_text(json.dumps(config))
    ollama.create("broken", broken, info["template"], info["stop"])
    samples = [ollama.sample("broken", messages, longest=24) for messages in PROMPTS]  # after 30 equal tokens Ollama counts none

    with pytest.raises(Refused, match="does not compute what was trained") as refused:
        check(folder, samples, "f16", ignore, never)

    assert refused.value.type == Failure.PARITY_FAILED


@pytest.fixture
def samples(ollama: Server, merged: tuple[Path, dict[str, Any]]) -> list[Sample]:
    folder, info = merged
    ollama.create("whole", folder, info["template"], info["stop"])
    return [ollama.sample("whole", messages) for messages in PROMPTS[:4]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prompt_tokens": 3}, "Ollama counts 3 prompt tokens"),
        ({"rendered": "something else"}, "Ollama's template renders"),
    ],
)
def test_another_prompt_than_the_trained_one_is_noticed(
    samples: list[Sample], merged: tuple[Path, dict[str, Any]], change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        check(merged[0], [sample.model_copy(update=change) for sample in samples], "f16", ignore, never)


def test_replies_that_never_end_are_noticed(samples: list[Sample], merged: tuple[Path, dict[str, Any]]) -> None:
    with pytest.raises(Refused, match="None of 4 replies ended by itself"):
        cut_off = [sample.model_copy(update={"done": "length", "generated": len(sample.tokens)}) for sample in samples]
        check(merged[0], cut_off, "f16", ignore, never)


def test_pieces_of_a_character_are_found_again(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    reply = "ฝน 🦋!"
    ids = tokens_of(tokenizer, reply)
    by_id = {id: text for text, id in bytes_of_vocabulary(tokenizer).items()}
    pieces = [by_id[id] for id in ids]
    assert any(b"\xf0" in piece and len(piece) < 4 for piece in pieces)

    def said(piece: bytes) -> str:  # as Go writes bytes that are no text into JSON
        return piece.decode("utf-8", "surrogateescape").translate({code: 0xFFFD for code in range(0xDC80, 0xDD00)})

    tokens = [{"token": said(piece), "bytes": None, "logprob": -1.0} for piece in pieces]
    sample = Sample.model_validate(
        {
            "messages": [],
            "rendered": None,
            "promptTokens": 0,
            "reply": reply,
            "done": "stop",
            "generated": 1 + len(tokens),
            "tokens": tokens,
        }
    )

    assert ids_of(sample, bytes_of_vocabulary(tokenizer)) == ids


def test_a_reply_with_pieces_that_ollama_dropped_is_not_compared() -> None:
    def told(reply: str, *tokens: str, done: str = "length", generated: int | None = None) -> bool:
        named = [{"token": token, "bytes": None, "logprob": -1.0} for token in tokens]
        counted = len(tokens) if generated is None else generated
        return told_whole(
            Sample.model_validate(
                {"messages": [], "rendered": None, "promptTokens": 0, "reply": reply, "done": done, "generated": counted, "tokens": named}
            )
        )

    assert told("good night", "good", " night")
    assert told("ค่ะ", "ค\ufffd\ufffd", "\ufffd", "ะ")
    assert not told("good", "good", "\ufffd\ufffd"), "the last character was cut off"
    assert not told("good night", "good", " night", generated=4), "two tokens are not named"
    assert not told("good good", "good", " good", done="repetition")


def test_the_trained_model_foresees_the_held_out_replies_better(
    base: Path, rows: tuple[Path, Path], merged: tuple[Path, dict[str, Any]]
) -> None:
    test = read_lines(rows[1], DatasetRow)

    models = {"candidate": merged[0], "base": base, "champion": merged[0], "anchor": base}
    measured = measure(models, test, SYSTEM, 7, ignore, never)

    candidate, plain = bits_per_byte(measured, "candidate"), bits_per_byte(measured, "base")
    assert candidate is not None
    assert plain is not None
    assert candidate < plain / 2
    own, elsewhere = (
        sum(each["candidate"] for each in ([row.bits for row in measured], [row.bits_elsewhere for row in measured])[i]) for i in (0, 1)
    )
    assert own < elsewhere
    assert all(row.bits["champion"] == row.bits["candidate"] and row.bits["anchor"] == row.bits["base"] for row in measured)
    again = measure({"candidate": merged[0]}, test, SYSTEM, 7, ignore, never)
    assert [row.bits_elsewhere["candidate"] for row in again] == [row.bits_elsewhere["candidate"] for row in measured]


def test_bits_are_those_of_the_whole_conversation_less_those_of_its_prompt(base: Path, rows: tuple[Path, Path]) -> None:
    row: DatasetRow = read_lines(rows[1], DatasetRow)[0]
    tokenizer, model = load_tokenizer(base), load_model(base, torch.float32, "cpu")
    ids = tokens_of(tokenizer, render(tokenizer, row.messages))
    start = len(tokens_of(tokenizer, render(tokenizer, row.messages[:-1], ask=True)))
    with torch.no_grad():
        logprobs = torch.log_softmax(model(torch.tensor([ids])).logits[0], -1)
    expected = -sum(logprobs[place - 1, ids[place]].item() for place in range(start, len(ids))) / math.log(2)

    (measured,) = measure({"base": base}, [row], row.messages[0].content, 7, ignore, never)

    assert math.isclose(measured.bits["base"], expected, rel_tol=1e-3)
    assert measured.bits_elsewhere == {}
    assert measured.bytes == len(row.messages[-1].content.encode())
