"""
Training speed on this machine's CPU: our loop against transformers.Trainer + peft, on what a persona was trained on.

    trainer-python bench/train_speed.py [runs/<key>/request.json]

`make bench` hands over the request of the demo it has just run. Without one the newest training of this checkout is taken
(`make demo` leaves one). Both get the same base model, adapter, rows, reply masks, order, batch, learning rates and dropout;
rows count alike, since Trainer knows no weights of rows. They take turns, as the speed of a machine drifts.

The losses agree where ours lies where one more run of Trainer's, with other dropout, would lie 19 times in 20.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "trainer-py"))

from settings import read_settings, wait_briefly

wait_briefly()

import torch
import train
import transformers
from chat import call_by_name, template_of
from contract import TrainingStage
from scoring import load_model, load_tokenizer
from torch.utils.tensorboard.writer import SummaryWriter

ROWS = 240
TURNS = 5
NEXT_RUN = 2.776 * (1 + 1 / TURNS) ** 0.5
"""Standard deviations from the mean of so many runs within which another falls with 95 % (Student's t, 4 degrees of freedom)."""


@dataclass(frozen=True)
class Run:
    seconds: float
    losses: list[float]
    """Nats per reply token, of every step."""

    @property
    def last(self) -> float:
        return statistics.mean(self.losses[-max(1, len(self.losses) // 4) :])


def job_of(request: Path) -> train.Job:
    """As the trainer reads it, but on the CPU."""
    asked = json.loads(request.read_text())
    return train.job_of({**asked, "training": {**asked["training"], "device": "cpu"}})


def rows_of(job: train.Job) -> list[train.Example]:
    """Every row as often as all stages together show it."""
    tokenizer, training = load_tokenizer(job.base), job.training
    if job.roles:
        call_by_name(tokenizer, job.roles)
    examples, _ = train.read_examples(job.train, "training", tokenizer, template_of(tokenizer), training.max_length, lambda event: None)
    shown = []
    for stage in training.stages:
        rows = train.rows_of_stage(stage, examples, training.seed)
        order = train.order_of(len(rows), stage.epochs or training.epochs, f"{training.seed}/{stage.name}")
        shown += [replace(rows[index], weight=1.0) for index in order]
    return shown


def batched(job: train.Job, size: int, accumulation: int) -> train.Job:
    training = job.training.model_copy(
        update={"batch_size": size, "gradient_accumulation": accumulation, "logging_steps": 1, "save_steps": 1 << 30}
    )
    return replace(job, training=training, budget=train.micro_batch_budget(None, "cpu", training.max_length)[0])


def new_model(job: train.Job) -> Any:
    dtype = torch.bfloat16 if job.precision == "bf16" else torch.float32
    return train.with_adapter(load_model(job.base, dtype, "cpu"), job.training)


def ours(job: train.Job, rows: Sequence[train.Example], count: int) -> Run:
    """The trainer's own loop, over as much of an epoch as has `count` rows. Its last checkpoint is not timed."""
    losses, ended = [], 0.0

    def emit(event: dict[str, Any]) -> None:
        nonlocal ended
        if event["event"] == "step":
            losses.append(event["loss"])
            ended = time.perf_counter()

    categories = sorted({row.category for row in rows})
    stage = TrainingStage.model_validate({"name": "all", "rows": categories, "replay": 0, "epochs": count / len(rows)})
    with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as board:
        trainer = train.Trainer(job, new_model(job), Path(folder), emit)
        begun = time.perf_counter()
        trainer.train_stage(stage, rows, [], board, lambda: False)
    return Run(ended - begun, losses)


class InOrder(transformers.Trainer):
    """The order of rows is given."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return torch.utils.data.SequentialSampler(train_dataset)


def collate(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    longest = max(len(row["input_ids"]) for row in rows)
    fill = {"input_ids": 0, "labels": -100, "attention_mask": 0}
    return {key: torch.tensor([row[key] + [value] * (longest - len(row[key])) for row in rows]) for key, value in fill.items()}


def theirs(job: train.Job, rows: Sequence[train.Example], count: int, seed: int) -> Run:
    training = job.training
    order = train.order_of(len(rows), count / len(rows), f"{training.seed}/all")
    data = [
        {"input_ids": row.ids, "labels": [-100] * row.start + row.ids[row.start :], "attention_mask": [1] * len(row.ids)}
        for row in (rows[index] for index in order)
    ]
    steps = -(-count // (training.batch_size * training.gradient_accumulation))
    warmup = min(training.warmup_steps, steps // 10)
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=training.batch_size,
            gradient_accumulation_steps=training.gradient_accumulation,
            num_train_epochs=1,
            learning_rate=training.learning_rate,
            weight_decay=training.weight_decay,
            max_grad_norm=training.max_grad_norm,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            seed=seed,
            remove_unused_columns=False,
        )
        trainer = InOrder(model=new_model(job), args=arguments, train_dataset=data, data_collator=collate)
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
            trainer.create_optimizer(), lambda step: train.rate_at(step, steps, warmup, training.schedule)
        )
        begun = time.perf_counter()
        trainer.train()
        return Run(time.perf_counter() - begun, [entry["loss"] for entry in trainer.state.log_history if "loss" in entry])


def measure(job: train.Job, rows: Sequence[train.Example], count: int) -> dict[str, Any]:
    order = train.order_of(len(rows), count / len(rows), f"{job.training.seed}/all")
    tokens = sum(len(rows[index].ids) for index in order)
    for warm_up in (lambda: theirs(job, rows, 16, 0), lambda: ours(job, rows, 16)):
        warm_up()  # the first of anything is slow
    pairs = [(theirs(job, rows, count, seed), ours(job, rows, count)) for seed in range(TURNS)]
    ratios = [padded.seconds / cut.seconds for padded, cut in pairs]
    their_losses, our_loss = [padded.last for padded, _ in pairs], pairs[0][1].last
    middle, noise = statistics.mean(their_losses), NEXT_RUN * statistics.stdev(their_losses)
    return {
        "batch": f"{job.training.batch_size} × {job.training.gradient_accumulation}",
        "rows": count,
        "tokens": tokens,
        "trainerTokensPerSecond": round(tokens / statistics.median(padded.seconds for padded, _ in pairs)),
        "ourTokensPerSecond": round(tokens / statistics.median(cut.seconds for _, cut in pairs)),
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in sorted(ratios)],
        "trainerLoss": round(middle, 4),
        "noise": round(noise, 4),
        "ourLoss": round(our_loss, 4),
        "lossesAgree": abs(our_loss - middle) <= noise,
    }


def newest_request() -> Path:
    runs = read_settings().home / "runs"
    found = [path for path in runs.glob("*/request.json") if "training" in json.loads(path.read_text())]
    if not found:
        raise SystemExit(f"{runs} holds no training. Give a request.json, or run `make demo` first.")
    return max(found, key=lambda path: path.stat().st_mtime)


def main() -> None:
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(os.cpu_count() or 1)
    job = job_of(Path(sys.argv[1]) if len(sys.argv) > 1 else newest_request())
    rows = rows_of(job)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = {"cores": os.cpu_count(), "memoryGiB": round(memory), "threads": torch.get_num_threads(), "base": job.base_name}
    own = (job.training.batch_size, job.training.gradient_accumulation)
    for size, accumulation in dict.fromkeys([own, (4, 4)]):  # the persona's own batch, and Angela's
        load = round(os.getloadavg()[0], 1)
        print(
            json.dumps({**machine, "load": load, **measure(batched(job, size, accumulation), rows, ROWS)}, ensure_ascii=False), flush=True
        )


if __name__ == "__main__":
    main()
