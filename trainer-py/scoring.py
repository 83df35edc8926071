"""How surprised a model is by replies: the one computation behind training, validation, parity and likelihood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from chat import Encoded
from contract import Failure
from failures import Refused

T = TypeVar("T", bound=Encoded)

LOGITS_AT_ONCE = 1 << 27
"""Above so many logits the head is computed in parts and again in the backward pass: 128,000 words × 4,096 tokens do not fit."""

PACKED = 640
"""Tokens up to which a batch is one row. Attention takes the square of them, and anything else a fixed time for every batch."""


def load_model(folder: Path, dtype: torch.dtype, device: str) -> Any:
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True, attn_implementation="sdpa")
    return model.to(device).eval()


def load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def beginning(examples: Sequence[Encoded]) -> int:
    """How many tokens all examples begin with, such as those of a system message; the last before a reply is never counted."""
    places = zip(*(example.ids[: example.start - 1] for example in examples), strict=False)
    return sum(1 for _ in takewhile(lambda tokens: len(set(tokens)) == 1, places))


def packed_length(examples: Sequence[Encoded]) -> int:
    """Tokens of one row that holds all examples, and what they begin with only once."""
    return sum(len(example.ids) for example in examples) - beginning(examples) * (len(examples) - 1)


def micro_batches(examples: Sequence[T], budget: int) -> Iterator[list[T]]:
    """
    Cuts examples so that little is padding: sorted by length, a batch grows as long as it may be one packed row, or the
    longest is no longer than 1.25 × the shortest. None holds more than `budget` tokens with its padding.
    """
    batch: list[T] = []
    for example in sorted(examples, key=lambda each: len(each.ids)):
        length, grown = len(example.ids), [*batch, example]
        pads = length <= 1.25 * len(grown[0].ids) and length * len(grown) <= budget
        if batch and not pads and packed_length(grown) > min(PACKED, budget):
            yield batch
            grown = [example]
        batch = grown
    if batch:
        yield batch


def packed(batch: Sequence[Encoded], device: str) -> tuple[dict[str, torch.Tensor], list[tuple[int, int]]]:
    """One row of all examples, each of which sees what all begin with, and itself; and where each begins, as row and place."""
    known = beginning(batch)
    ids, positions, owners = batch[0].ids[:known], list(range(known)), [-1] * known
    begins = []
    for index, example in enumerate(batch):
        begins.append((0, len(ids) - known))
        ids += example.ids[known:]
        positions += range(known, len(example.ids))
        owners += [index] * (len(example.ids) - known)
    owner = torch.tensor(owners, device=device)
    seen = ((owner[:, None] == owner) | (owner == -1)).tril()  # length × length
    given = {"input_ids": torch.tensor([ids], device=device), "position_ids": torch.tensor([positions], device=device)}
    return {**given, "attention_mask": seen[None, None]}, begins


def padded(batch: Sequence[Encoded], device: str) -> tuple[dict[str, torch.Tensor], list[tuple[int, int]]]:
    """Padded on the right, where causal attention cannot see: no mask is needed."""
    length = max(len(example.ids) for example in batch)
    ids = torch.tensor([example.ids + [0] * (length - len(example.ids)) for example in batch], device=device)  # rows × length
    return {"input_ids": ids}, [(row, 0) for row in range(len(batch))]


def surprise(model: Any, batch: Sequence[Encoded], device: str) -> torch.Tensor:
    """
    Nats of every reply token of a batch, one after the other, example by example. The head is computed for the places
    before them only.
    """
    lay_out = packed if len(batch) > 1 and packed_length(batch) <= PACKED else padded
    given, begins = lay_out(batch, device)
    found = [(row, at + place) for (row, at), each in zip(begins, batch, strict=True) for place in range(each.start, len(each.ids))]
    rows, places = torch.tensor(found, device=device).T
    hidden = model.get_decoder()(**given, use_cache=False).last_hidden_state  # rows × length × width
    before, wanted = hidden[rows, places - 1], given["input_ids"][rows, places]  # replies × width, replies
    head = model.get_output_embeddings()

    def nats(part: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return cross_entropy(head(part).float(), targets, reduction="none")

    at_once = max(1, LOGITS_AT_ONCE // head.weight.shape[0])
    if len(wanted) <= at_once:
        return nats(before, wanted)
    parts = zip(before.split(at_once), wanted.split(at_once), strict=True)
    return torch.cat([checkpoint(nats, *part, use_reentrant=False) for part in parts])


@torch.no_grad()
def check_head(model: Any, example: Encoded, device: str) -> None:
    """Some families scale or bend their logits after the head. One that does would be trained wrong without a word."""
    ids = torch.tensor([example.ids], device=device)
    whole = model(input_ids=ids, use_cache=False).logits[0, example.start - 1 : -1].float()
    expected = cross_entropy(whole, ids[0, example.start :], reduction="none")
    found = surprise(model, [example], device)
    if not torch.allclose(found, expected, atol=0.05, rtol=0.01):
        raise Refused(Failure.BASE_INVALID, "The base model changes its logits after the head, which this trainer does not do.")
