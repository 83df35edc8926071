import json
import math
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from chat import Said, encode, template_of
from conftest import SYSTEM, TRAINING, Events, MakeRequest, Trained, row, run_here, write_rows
from contract import Failure, Training, TrainingStage
from failures import Refused
from scoring import PACKED, beginning, load_model, load_tokenizer, micro_batches, packed_length
from train import Example, backward, order_of, rate_at, read_examples, rows_of_stage, trainable, with_adapter
from work import Stopped

TRAINER = Path(__file__).resolve().parent.parent


def start(request: dict[str, Any], folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "request.json").write_text(json.dumps(request))
    return subprocess.Popen(
        [sys.executable, str(TRAINER / "train.py"), str(folder / "request.json"), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def events_of(process: subprocess.Popen[str]) -> Any:
    assert process.stdout
    for line in process.stdout:
        yield json.loads(line)


def adapter_bytes(folder: Path) -> bytes:
    return (folder / "adapter" / "adapter_model.safetensors").read_bytes() + (folder / "adapter" / "adapter_config.json").read_bytes()


def test_the_loss_falls_in_every_stage(uninterrupted: Trained) -> None:
    result, events = uninterrupted.result, uninterrupted.events

    for stage in result["stages"]:
        losses = [event["loss"] for event in events if event["event"] == "step" and event["stage"] == stage["name"]]
        assert losses[-1] < losses[0]
        assert stage["validationLoss"] < losses[0]
        assert 0 < stage["bestStep"] <= stage["steps"]
    assert [stage["name"] for stage in result["stages"]] == ["first", "second"]
    assert result["degraded"] == []
    assert result["steps"] == sum(stage["steps"] for stage in result["stages"]) == 48 + 12


def test_a_clamped_warm_up_is_said(uninterrupted: Trained) -> None:
    result, events = uninterrupted.result, uninterrupted.events

    assert [stage["warmupSteps"] for stage in result["stages"]] == [4, 1]
    assert all(stage["warmupClamped"] for stage in result["stages"])
    assert any("clamped to 4 of 100" in event.get("text", "") for event in events)


def test_the_events_tell_rate_speed_and_memory(uninterrupted: Trained) -> None:
    step = next(event for event in uninterrupted.events if event["event"] == "step")

    assert step["learningRate"] > 0
    assert step["tokensPerSecond"] > 0
    assert step["memory"] > 1_000_000


def test_the_mask_is_the_reply_and_its_end_token(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    turns = [Said("system", SYSTEM), Said("user", "Hello"), Said("assistant", "Hi."), Said("user", "ต้มยำ?"), Said("assistant", "ชอบมาก 💜")]

    encoded = encode(tokenizer, template_of(tokenizer), turns, 256)

    assert encoded is not None
    assert tokenizer.decode(encoded.ids[encoded.start :]) == "ชอบมาก 💜<|eot_id|>"
    assert tokenizer.decode(encoded.ids) == tokenizer.apply_chat_template([vars(turn) for turn in turns], tokenize=False)
    assert encoded.ids.count(tokenizer.bos_token_id) == 1


def test_a_row_that_is_too_long_loses_its_oldest_turns(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    turns = [Said("system", "S"), *(Said(("user", "assistant")[i % 2], f"turn {i} " * 8) for i in range(8))]

    encoded = encode(tokenizer, template_of(tokenizer), turns, 160)

    assert encoded is not None
    assert encoded.dropped > 0
    assert len(encoded.ids) <= 160
    text = tokenizer.decode(encoded.ids)
    assert text.startswith("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user")
    assert "turn 6" in text
    assert "turn 0" not in text
    assert encode(tokenizer, template_of(tokenizer), turns, 20) is None


def test_a_reply_that_cannot_be_learned_is_recorded_as_degraded_and_a_shortened_row_is_noted(
    train_request: MakeRequest, tmp_path: Path
) -> None:
    def said(*texts: str) -> list[dict[str, str]]:
        return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]

    long = "ทะเล " * 300
    rows = [row(said("Hello", "Hi."), 1), row(said("Hello", long), 2), row(said(long, "Ah.", "Hello", "Hi."), 3)]
    train = write_rows(tmp_path / "train.jsonl", rows)
    request = train_request(epochs=1, stages=[{"name": "only", "rows": ["emotional"], "replay": 0}])

    result, events = run_here({**request, "train": str(train)}, tmp_path)

    assert result["degraded"] == ["training rows left out: 1 of 3 exceed maxLength 256 even without their oldest turns"]
    assert any(event.get("text") == "1 of 3 training rows lost their oldest turns to fit maxLength 256" for event in events)
    assert result["stages"][0]["rows"] == 2


def gradients(base: Path, examples: list[Example], budget: int, dropout: float = 0.0) -> list[torch.Tensor]:
    model = with_adapter(load_model(base, torch.float32, "cpu"), Training.model_validate({**TRAINING, "dropout": dropout}))
    for name, parameter in trainable(model).items():  # B starts at 0, and then A would have no gradient
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02, generator=torch.Generator().manual_seed(1))
    backward(model, examples, budget, "cpu", "fp32")
    return [parameter.grad for parameter in trainable(model).values() if parameter.grad is not None]


@pytest.fixture
def examples(base: Path, rows: tuple[Path, Path]) -> list[Example]:
    tokenizer = load_tokenizer(base)
    return read_examples(rows[0], "training", tokenizer, template_of(tokenizer), 256, lambda event: None)[0]


@pytest.mark.parametrize("packed", [PACKED, 0], ids=["packed", "padded"])
def test_however_a_batch_is_cut_the_gradient_is_the_same(
    packed: int, base: Path, examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.PACKED", packed)
    batch = examples[:8]
    assert len({example.weight for example in batch}) == 2
    assert beginning(batch) > 10
    assert (packed_length(batch) <= packed) == (packed > 0)

    whole, single = gradients(base, batch, 4096), gradients(base, batch, 1)

    assert len(list(micro_batches(batch, 1))) == 8
    for one, other in zip(whole, single, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_row_of_weight_two_counts_as_the_row_twice(base: Path, examples: list[Example]) -> None:
    heavy, light = replace(examples[0], weight=2.0), replace(examples[1], weight=1.0)
    once = replace(heavy, weight=1.0)

    for one, other in zip(gradients(base, [heavy, light], 4096), gradients(base, [once, once, light], 4096), strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("budget", [300, 4096])
def test_little_of_a_micro_batch_is_padding(budget: int, examples: list[Example]) -> None:
    batches = list(micro_batches(examples, budget))

    assert sum(map(len, batches)) == len(examples)
    for batch in batches:
        lengths = [len(example.ids) for example in batch]
        padded = max(lengths) <= 1.25 * min(lengths) and max(lengths) * len(batch) <= budget
        assert padded or packed_length(batch) <= min(PACKED, budget)


def test_what_rows_begin_with_is_packed_once_and_no_reply_of_it(examples: list[Example]) -> None:
    twice = [replace(examples[0], ids=[1, 2, 3, 4, 5, 6], start=4), replace(examples[0], ids=[1, 2, 3, 4, 5, 7, 8], start=4)]

    assert beginning(twice) == 3
    assert packed_length(twice) == 3 + 3 + 4


def test_a_stage_takes_its_rows_and_a_share_of_the_others(examples: list[Example]) -> None:
    stage = TrainingStage(name="s", rows=["selfAwareness"], replay=0.25)

    rows = rows_of_stage(stage, examples, 7)

    own = [example for example in rows if example.category == "selfAwareness"]
    assert (len(own), len(rows)) == (32, 32 + 16)
    with pytest.raises(Refused, match="Stage s has no rows of knowledge"):
        rows_of_stage(TrainingStage(name="s", rows=["knowledge"], replay=0), examples, 7)


def test_every_epoch_shows_every_row_once() -> None:
    order = order_of(10, 2.5, "seed")

    assert sorted(order[:10]) == sorted(order[10:20]) == list(range(10))
    assert order[:10] != order[10:20]
    assert len(order) == 25


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_the_rate_warms_up_then_falls(schedule: str) -> None:
    rates = [rate_at(step, 100, 10, schedule) for step in range(100)]

    assert rates[0] > 0
    assert rates[10] == 1
    assert rates[-1] < 0.05 or schedule == "constant"


def test_a_loss_that_is_no_number_fails_with_the_reason(train_request: MakeRequest, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not a number") as refused:
        run_here(train_request(learningRate=1e30, warmupSteps=0, maxGradNorm=1e30), tmp_path)

    assert refused.value.type == Failure.TRAINING_INVALID


def test_training_stops_early_when_validation_no_longer_falls(train_request: MakeRequest, tmp_path: Path) -> None:
    request = train_request(
        earlyStopping={"patience": 1, "minDelta": 0.2}, epochs=30, stages=[{"name": "only", "rows": ["emotional"], "replay": 0}]
    )

    result, _ = run_here(request, tmp_path)

    (stage,) = result["stages"]
    assert stage["stoppedEarly"]
    assert stage["steps"] < 120


def test_a_device_that_is_not_there_is_refused(train_request: MakeRequest, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(Refused, match="device is cuda, and this machine has cpu"):
        run_here(train_request(device="cuda"), tmp_path)


KILLS = {"before the first checkpoint": ("step", 1), "while a checkpoint is written": ("writing", 1), "between two": ("written", 2)}


@pytest.mark.parametrize("moment", KILLS)
def test_killed_and_resumed_the_weights_are_those_of_an_uninterrupted_training(
    moment: str, train_request: MakeRequest, tmp_path: Path, uninterrupted: Trained
) -> None:
    kind, times = KILLS[moment]
    process, seen = start(train_request(), tmp_path), 0
    for event in events_of(process):
        seen += event["event"] == kind or event.get("state") == kind
        if seen == times:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()

    result, events = run_here(train_request(), tmp_path)

    assert adapter_bytes(tmp_path) == adapter_bytes(uninterrupted.folder)
    assert result["stages"] == uninterrupted.result["stages"]
    assert any("resumed" in event for event in events) == (moment == "between two" or (tmp_path / "checkpoints" / "00-00000004").exists())


def test_asked_to_stop_it_saves_where_it_is_and_goes_on_from_there(
    train_request: MakeRequest, tmp_path: Path, uninterrupted: Trained
) -> None:
    process = start(train_request(), tmp_path)
    events: Events = []
    for event in events_of(process):
        events.append(event)
        if event["event"] == "step" and event["step"] >= 6 and event["stage"] == "first" and process.poll() is None and len(events) < 50:
            process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    process.wait()
    assert time.monotonic() - begun < 10
    assert events[-1]["event"] == "stopped"

    run_here(train_request(), tmp_path)

    assert adapter_bytes(tmp_path) == adapter_bytes(uninterrupted.folder)


def test_it_ends_when_its_parent_is_gone(train_request: MakeRequest, tmp_path: Path) -> None:
    process = start(train_request(epochs=500), tmp_path)
    next(event for event in events_of(process) if event["event"] == "step")

    assert process.stdin
    process.stdin.close()

    assert process.wait(timeout=10) == 3


def test_a_damaged_checkpoint_is_refused_and_an_older_one_taken(train_request: MakeRequest, tmp_path: Path, uninterrupted: Trained) -> None:
    count = iter(range(10**6))
    with pytest.raises(Stopped):
        run_here(train_request(), tmp_path, lambda: next(count) > 30)
    newest = sorted((tmp_path / "checkpoints").glob("0*"))[-1]
    damaged = bytearray((newest / "adapter.safetensors").read_bytes())
    damaged[-1] ^= 1
    (newest / "adapter.safetensors").write_bytes(damaged)

    _, events = run_here(train_request(), tmp_path)

    assert any("was refused: adapter.safetensors is damaged" in event.get("text", "") for event in events)
    assert adapter_bytes(tmp_path) == adapter_bytes(uninterrupted.folder)


def test_a_checkpoint_of_another_configuration_is_not_used(train_request: MakeRequest, tmp_path: Path) -> None:
    run_here(train_request(epochs=1), tmp_path)
    shutil.rmtree(tmp_path / "adapter")

    _, events = run_here(train_request(epochs=2), tmp_path)

    assert any("another data set, base model or configuration" in event.get("text", "") for event in events)
    assert not any("resumed" in event for event in events)


def test_the_best_checkpoint_is_the_one_that_is_kept(train_request: MakeRequest, tmp_path: Path) -> None:
    request = train_request(learningRate=0.3, schedule="constant", stages=[{"name": "only", "rows": ["emotional"], "replay": 0}], epochs=6)

    result, events = run_here(request, tmp_path)

    losses = {event["step"]: event["loss"] for event in events if event["event"] == "validation"}
    (stage,) = result["stages"]
    assert stage["bestStep"] == min(losses, key=lambda step: losses[step])
    assert math.isclose(stage["validationLoss"], min(losses.values()))


def test_the_adapter_says_nothing_of_this_machine(uninterrupted: Trained, tmp_path: Path) -> None:
    assert b"/tmp" not in adapter_bytes(uninterrupted.folder)
    assert b'"base_model_name_or_path": "tiny"' in adapter_bytes(uninterrupted.folder)
