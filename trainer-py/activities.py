"""Temporal's face of the trainer: fetch, let a process work, relay what it tells, store what it made."""

from __future__ import annotations

import contextvars
import fcntl
import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError, CancelledError

from artifacts import NDJSON, Artifacts
from base import folder_of_model
from contract import (
    ActivityName,
    Adapter,
    BaseModel,
    BaseRequest,
    Failure,
    Likelihood,
    LikelihoodRequest,
    MergeRequest,
    Model,
    Parity,
    ParityRequest,
    StepRequest,
    TrainRequest,
)
from failures import Refused
from process import Warm, WorkProcess, oom_kills
from settings import Settings

I = TypeVar("I")  # noqa: E741
log = logging.getLogger("trainer")
BEAT = 2.0
STALLED_AFTER = 1800.0
"""Seconds without any event after which a process is taken to hang: longer than loading the largest model takes."""


class Worn(Exception):
    """The process was ended from outside or broke; trying again may help."""


@dataclass
class Beating:
    """What the next heartbeat says."""

    told: dict[str, Any] = field(default_factory=dict)


@contextmanager
def beating() -> Iterator[Beating]:
    """Beats from a thread of its own, so that fetching and storing gigabytes beats too."""
    beat, ended = Beating(), threading.Event()

    def go_on() -> None:
        while not ended.wait(BEAT):
            activity.heartbeat(beat.told)

    activity.heartbeat(beat.told)
    thread = threading.Thread(target=contextvars.copy_context().run, args=(go_on,), daemon=True)
    thread.start()
    try:
        yield beat
    finally:
        ended.set()
        thread.join()


def must_end() -> bool:
    return activity.is_cancelled() or activity.is_worker_shutdown()


def end_if_asked(name: str) -> None:
    if activity.is_cancelled():
        raise CancelledError(f"{name} was cancelled")
    if activity.is_worker_shutdown():
        raise Worn("the worker shuts down; another attempt goes on from the checkpoint")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """
    Two runs may ask two workers of one host for the same work, such as the same base model. The second waits until the
    first has stored what it made: the lock of the process ends with the process, and what is written again while it is
    being stored would be stored in pieces.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "worker.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                end_if_asked("waiting for another worker of this host")
                time.sleep(0.2)
        yield


def decoded(raw: Any, model: type[StepRequest[I]]) -> StepRequest[I]:
    """Says where a request is wrong, never with what value: values may be a person's words."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False, include_url=False)
        )
        raise Refused(
            Failure.REQUEST_INVALID, f"The request is not what contract.py says ({places}). Are worker and workflow of one version?"
        ) from None


def ending(code: int | None) -> str:
    """How a process ended that did not say so itself."""
    if code is None or code >= 0:
        return f"ended with exit {code} and did not say why"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}"


