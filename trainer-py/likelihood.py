"""How well models foresee what the persona really said: bits of held-out replies, in their own context and in another's."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chat import Encoded, Said, encode, template_of
from contract import DatasetRow, LikelihoodRow
from lines import read_lines
from scoring import load_model, load_tokenizer, micro_batches, surprise
from work import Emit, Stopped, Stopping

LONGEST = 8192


@dataclass(frozen=True)
class Asked(Encoded):
    row: int = 0


def own_turns(row: DatasetRow, system: str) -> list[Said]:
    return [Said("system", system), *(Said(turn.role, turn.content) for turn in row.messages if turn.role != "system")]


def other_turns(rows: Sequence[DatasetRow], index: int, system: str, seed: int) -> list[Said] | None:
    """The same reply after the words of another conversation. None: all rows are of one group."""
    others = [row for row in rows if row.group != rows[index].group]
    if not others:
        return None
    other = random.Random(f"{seed}/{rows[index].id}").choice(others)
    return [*own_turns(other, system)[:-1], own_turns(rows[index], system)[-1]]


@torch.no_grad()
def bits_of(
    folder: Path, conversations: Sequence[list[Said] | None], name: str, device: str, emit: Emit, stopping: Stopping
) -> list[float | None]:
    """Of the last reply of each conversation and its end token. None: it is not there, does not fit, or is no number."""
    tokenizer = load_tokenizer(folder)
    template = template_of(tokenizer)
    model = load_model(folder, torch.bfloat16 if device == "cuda" else torch.float32, device)
    longest = min(LONGEST, int(model.config.max_position_embeddings))
    asked = []
    for row, turns in enumerate(conversations):
        encoded = encode(tokenizer, template, turns, longest) if turns else None
        if encoded:
            asked.append(Asked(encoded.ids, encoded.start, encoded.dropped, row))
    bits: list[float | None] = [None] * len(conversations)
    done = 0
    for batch in micro_batches(asked, 4096 if device == "cpu" else 32768):
        if stopping():
            raise Stopped
        nats = surprise(model, batch, device).double()
        for each, part in zip(batch, nats.split([len(each.ids) - each.start for each in batch]), strict=True):
            value = part.sum().item() / math.log(2)
            bits[each.row] = value if math.isfinite(value) else None
        done += len(batch)
        emit({"event": "progress", "stage": f"likelihood {name}", "step": done, "steps": len(asked)})
    return bits


def measure(
    models: dict[str, Path], rows: Sequence[DatasetRow], system: str, seed: int, emit: Emit, stopping: Stopping
) -> list[LikelihoodRow]:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    own = [own_turns(row, system) for row in rows]
    elsewhere = [other_turns(rows, index, system, seed) for index in range(len(rows))]
    by_folder: dict[Path, list[float | None]] = {}
    for name, folder in models.items():
        if folder not in by_folder:
            by_folder[folder] = bits_of(folder, [*own, *elsewhere], name, device, emit, stopping)
    measured = {name: by_folder[folder] for name, folder in models.items()}

    def known(place: int) -> dict[Any, float]:
        return {name: bits for name, all_bits in measured.items() if (bits := all_bits[place]) is not None}

    return [
        LikelihoodRow(
            id=row.id,
            group=row.group,
            bytes=len(row.messages[-1].content.encode()),
            bits=known(index),
            bits_elsewhere=known(len(rows) + index),
        )
        for index, row in enumerate(rows)
    ]


def bits_per_byte(measured: Sequence[LikelihoodRow], contender: Any) -> float | None:
    scored = [row for row in measured if contender in row.bits]
    size = sum(row.bytes for row in scored)
    return sum(row.bits[contender] for row in scored) / size if size else None


def likelihood_work(request: dict[str, Any], folder: Path, emit: Emit, stopping: Stopping) -> dict[str, Any]:
    rows = read_lines(Path(request["test"]), DatasetRow)
    models = {name: Path(path) for name, path in request["models"].items()}
    measured = measure(models, rows, request["system"], request["seed"], emit, stopping)
    (folder / "rows.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in measured), encoding="utf-8")
    return {"n": len(measured), "bitsPerByte": {name: bits_per_byte(measured, name) for name in models}}
