"""
Trains a tiny Llama from scratch on talk, for machines without any model's weights: real all the way, it only knows little.

    python tiny_base.py --talk talk.jsonl --out ~/.cache/troupe/models/tiny-base
    python tiny_base.py --if-missing        # the talk is generated; ends at once when the model is there already
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from artifacts import digest_of
from base import LOCK
from settings import read_settings, wait_briefly

ROOT = Path(__file__).resolve().parent.parent
SPECIAL = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|end_of_text|>", "<|pad|>"]
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|eot_id|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|eot_id|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)


@dataclass(frozen=True)
class Size:
    """Everything that decides what comes out, beside the talk."""

    vocabulary: int = 2048
    hidden: int = 256
    layers: int = 3
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 768
    row: int = 256
    rows: int = 12
    steps: int = 300
    learning_rate: float = 3e-3
    """Of embeddings and norms, by AdamW."""
    matrix_learning_rate: float = 0.02
    """Of all that multiplies, by Muon."""
    seed: int = 7


Talk = list[list[dict[str, str]]]


def read_talk(source: Path) -> Talk:
    """JSON lines of `{"messages": [{role, content}]}`; in a text file a paragraph is a conversation, its lines alternate."""
    files = sorted(path for path in source.rglob("*") if path.suffix in (".jsonl", ".txt")) if source.is_dir() else [source]
    talk: Talk = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".txt":
            for paragraph in text.split("\n\n"):
                lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
                if len(lines) > 1:
                    talk.append([{"role": ("user", "assistant")[i % 2], "content": line} for i, line in enumerate(lines)])
        else:
            talk += [json.loads(line)["messages"] for line in text.splitlines() if line.strip()]
    if not talk:
        raise SystemExit(f"{source} holds no talk: expected *.jsonl or *.txt")
    return talk


def make_tokenizer(talk: Talk, size: Size) -> Any:
    """A byte-level BPE cut as Llama 3 cuts, so that Ollama knows the pattern by its hash."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    texts = [message["content"] for messages in talk for message in messages] + ["system user assistant"] * 200
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=SPECIAL[0], eos_token="<|eot_id|>", pad_token="<|pad|>")
    wrapped.chat_template = TEMPLATE
    return wrapped


def packed(tokenizer: Any, talk: Talk, size: Size) -> Iterator[list[int]]:
    """Endless rows of one length. Each begins with the start of a conversation; what does not fit is left out."""
    shuffle = random.Random(size.seed)
    texts = [tokenizer.apply_chat_template(messages, tokenize=False) for messages in talk]
    encoded = [list(ids) for ids in tokenizer(texts, add_special_tokens=False).input_ids]
    row: list[int] = []
    while True:
        shuffle.shuffle(encoded)
        for ids in encoded:
            row += ids
            if len(row) >= size.row:
                yield row[: size.row]
                row = []


def train(talk: Talk, size: Size, out: Path) -> dict[str, Any]:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(size.seed)
    tokenizer = make_tokenizer(talk, size)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        intermediate_size=size.ffn,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.kv_heads,
        max_position_embeddings=2048,
        rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    # Muon (Jordan et al., 2024) comes in 200 steps where AdamW alone comes in 300.
    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    optimizers = [
        torch.optim.AdamW(others, lr=size.learning_rate, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
        torch.optim.Muon(matrices, lr=size.matrix_learning_rate, weight_decay=0.05),
    ]
    warmup = max(1, size.steps // 20)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / warmup, 0.05 + 0.95 * (1 + math.cos(math.pi * step / size.steps)) / 2)
        )
        for optimizer in optimizers
    ]
    rows = packed(tokenizer, talk, size)
    loss, begun = torch.tensor(math.nan), time.monotonic()
    for step in range(size.steps):
        ids = torch.tensor([next(rows) for _ in range(size.rows)])  # rows × length
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        loss = torch.nn.functional.cross_entropy(model.lm_head(hidden).flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
        model.zero_grad()
        if step % 20 == 19:
            done = (step + 1) * size.rows * size.row
            print(f"step {step + 1}/{size.steps}  loss {loss.item():.3f}  {done / (time.monotonic() - begun):.0f} tokens/s", flush=True)
    model.eval().to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    return {
        "parameters": model.num_parameters(),
        "loss": round(loss.item(), 4),
        "tokens": size.steps * size.rows * size.row,
        "seconds": round(time.monotonic() - begun, 1),
    }


def ensure(talk_source: Path, out: Path, size: Size) -> None:
    """Trains the model unless the same one is there: complete or absent, and by one process at a time."""
    talk = read_talk(talk_source)
    key = hashlib.sha256(
        json.dumps([talk, asdict(size), digest_of(Path(__file__)), digest_of(LOCK)], ensure_ascii=False).encode()
    ).hexdigest()
    out.parent.mkdir(parents=True, exist_ok=True)
    with (out.parent / f".{out.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = out / "made.json"
        if stamp.exists() and json.loads(stamp.read_text())["key"] == key:
            print(f"{out} is there already")
            return
        aside = out.parent / f".{out.name}-{uuid.uuid4()}"
        try:
            made = train(talk, size, aside)
            (aside / "made.json").write_text(json.dumps({"key": key, "conversations": len(talk), **asdict(size), **made}, indent=2))
            if out.exists():
                shutil.rmtree(out)
            aside.rename(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        print(f"{out}: {made['parameters']:,} parameters, loss {made['loss']}, {made['seconds']} s")


def generate_talk(out: Path) -> None:
    """Talk of people who are not in the demo, from the same generator as the demo's own."""
    local = ROOT / "node_modules" / ".bin" / "node"
    node = os.environ.get("TROUPE_NODE") or next(
        (str(path) for path in (*ROOT.glob("node_modules/node-*/bin/node"), local) if path.exists()), "node"
    )
    subprocess.run([node, str(ROOT / "scripts" / "make-world.ts"), "--others", "6000", "--out", str(out)], check=True, stdout=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--talk", type=Path, help="a file or folder of *.jsonl and *.txt; generated when left out")
    parser.add_argument("--out", type=Path, default=read_settings().cache / "models" / "tiny-base")
    parser.add_argument("--if-missing", action="store_true", help="as without it: what is there already is never trained again")
    parser.add_argument("--steps", type=int, default=Size.steps)
    given = parser.parse_args()
    wait_briefly()
    with tempfile.TemporaryDirectory() as folder:
        talk = given.talk or Path(folder) / "talk.jsonl"
        if given.talk is None:
            generate_talk(talk)
        ensure(talk, given.out.expanduser().resolve(), Size(steps=given.steps))


if __name__ == "__main__":
    main()
