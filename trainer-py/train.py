"""
Trains a LoRA adapter: `python train.py request.json folder`. Knows nothing of Temporal.

What happens at a step follows from the request and the step's number alone (which rows, which dropout, which learning
rate), so a checkpoint holds the adapter, the optimizer and a few counters, and training that goes on from one gives the
very weights that training without a break gives.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import resource
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from chat import Encoded, Template, call_by_name, encode, template_of
from checkpoints import newest_whole, write_checkpoint
from contract import DatasetRow, Failure, Roles, Training, TrainingStage
from failures import Refused
from lines import read_lines
from scoring import PACKED, check_head, load_model, load_tokenizer, micro_batches, surprise
from work import Emit, Stopped, Stopping

VALIDATION_ROWS = 256
"""More would cost time at every checkpoint and not change which is best."""
RECENT = 10


@dataclass(frozen=True)
class Example(Encoded):
    category: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Job:
    """What the trainer is given: files of this machine, and the training as the persona wants it."""

    train: Path
    validation: Path
    base: Path
    base_name: str
    training: Training
    digest: str
    """Of everything that decides the weights. A checkpoint of another digest is not used."""
    device: str
    precision: str
    budget: int
    """Tokens of a micro-batch, padding included."""
    roles: Roles | None = None
    """What the two sides are called, where it isn't what the base model's own template calls them."""


@dataclass
class Progress:
    """Where the training is. Everything here is written to a checkpoint, beside the weights and the optimizer."""

    stage: int = 0
    step: int = 0
    """Steps done in this stage."""
    total: int = 0
    tokens: int = 0
    best_step: int = 0
    best_loss: float | None = None
    stale: int = 0
    """Validations since the loss last fell by enough."""
    recent: tuple[float, ...] = ()
    results: tuple[dict[str, Any], ...] = ()


def read_examples(
    path: Path, kind: str, tokenizer: Any, template: Template, max_length: int, emit: Emit
) -> tuple[list[Example], list[str]]:
    """The rows that fit, and what is to be recorded as degraded: replies that were given and could not be used."""
    rows, examples, shortened = read_lines(path, DatasetRow), [], 0
    for row in rows:
        encoded = encode(tokenizer, template, row.messages, max_length)
        if encoded is None:
            continue
        shortened += encoded.dropped > 0
        examples.append(Example(encoded.ids, encoded.start, encoded.dropped, row.category, row.weight))
    if shortened:
        emit({"event": "note", "text": f"{shortened} of {len(rows)} {kind} rows lost their oldest turns to fit maxLength {max_length}"})
    left_out = len(rows) - len(examples)
    record = f"{kind} rows left out: {left_out} of {len(rows)} exceed maxLength {max_length} even without their oldest turns"
    return examples, [record] if left_out else []


def rows_of_stage(stage: TrainingStage, examples: Sequence[Example], seed: int) -> list[Example]:
    """The stage's own rows, and a share of the others so that they are not forgotten."""
    own = [example for example in examples if example.category in stage.rows]
    if not own:
        counts = Counter(example.category for example in examples)
        raise Refused(
            Failure.TRAINING_INVALID,
            f"Stage {stage.name} has no rows of {', '.join(stage.rows)}; there are {dict(counts)}. Change `training.stages`.",
        )
    others = [example for example in examples if example.category not in stage.rows]
    return own + random.Random(f"{seed}/{stage.name}/replay").sample(others, round(stage.replay * len(others)))


def order_of(count: int, epochs: float, seed: str) -> list[int]:
    """Which row comes when: every epoch is a new permutation."""
    order: list[int] = []
    for epoch in range(math.ceil(epochs)):
        rows = list(range(count))
        random.Random(f"{seed}/{epoch}").shuffle(rows)
        order += rows
    return order[: max(1, round(epochs * count))]


