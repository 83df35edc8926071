"""How surprised a model is by replies: the one computation behind training, validation, parity and likelihood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def load_model(folder: Path, dtype: torch.dtype, device: str) -> Any:
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True, attn_implementation="sdpa")
    return model.to(device).eval()


def load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def micro_batches(examples: Sequence[T], budget: int) -> Iterator[list[T]]:
    """
    Cuts examples so that little is padding: sorted by length, a batch ends where the longest would exceed 1.25 × the
    shortest, or where it would hold more than `budget` tokens with its padding.
    """
    batch: list[T] = []
    for example in sorted(examples, key=lambda each: len(each.ids)):
        length = len(example.ids)
        if batch and (length > 1.25 * len(batch[0].ids) or length * (len(batch) + 1) > budget):
            yield batch
            batch = []
        batch.append(example)
    if batch:
        yield batch


def surprise(model: Any, batch: Sequence[Encoded], device: str) -> torch.Tensor:
    """
    Nats of every reply token of a batch, one after the other, row by row. Rows are padded on the right, where causal
    attention cannot see, so no mask is needed; the head is computed for the reply's positions only.
    """
    length = max(len(example.ids) for example in batch)
    ids = torch.tensor([example.ids + [0] * (length - len(example.ids)) for example in batch], device=device)  # rows × length
    rows = torch.tensor([row for row, example in enumerate(batch) for _ in range(example.start, len(example.ids))], device=device)
    places = torch.tensor([place for example in batch for place in range(example.start, len(example.ids))], device=device)
    hidden = model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state  # rows × length × width
    before, wanted = hidden[rows, places - 1], ids[rows, places]  # replies × width, replies
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