class TrainerActivities:
    def __init__(self, settings: Settings, artifacts: Artifacts, warm: Warm | None) -> None:
        self.settings, self.artifacts, self.warm = settings, artifacts, warm

    def folder_for(self, request: StepRequest[Any]) -> Path:
        return self.settings.home / "runs" / request.key

    def base_folder(self, base: BaseModel) -> str:
        return str(folder_of_model(base, self.settings.home, self.settings.cache))

    def carry_out(self, name: str, request: dict[str, Any], folder: Path, beat: Beating) -> dict[str, Any]:
        """Lets a process work to its end and gives what it says. Stops it when the activity is to end."""
        kills, heard = oom_kills(), time.monotonic()
        with WorkProcess(name, request, folder, self.warm) as work:
            last: dict[str, Any] = {}
            for event in work.events():
                if must_end():
                    work.stop()
                    break
                if event is None:
                    if time.monotonic() - heard > STALLED_AFTER:
                        work.signal(signal.SIGKILL)
                        raise Worn(f"{name} said nothing for {STALLED_AFTER:.0f} s and was ended")
                    continue
                heard = time.monotonic()
                last = event
                kept: dict[str, Any] = {
                    key: event[key]
                    for key in ("stage", "step", "steps", "loss", "tokensPerSecond", "checkpoint", "done", "total")
                    if key in event
                }
                if event["event"] in ("stage", "step", "checkpoint", "progress"):
                    beat.told = {**beat.told, **kept}
        end_if_asked(name)
        match last.get("event"):
            case "done":
                return dict(last["result"])
            case "refused":
                raise Refused(Failure(last["type"]), str(last["message"]))
            case "outOfMemory":
                raise MemoryError
            case "broken":
                raise Worn(str(last["message"]))
        if work.code == -signal.SIGKILL and oom_kills() > kills:
            raise MemoryError
        raise Worn(f"{name} {ending(work.code)}; {folder / 'stderr.log'} may say why")

    @activity.defn(name=ActivityName.RESOLVE_BASE.value, no_thread_cancel_exception=True)
    def resolve_base(self, raw: dict[str, Any]) -> BaseModel:
        """Looks at the base model as it is on this machine."""

        def act(request: StepRequest[BaseRequest], beat: Beating) -> BaseModel:
            asked = {
                "request": request.input.model_dump(mode="json"),
                "home": str(self.settings.home),
                "cache": str(self.settings.cache),
            }
            return BaseModel.model_validate(self.carry_out("resolve", asked, self.folder_for(request), beat))

        return self.acted(raw, StepRequest[BaseRequest], act)

    @activity.defn(name=ActivityName.TRAIN_ADAPTER.value, no_thread_cancel_exception=True)
    def train_adapter(self, raw: dict[str, Any]) -> Adapter:
        """Trains, going on from the newest whole checkpoint of this very step, if there is one."""

        def act(request: StepRequest[TrainRequest], beat: Beating) -> Adapter:
            given, folder = request.input, self.folder_for(request)
            asked: dict[str, Any] = {
                "train": str(self.artifacts.fetch(given.dataset.train.digest)),
                "validation": str(self.artifacts.fetch(given.dataset.validation.digest)),
                "trainDigest": given.dataset.train.digest,
                "validationDigest": given.dataset.validation.digest,
                "base": self.base_folder(given.base),
                "baseName": given.base.name,
                "baseDigest": given.base.digest,
                "training": given.training.model_dump(mode="json"),
                "roles": roles_of(given.base),
            }
            halved = folder / "halved"  # survives the worker: the second attempt of another process is the last as well
            try:
                if halved.exists():
                    asked["budget"] = int(halved.read_text())
                result = self.carry_out("train", asked, folder, beat)
            except MemoryError:
                if halved.exists():
                    raise Refused(
                        Failure.OUT_OF_MEMORY,
                        "Out of memory, also with half the tokens at once. Lower `training.maxLength` or `training.r`, "
                        "take a smaller base model, or a pool with more memory.",
                    ) from None
                halved.write_text(str(micro_batch_of(folder) // 2))
                raise Worn("out of memory: the next attempt takes half the tokens at once, with the same effective batch") from None
            note = f"; halved to {halved.read_text()} tokens after running out of memory" if halved.exists() else ""
            return Adapter(
                adapter=self.artifacts.put_folder(folder / "adapter"),
                log=self.artifacts.put_file(folder / "events.jsonl", NDJSON),
                board=self.artifacts.put_folder(folder / "board"),
                stages=result["stages"],
                steps=result["steps"],
                tokens=result["tokens"],
                device=result["device"],
                precision=result["precision"],
                micro_batch=result["microBatch"] + note,
                degraded=result["degraded"],
                versions=result["versions"],
            )

        return self.acted(raw, StepRequest[TrainRequest], act)

    @activity.defn(name=ActivityName.MERGE_ADAPTER.value, no_thread_cancel_exception=True)
    def merge_adapter(self, raw: dict[str, Any]) -> Model:
        """Makes a whole model of base and adapter, or of the base alone."""

        def act(request: StepRequest[MergeRequest], beat: Beating) -> Model:
            given, folder = request.input, self.folder_for(request)
            adapter = str(self.artifacts.fetch_folder(given.adapter.adapter.digest)) if given.adapter else None
            asked = {"base": self.base_folder(given.base), "adapter": adapter, "roles": roles_of(given.base)}
            result = self.carry_out("merge", asked, folder, beat)
            return Model(
                folder=self.artifacts.put_folder(folder / "model"),
                base=given.base.digest,
                architecture=result["architecture"],
                parameters=given.base.parameters,
                template=result["template"],
                stop=result["stop"],
                add_bos=result["addBos"],
            )

        return self.acted(raw, StepRequest[MergeRequest], act)

    @activity.defn(name=ActivityName.CHECK_PARITY.value, no_thread_cancel_exception=True)
    def check_parity(self, raw: dict[str, Any]) -> Parity:
        """Proves that Ollama computes what was trained."""

        def act(request: StepRequest[ParityRequest], beat: Beating) -> Parity:
            given = request.input
            asked = {
                "model": str(self.artifacts.fetch_folder(given.model.folder.digest)),
                "samples": str(self.artifacts.fetch(given.samples.samples.digest)),
                "quantization": given.quantization,
            }
            return Parity.model_validate(self.carry_out("parity", asked, self.folder_for(request), beat))

        return self.acted(raw, StepRequest[ParityRequest], act)

    @activity.defn(name=ActivityName.MEASURE_LIKELIHOOD.value, no_thread_cancel_exception=True)
    def measure_likelihood(self, raw: dict[str, Any]) -> Likelihood:
        """Measures how well each model foresees what the persona really said."""

        def act(request: StepRequest[LikelihoodRequest], beat: Beating) -> Likelihood:
            given, folder = request.input, self.folder_for(request)
            named = {"candidate": given.candidate, "base": given.base, "champion": given.champion, "anchor": given.anchor}
            models = {name: model for name, model in named.items() if model is not None}
            asked = {
                "models": {name: str(self.artifacts.fetch_folder(model.folder.digest)) for name, model in models.items()},
                "test": str(self.artifacts.fetch(given.test.digest)),
                "system": given.system,
                "seed": given.seed,
            }
            result = self.carry_out("likelihood", asked, folder, beat)
            return Likelihood(
                rows=self.artifacts.put_file(folder / "rows.jsonl", NDJSON), n=result["n"], bits_per_byte=result["bitsPerByte"]
            )

        return self.acted(raw, StepRequest[LikelihoodRequest], act)

    def acted(self, raw: Any, model: type[StepRequest[I]], act: Callable[[StepRequest[I], Beating], Any]) -> Any:
        """Turns failures into those that Temporal knows: what no retry can cure is never tried again."""
        try:
            with beating() as beat:
                request = decoded(raw, model)
                with alone(self.folder_for(request)):
                    return act(request, beat)
        except Refused as error:
            raise ApplicationError(str(error), type=error.type.value, non_retryable=True) from None
        except MemoryError:
            raise ApplicationError(
                "Out of memory. Free memory on this host, or give the pool a host with more.",
                type=Failure.OUT_OF_MEMORY.value,
                non_retryable=True,
            ) from None
        except Worn as error:
            raise ApplicationError(str(error), type="TrainerInterrupted") from None


def roles_of(base: BaseModel) -> dict[str, str] | None:
    return base.roles.model_dump(mode="json") if base.roles else None


def micro_batch_of(folder: Path) -> int:
    """Tokens at once, as the last attempt said they were."""
    budget = 4096
    for line in (folder / "events.jsonl").read_text(errors="replace").splitlines():
        with suppress(ValueError):  # a line that a full disk or a power cut has cut off
            event = json.loads(line)
            if event["event"] == "start":
                budget = int(event["microBatchTokens"])
    return budget
