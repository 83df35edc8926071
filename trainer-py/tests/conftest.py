"""A tiny world: a base model trained in seconds, rows of two people who talk about weather and food."""

import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from artifacts import digest_of
from contract import DatasetRow
from tiny_base import Size, ensure
from train import train_work

torch.set_num_threads(1)  # so small a model only waits for a second thread
os.environ["TROUPE_THREADS"] = "1"

SYSTEM = "You are Mali, who loves the sea. คุณคือมะลิ"
WEATHER = ["rain", "sun", "wind", "snow", "fog"]
FOOD = ["rice", "curry", "ต้มยำ", "ส้มตำ", "bread"]
SMALL = Size(vocabulary=420, hidden=64, layers=2, heads=2, kv_heads=1, ffn=128, row=96, rows=16, steps=90, learning_rate=1e-2)


def talk(count: int, seed: int, *answers: str) -> list[list[dict[str, str]]]:
    chance = random.Random(seed)
    conversations = []
    for _ in range(count):
        messages = [{"role": "system", "content": SYSTEM}]
        for _ in range(chance.randint(1, 3)):
            thing = chance.choice(WEATHER + FOOD)
            messages.append({"role": "user", "content": f"Tell me of {thing}" + " please" * chance.randint(0, 4)})
            messages.append({"role": "assistant", "content": chance.choice(answers).format(thing)})
        conversations.append(messages)
    return conversations


def row(messages: list[dict[str, str]], index: int, category: str = "emotional", weight: float = 1.0, group: str = "") -> dict[str, Any]:
    return {
        "id": f"r{index}",
        "category": category,
        "weight": weight,
        "messages": messages,
        "instruction": "",
        "input": "",
        "output": messages[-1]["content"],
        "metadata": {"emotion_detected": None, "intensity": None, "context": None, "angela_feeling": None},
        "group": group or f"g{index}",
        "at": None,
        "language": "en",
        "consent": "c",
        "origin": [f"s/conversations/{index}"],
    }


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    for each in rows:
        DatasetRow.model_validate_json(json.dumps(each))
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    source = folder / "talk.jsonl"
    source.write_text(
        "".join(
            json.dumps({"messages": each}, ensure_ascii=False) + "\n"
            for each in talk(200, 1, "I know {} well.", "Ah, no {}!", "💜 {} ทะเลชอบ", "ชอบ {}! Ah")
        )
    )
    ensure(source, folder / "tiny", SMALL)
    return folder / "tiny"


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("rows")
    made = [
        row(messages, index, ("emotional", "contextual", "selfAwareness")[index % 3], 2.0 if index % 5 == 0 else 1.0)
        for index, messages in enumerate(talk(120, 2, "Ah, {}! ทะเลชอบ 💜"))
    ]
    return write_rows(folder / "train.jsonl", made[:96]), write_rows(folder / "validation.jsonl", made[96:])


TRAINING: dict[str, Any] = {
    "pool": "local",
    "method": "lora",
    "r": 8,
    "alpha": 16,
    "targetModules": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "dropout": 0.05,
    "bias": "none",
    "epochs": 6,
    "batchSize": 4,
    "gradientAccumulation": 2,
    "learningRate": 1e-2,
    "schedule": "linear",
    "warmupSteps": 100,
    "weightDecay": 0,
    "maxGradNorm": 1,
    "maxLength": 256,
    "loggingSteps": 2,
    "saveSteps": 4,
    "seed": 10,
    "device": "cpu",
    "precision": "auto",
    "stages": [
        {"name": "first", "rows": ["emotional", "contextual"], "replay": 0},
        {"name": "second", "rows": ["selfAwareness"], "replay": 0.25, "epochs": 2},
    ],
}

MakeRequest = Callable[..., dict[str, Any]]
Events = list[dict[str, Any]]


@dataclass(frozen=True)
class Trained:
    folder: Path
    result: dict[str, Any]
    events: Events


def run_here(request: dict[str, Any], folder: Path, stopping: Callable[[], bool] = lambda: False) -> tuple[dict[str, Any], Events]:
    events: Events = []
    folder.mkdir(parents=True, exist_ok=True)
    return train_work(request, folder, events.append, stopping), events


@pytest.fixture(scope="session")
def train_request(base: Path, rows: tuple[Path, Path]) -> MakeRequest:
    def make(**training: Any) -> dict[str, Any]:
        train, validation = rows
        return {
            "train": str(train),
            "validation": str(validation),
            "trainDigest": digest_of(train),
            "validationDigest": digest_of(validation),
            "base": str(base),
            "baseName": "tiny",
            "baseDigest": "b" * 64,
            "training": {**TRAINING, **training},
        }

    return make


@pytest.fixture(scope="session")
def uninterrupted(train_request: MakeRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("uninterrupted")
    return Trained(folder, *run_here(train_request(), folder))