def rate_at(step: int, steps: int, warmup: int, schedule: str) -> float:
    """Share of the learning rate at a step, as transformers computes it, but for the first: at a rate of 0 it would teach nothing."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = (step - warmup) / max(1, steps - warmup)
    return {"linear": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2, "constant": 1.0}[schedule]


def seed_of(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:7], "big")


def choose_device(wanted: str) -> str:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, usable in there.items() if usable)
    if not there[wanted]:
        usable = ", ".join(name for name, ok in there.items() if ok)
        raise Refused(Failure.TRAINING_INVALID, f"training.device is {wanted}, and this machine has {usable}.")
    return wanted


def micro_batch_budget(model: Any, device: str, max_length: int) -> tuple[int, bool]:
    """Tokens that fit at once, and whether activations must be computed again in the backward pass to fit one row."""
    if device != "cuda":
        return PACKED if device == "cpu" else 4096, False
    config = model.config
    free = torch.cuda.mem_get_info()[0] * 0.8
    per_token = config.num_hidden_layers * 2 * (12 * config.hidden_size + 4 * config.intermediate_size)  # bytes, estimated for bf16
    if free / per_token >= max_length:
        return min(65536, int(free / per_token)), False
    return max(max_length, min(65536, int(free / (config.num_hidden_layers * 2 * config.hidden_size * 2)))), True


def with_adapter(model: Any, training: Training) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed_of(training.seed, "adapter"))
    config = LoraConfig(
        r=training.r,
        lora_alpha=training.alpha,
        lora_dropout=training.dropout,
        target_modules=list(training.target_modules),
        bias=training.bias,
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    adapted.train()
    return adapted


def trainable(model: Any) -> dict[str, torch.nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def snapshot(model: Any) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().cpu().clone() for name, parameter in trainable(model).items()}


@torch.no_grad()
def restore(model: Any, weights: dict[str, torch.Tensor]) -> None:
    for name, parameter in trainable(model).items():
        parameter.copy_(weights[name])


def weighted_tokens(batch: Sequence[Example]) -> float:
    return sum(example.weight * (len(example.ids) - example.start) for example in batch)


def backward(
    model: Any, batch: Sequence[Example], budget: int, device: str, precision: str, stopping: Stopping = lambda: False
) -> torch.Tensor:
    """
    Adds the gradient of one effective batch, cut into micro-batches that fit. Each token counts by its row's weight and
    all are divided by the weighted tokens of the whole batch, so the cut changes nothing.
    """
    total = weighted_tokens(batch)
    loss = torch.zeros((), device=device)
    for part in micro_batches(batch, budget):
        if stopping():
            raise Stopped
        weights = torch.tensor([example.weight for example in part for _ in example.ids[example.start :]], device=device)
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            share = (surprise(model.get_base_model(), part, device) * weights).sum() / total
        share.backward()
        loss += share.detach()
    return loss


@torch.no_grad()
def validation_loss(model: Any, examples: Sequence[Example], job: Job) -> float | None:
    """Nats per reply token. None: there is nothing to validate with."""
    if not examples:
        return None
    model.eval()
    total, count = 0.0, 0
    for part in micro_batches(examples, job.budget):
        with torch.autocast(job.device, torch.bfloat16, enabled=job.precision == "bf16"):
            nats = surprise(model.get_base_model(), part, job.device)
        total, count = total + nats.sum().item(), count + len(nats)
    model.train()
    return total / count


def memory_in_use(device: str) -> int:
    if device == "cuda":
        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def diverged(stage: str, step: int) -> Refused:
    return Refused(
        Failure.TRAINING_INVALID,
        f"The loss of stage {stage} is not a number at step {step}. Lower `learningRate`, or raise `warmupSteps`.",
    )


class Trainer:
    """The state of a training: model, optimizer, progress and the best weights of the stage."""

    def __init__(self, job: Job, model: Any, folder: Path, emit: Emit) -> None:
        self.job, self.model, self.folder, self.emit = job, model, folder, emit
        self.progress = Progress()
        self.best = snapshot(model)
        self.optimizer = self.new_optimizer()

    def new_optimizer(self) -> torch.optim.AdamW:
        training = self.job.training
        return torch.optim.AdamW(
            trainable(self.model).values(), lr=training.learning_rate, weight_decay=training.weight_decay, fused=self.job.device != "mps"
        )

    def save(self) -> None:
        progress = self.progress
        name = f"{progress.stage:02}-{progress.step:08}"
        self.emit({"event": "checkpoint", "state": "writing", "checkpoint": name})

        def write(folder: Path) -> None:
            save_file(snapshot(self.model), folder / "adapter.safetensors")
            save_file(self.best, folder / "best.safetensors")
            torch.save(self.optimizer.state_dict(), folder / "optimizer.pt")
            (folder / "progress.json").write_text(json.dumps(vars(progress)))

        write_checkpoint(self.folder / "checkpoints", name, self.job.digest, write)
        self.emit({"event": "checkpoint", "state": "written", "checkpoint": name})

    def resume(self) -> None:
        found = newest_whole(self.folder / "checkpoints", self.job.digest, self.emit)
        if found is None:
            return
        restore(self.model, load_file(found / "adapter.safetensors"))
        self.best = load_file(found / "best.safetensors")
        self.optimizer.load_state_dict(torch.load(found / "optimizer.pt", weights_only=True, map_location=self.job.device))
        state = json.loads((found / "progress.json").read_text())
        self.progress = Progress(**{**state, "recent": tuple(state["recent"]), "results": tuple(state["results"])})
        self.emit({"event": "note", "text": f"resumed from checkpoint {found.name}", "resumed": found.name})

    def validate(self, examples: Sequence[Example], stage: TrainingStage) -> float | None:
        """Keeps the weights when they are the best of this stage so far."""
        progress = self.progress
        loss = validation_loss(self.model, examples, self.job)
        if loss is not None and not math.isfinite(loss):
            raise diverged(stage.name, progress.step)
        better = loss is None or progress.best_loss is None or loss < progress.best_loss
        early = self.job.training.early_stopping
        if loss is not None and progress.best_loss is not None and early and loss >= progress.best_loss - early.min_delta:
            progress.stale += 1
        else:
            progress.stale = 0
        if better:
            progress.best_loss, progress.best_step = loss, progress.step
            self.best = snapshot(self.model)
        self.emit({"event": "validation", "stage": stage.name, "step": progress.step, "loss": loss, "best": better})
        return loss

    def train_stage(
        self, stage: TrainingStage, examples: Sequence[Example], validation: Sequence[Example], board: Any, stopping: Stopping
    ) -> None:
        job, training, progress, emit = self.job, self.job.training, self.progress, self.emit
        rows = rows_of_stage(stage, examples, training.seed)
        held_out = [example for example in validation if example.category in stage.rows]
        if validation and not held_out:
            held_out = list(validation)
            emit({"event": "note", "text": f"stage {stage.name} has no validation rows of its own: all {len(held_out)} stand in"})
        held_out = random.Random(f"{training.seed}/{stage.name}/validation").sample(held_out, min(VALIDATION_ROWS, len(held_out)))
        effective = training.batch_size * training.gradient_accumulation
        order = order_of(len(rows), stage.epochs or training.epochs, f"{training.seed}/{stage.name}")
        steps = math.ceil(len(order) / effective)
        warmup = min(training.warmup_steps, steps // 10)
        rate = stage.learning_rate or training.learning_rate
        emit(
            {
                "event": "stage",
                "stage": stage.name,
                "rows": len(rows),
                "validationRows": len(held_out),
                "steps": steps,
                "step": progress.step,
            }
        )
        if warmup < training.warmup_steps:
            emit(
                {
                    "event": "note",
                    "text": f"warm-up of stage {stage.name} clamped to {warmup} of {training.warmup_steps} steps: it has {steps}",
                }
            )

        losses: list[torch.Tensor] = []
        since, tokens_since = time.monotonic(), 0
        stopped_early = False
        while progress.step < steps and not stopped_early:
            step = progress.step
            batch = [rows[index] for index in order[step * effective : (step + 1) * effective]]
            torch.manual_seed(seed_of(training.seed, stage.name, step))  # dropout
            try:
                loss = backward(self.model, batch, job.budget, job.device, job.precision, stopping)
            except Stopped:
                self.optimizer.zero_grad()
                progress.recent = (*progress.recent, *(value.item() for value in losses))[-RECENT:]
                self.save()
                raise
            torch.nn.utils.clip_grad_norm_(trainable(self.model).values(), training.max_grad_norm)
            for group in self.optimizer.param_groups:
                group["lr"] = rate * rate_at(step, steps, warmup, training.schedule)
            self.optimizer.step()
            self.optimizer.zero_grad()

            progress.step, progress.total = step + 1, progress.total + 1
            tokens = sum(len(example.ids) for example in batch)
            progress.tokens, tokens_since = progress.tokens + tokens, tokens_since + tokens
            losses.append(loss)
            last, saving = progress.step == steps, progress.step % training.save_steps == 0
            if progress.step % training.logging_steps == 0 or last or saving:
                values = [value.item() for value in losses]  # waits for the device: never at every step
                if not all(map(math.isfinite, values)):
                    raise diverged(stage.name, progress.step)
                progress.recent = (*progress.recent, *values)[-RECENT:]
                speed = tokens_since / max(1e-9, time.monotonic() - since)
                event = {
                    "event": "step",
                    "stage": stage.name,
                    "step": progress.step,
                    "steps": steps,
                    "loss": sum(values) / len(values),
                    "learningRate": self.optimizer.param_groups[0]["lr"],
                    "tokensPerSecond": round(speed, 1),
                    "memory": memory_in_use(job.device),
                }
                emit(event)
                for name in ("loss", "learningRate", "tokensPerSecond", "memory"):
                    board.add_scalar(f"train/{name}", event[name], progress.total)
                losses, since, tokens_since = [], time.monotonic(), 0
            if last or saving:
                validated = self.validate(held_out, stage)
                if validated is not None:
                    board.add_scalar("validation/loss", validated, progress.total)
                early = training.early_stopping
                stopped_early = early is not None and progress.stale >= early.patience
                if saving and not last and not stopped_early:
                    self.save()
                since = time.monotonic()

        restore(self.model, self.best)
        progress.results = (
            *progress.results,
            {
                "name": stage.name,
                "rows": len(rows),
                "steps": progress.step,
                "warmupSteps": warmup,
                "warmupClamped": warmup < training.warmup_steps,
                "loss": sum(progress.recent) / len(progress.recent) if progress.recent else None,
                "validationLoss": progress.best_loss,
                "bestStep": progress.best_step,
                "stoppedEarly": stopped_early,
            },
        )
        progress.stage, progress.step, progress.recent = progress.stage + 1, 0, ()
        progress.best_step, progress.best_loss, progress.stale = 0, None, 0
        self.optimizer = self.new_optimizer()
        self.best = snapshot(self.model)
        self.save()


def write_adapter(model: Any, base_name: str, folder: Path) -> None:
    """As peft writes it, but the same bytes on every machine: no path of this one, lists in order."""
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = base_name
    config["target_modules"] = sorted(config["target_modules"])
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True))


def train(job: Job, folder: Path, emit: Emit, stopping: Stopping = lambda: False) -> dict[str, Any]:
    """Every stage of a training, from the newest whole checkpoint on. Returns what is to be said of the adapter."""
    from torch.utils.tensorboard.writer import SummaryWriter

    tokenizer = load_tokenizer(job.base)
    if job.roles:
        call_by_name(tokenizer, job.roles)
    template = template_of(tokenizer)
    examples, lost = read_examples(job.train, "training", tokenizer, template, job.training.max_length, emit)
    validation, lost_validation = read_examples(job.validation, "validation", tokenizer, template, job.training.max_length, emit)
    if not examples:
        raise Refused(Failure.DATASET_INVALID, "The data set has no training row that fits `maxLength`.")

    base = load_model(job.base, torch.bfloat16 if job.precision == "bf16" else torch.float32, job.device)
    check_head(base, examples[0], job.device)
    fitting, recompute = micro_batch_budget(base, job.device, job.training.max_length)
    budget = min(job.budget, fitting) if job.budget else fitting
    if job.budget:
        text = f"micro-batches halved to {budget} tokens after running out of memory, with the same effective batch"
        emit({"event": "note", "text": text})
    job = Job(**{**vars(job), "budget": budget})
    if recompute:
        base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        base.enable_input_require_grads()
    emit({"event": "start", "device": job.device, "precision": job.precision, "microBatchTokens": budget, "recompute": recompute})
    if budget > int(os.environ.get("TROUPE_TEST_MEMORY") or budget):
        raise MemoryError  # a test's stand-in for a device that holds no more tokens
    trainer = Trainer(job, with_adapter(base, job.training), folder, emit)
    trainer.resume()
    with SummaryWriter(str(folder / "board"), purge_step=trainer.progress.total or None) as board:
        while trainer.progress.stage < len(job.training.stages):
            trainer.train_stage(job.training.stages[trainer.progress.stage], examples, validation, board, stopping)

    write_adapter(trainer.model, job.base_name, folder / "adapter")
    cut = f"rows of a step packed up to {min(PACKED, budget)} tokens, or cut at 1.25 × the shortest and at {budget} tokens"
    return {
        "stages": list(trainer.progress.results),
        "steps": trainer.progress.total,
        "tokens": trainer.progress.tokens,
        "microBatch": cut + (", activations computed again" if recompute else ""),
        "degraded": [*lost, *lost_validation],
    }


def versions() -> dict[str, str]:
    import peft
    import transformers

    return {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "threads": str(torch.get_num_threads()),
    }


def job_of(request: dict[str, Any]) -> Job:
    training = Training.model_validate(request["training"])
    device = choose_device(training.device)
    precision = training.precision if training.precision != "auto" else ("bf16" if device == "cuda" else "fp32")
    decisive = {key: request.get(key) for key in ("trainDigest", "validationDigest", "baseDigest", "training", "roles")}
    return Job(
        train=Path(request["train"]),
        validation=Path(request["validation"]),
        base=Path(request["base"]),
        base_name=request["baseName"],
        training=training,
        digest=hashlib.sha256(json.dumps({**decisive, "device": device, "precision": precision}, sort_keys=True).encode()).hexdigest(),
        device=device,
        precision=precision,
        budget=request.get("budget") or 0,
        roles=Roles.model_validate(request["roles"]) if request.get("roles") else None,
    )


def train_work(request: dict[str, Any], folder: Path, emit: Emit, stopping: Stopping) -> dict[str, Any]:
    torch.set_num_threads(int(os.environ.get("TROUPE_THREADS") or os.cpu_count() or 1))
    job = job_of(request)
    return {**train(job, folder, emit, stopping), "device": job.device, "precision": job.precision, "versions": versions()}


if __name__ == "__main__":
    from job import run

    sys.exit(run("train", Path(sys.argv[1]), Path(sys.argv[2])))
