"""
Proves that Ollama computes what was trained: scores the very tokens it generated and compares log-probabilities.
Comparing texts would prove nothing: a model converted with the wrong positions still gave three of five answers right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chat import Said, render, template_of, tokens_of
from contract import Failure, Sample, SampleToken
from failures import Refused
from lines import read_lines
from scoring import load_model, load_tokenizer
from work import Emit, Stopped, Stopping

ALLOWED = {"f16": 0.05, "q8_0": 0.15, "q4_K_M": 1.0}
"""Largest difference of one log-probability, nats. `docs/training.md` has the measurements the bands come from."""


@dataclass(frozen=True)
class Compared:
    differences: list[float]
    end_gap: float | None
    """How far below the likeliest token the end token is, where the reply ended by itself."""


def failed(message: str) -> Refused:
    return Refused(Failure.PARITY_FAILED, message)


def bytes_of_vocabulary(tokenizer: Any) -> dict[bytes, int]:
    """The token of each string of bytes: a byte-level vocabulary writes bytes as printable characters."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    byte_of = {chr(byte): byte for byte in printable}
    byte_of |= {chr(256 + index): byte for index, byte in enumerate(byte for byte in range(256) if byte not in printable)}
    special = set(tokenizer.all_special_ids)
    return {
        bytes(byte_of[character] for character in token): id
        for token, id in tokenizer.get_vocab().items()
        if id not in special and all(character in byte_of for character in token)
    }


def length_of(token: SampleToken) -> int:
    """Bytes of a token. Where it is a piece of a character Ollama writes U+FFFD for each of its bytes, which alone would be three."""
    return sum(1 if character == "\ufffd" else len(character.encode()) for character in token.token)


def told_whole(sample: Sample) -> bool:
    """
    Whether every generated token and every byte of the reply is known. Ollama drops pieces of characters that never became
    whole, and text or log-probabilities with them; what follows such a gap has a context that nobody knows. A model that
    repeats itself it breaks off, and then counts nothing.
    """
    named = len(sample.tokens) >= sample.generated - (sample.done == "stop")
    return sample.done in ("stop", "length") and named and sum(map(length_of, sample.tokens)) == len(sample.reply.encode())


def ids_of(sample: Sample, vocabulary: dict[bytes, int]) -> list[int]:
    """Ids of the tokens Ollama generated, cut from the bytes of a reply that was told whole."""
    reply, place, ids = sample.reply.encode(), 0, []
    for number, token in enumerate(sample.tokens, start=1):
        piece = reply[place : place + length_of(token)]
        if piece not in vocabulary:
            raise failed(
                f"Token {number} of {len(sample.tokens)} of a reply is not in the model's vocabulary: its tokenizer was converted wrong."
            )
        ids.append(vocabulary[piece])
        place += len(piece)
    return ids


@torch.no_grad()
def compare(model: Any, prompt: Sequence[int], ids: Sequence[int], logprobs: Sequence[float], end: int | None) -> Compared:
    logits = model(input_ids=torch.tensor([[*prompt, *ids]]), use_cache=False).logits[0, len(prompt) - 1 :].float()
    ours = torch.log_softmax(logits, -1)  # reply + 1 × vocabulary
    differences = [abs(ours[place, id].item() - theirs) for place, (id, theirs) in enumerate(zip(ids, logprobs, strict=False))]
    gap = None if end is None else (ours[-1].max() - ours[-1, end]).item()
    return Compared(differences, gap)


def check(folder: Path, samples: Sequence[Sample], quantization: str, emit: Emit, stopping: Stopping) -> dict[str, Any]:
    """Raises ParityFailed with both numbers, or returns the measured ones."""
    if not samples:
        raise failed("There is no sample to compare.")
    allowed = ALLOWED[quantization]
    tokenizer = load_tokenizer(folder)
    template = template_of(tokenizer)
    model = load_model(folder, torch.float32, "cpu")
    vocabulary = bytes_of_vocabulary(tokenizer)
    differences: list[float] = []
    stopped, widest, unreadable = 0, 0.0, 0
    for number, sample in enumerate(samples, start=1):
        if stopping():
            raise Stopped
        if not told_whole(sample):
            unreadable += 1
            continue
        text = render(tokenizer, [Said(turn.role, turn.content) for turn in sample.messages], ask=True)
        if sample.rendered is not None and sample.rendered.removeprefix(template.bos) != text.removeprefix(template.bos):
            raise failed(
                f"Sample {number}: Ollama's template renders {len(sample.rendered)} characters, the trained one {len(text)} others."
            )
        prompt = tokens_of(tokenizer, text)
        if sample.prompt_tokens != len(prompt):
            raise failed(
                f"Sample {number}: Ollama counts {sample.prompt_tokens} prompt tokens, the trainer {len(prompt)}: "
                "another template, another tokenizer, or a beginning-of-text token too many or too few."
            )
        ids = ids_of(sample, vocabulary)
        found = compare(model, prompt, ids, [token.logprob for token in sample.tokens], template.end_id if sample.done == "stop" else None)
        differences += found.differences
        if found.end_gap is not None:
            stopped += 1
            widest = max(widest, found.end_gap)
        emit({"event": "progress", "stage": "parity", "step": number, "steps": len(samples)})
    if unreadable * 2 > len(samples):
        raise failed(
            f"Ollama left out tokens of {unreadable} of {len(samples)} replies, pieces of broken characters: too few can be compared. "
            "The model writes no text; train it longer or at a lower rate."
        )
    if not differences:
        raise failed("Ollama gave no log-probabilities: it must be at least 0.12.11.")
    largest, mean = max(differences), sum(differences) / len(differences)
    if not largest <= allowed:
        raise failed(
            f"Log-probabilities of {len(differences)} tokens differ by up to {largest:.4f} nats (mean {mean:.4f}), allowed {allowed} for "
            f"{quantization}: Ollama does not compute what was trained. Check rope_theta and the tokenizer in the merged model's config."
        )
    if widest > allowed:
        raise failed(
            f"A reply ended where the trained model would have gone on, by {widest:.4f} nats; allowed are {allowed} for {quantization}."
        )
    if stopped == 0:
        raise failed(f"None of {len(samples)} replies ended by itself: the end token {template.end} is not reached or not known to Ollama.")
    return {
        "tokens": len(differences),
        "largest": round(largest, 6),
        "mean": round(mean, 6),
        "allowed": allowed,
        "stopped": stopped,
        "samples": len(samples),
        "unreadable": unreadable,
    }


def parity_work(request: dict[str, Any], folder: Path, emit: Emit, stopping: Stopping) -> dict[str, Any]:
    samples = read_lines(Path(request["samples"]), Sample)
    return check(Path(request["model"]), samples, request["quantization"], emit, stopping)
