"""
Training speed on this machine's CPU: our loop against transformers.Trainer + peft, in one run.

    trainer-python bench/train_speed.py [hidden] [steps]

The same random model, rows, effective batch (16), adapter, dropout and order of rows. Both train the same tokens, so
tokens per second without padding is the time per step turned round; both losses are printed, and must agree.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "trainer-py"))
warnings.filterwarnings("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch  # noqa: E402
from peft import LoraConfig, get_peft_model  # noqa: E402
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments  # noqa: E402

from train import Example, backward  # noqa: E402

HIDDEN, STEPS, LAYERS, WORDS, BATCH = int((sys.argv[1:] or ["384"])[0]), int((sys.argv[2:] or ["24"])[0]), 6, 4000, 16
RATE = 2e-4


def new_model() -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=HIDDEN,
        intermediate_size=HIDDEN * 3,
        num_hidden_layers=LAYERS,
        num_attention_heads=HIDDEN // 64,
        num_key_value_heads=HIDDEN // 128,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
    )
    lora = LoraConfig(
        r=16, lora_alpha=32, lora_dropout=0.05, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], task_type="CAUSAL_LM"
    )
    return get_peft_model(LlamaForCausalLM(config), lora)


def new_rows() -> list[Example]:
    """Lengths as conversations have them: log-normal, 80 tokens on average, half of them the reply."""
    chance = random.Random(0)
    lengths = [min(512, max(12, int(chance.lognormvariate(4.2, 0.7)))) for _ in range(STEPS * BATCH)]
    return [Example([chance.randrange(WORDS) for _ in range(length)], length // 2) for length in lengths]


class Padded(Trainer):
    """The order of rows is given, so that both learn the same."""

    def _get_train_sampler(self, *_: Any) -> Any:
        return torch.utils.data.SequentialSampler(self.train_dataset)


def collate(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    longest = max(len(row["input_ids"]) for row in rows)
    fill = {"input_ids": 0, "labels": -100, "attention_mask": 0}
    return {key: torch.tensor([row[key] + [value] * (longest - len(row[key])) for row in rows]) for key, value in fill.items()}


def theirs(rows: list[Example], folder: str) -> tuple[float, list[float]]:
    data = [
        {
            "input_ids": row.ids,
            "labels": [-100] * row.start + row.ids[row.start :],
            "attention_mask": [1] * len(row.ids),
        }
        for row in rows
    ]
    arguments = TrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=4,
        max_steps=STEPS,
        learning_rate=RATE,
        weight_decay=0.0,
        lr_scheduler_type="constant",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        seed=0,
        remove_unused_columns=False,
    )
    trainer = Padded(model=new_model(), args=arguments, train_dataset=data, data_collator=collate)  # type: ignore[arg-type]
    begun = time.perf_counter()
    trainer.train()
    return time.perf_counter() - begun, [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def ours(rows: list[Example]) -> tuple[float, list[float]]:
    model = new_model()
    model.train()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0, fused=True)
    losses = []
    begun = time.perf_counter()
    for step in range(STEPS):
        torch.manual_seed(step)
        losses.append(backward(model, rows[step * BATCH : (step + 1) * BATCH], 4096, "cpu", "fp32").item())
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - begun, losses


def main() -> None:
    rows = new_rows()
    tokens = sum(len(row.ids) for row in rows)
    backward(new_model(), rows[:4], 4096, "cpu", "fp32")  # the first of anything is slow
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as quiet:
        said, sys.stdout = sys.stdout, quiet
        try:
            padded, their_losses = theirs(rows, folder)
        finally:
            sys.stdout = said
    cut, our_losses = ours(rows)
    last = max(1, STEPS // 4)
    result = {
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
        "model": f"{LAYERS} layers, hidden {HIDDEN}",
        "rows": len(rows),
        "tokens": tokens,
        "trainerTokensPerSecond": round(tokens / padded),
        "ourTokensPerSecond": round(tokens / cut),
        "ratio": round(padded / cut, 2),
        "trainerLoss": round(sum(their_losses[-last:]) / last, 4),
        "ourLoss": round(sum(our_losses[-last:]) / last, 4),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
