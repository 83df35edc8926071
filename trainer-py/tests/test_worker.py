"""The worker against a real Temporal server: what it makes, and what it survives."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from artifacts import NDJSON, Artifacts, open_artifacts
from conftest import TRAINING
from contract import Adapter, BaseModel
from settings import read_settings

TRAINER = Path(__file__).resolve().parent.parent
TEMPORAL = read_settings().cache / "tools/bin/temporal"


@workflow.defn(name="call")
class Call:
    @workflow.run
    async def run(self, name: str, request: dict[str, Any]) -> Any:
        return await workflow.execute_activity(
            name,
            request,
            task_queue="trainer.test",
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=20),
        )


@dataclass
class Place:
    home: Path
    artifacts: Artifacts
    env: dict[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    home = tmp_path_factory.mktemp("home")
    env = {**os.environ, "TROUPE_HOME": str(home), "TROUPE_ARTIFACTS": str(home / "artifacts"), "TROUPE_POOL": "test"}
    return Place(home, open_artifacts(str(home / "artifacts"), home), env)


@contextmanager
def worker(place: Place, address: str) -> Iterator[subprocess.Popen[str]]:
    with (place.home / "worker.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, str(TRAINER / "worker.py")],
            env={**place.env, "TEMPORAL_ADDRESS": address},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", (place.home / "worker.log").read_text()
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def with_temporal(act: Callable[[Client, str], Awaitable[None]]) -> None:
    if not TEMPORAL.exists():
        pytest.skip(f"{TEMPORAL} is missing: `make setup` builds it")

    async def run() -> None:
        async with (
            await WorkflowEnvironment.start_local(
                dev_server_existing_path=str(TEMPORAL), dev_server_log_level="error", data_converter=pydantic_data_converter
            ) as env,
            Worker(env.client, task_queue="workflows", workflows=[Call], workflow_runner=UnsandboxedWorkflowRunner()),
        ):
            await act(env.client, env.client.service_client.config.target_host)

    asyncio.run(run())


def request(key: str, input: dict[str, Any]) -> dict[str, Any]:
    return {"run": "r", "step": "s", "key": key, "input": input}


def base_request(base: Path) -> dict[str, Any]:
    return {"base": {"folder": str(base), "licence": "Apache-2.0"}, "targetModules": ["q_proj", "v_proj"], "fetch": False}


def train_input(place: Place, base: BaseModel, rows: tuple[Path, Path], **training: Any) -> dict[str, Any]:
    train, validation = (place.artifacts.put_file(path, NDJSON).model_dump() for path in rows)
    return {
        "dataset": {"train": train, "validation": validation, "rows": {"train": 96, "validation": 24}},
        "base": base.model_dump(mode="json"),
        "training": {**TRAINING, **training},
    }


def failure_of(error: WorkflowFailureError) -> ApplicationError:
    assert isinstance(error.cause, ActivityError)
    assert isinstance(error.cause.cause, ApplicationError)
    return error.cause.cause


def children_of(place: Place, key: str) -> list[int]:
    """Processes that hold the lock of this step's folder."""
    lock = str(place.home / "runs" / key / "lock")
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(file) == lock for file in (process / "fd").iterdir()):
                found.append(int(process.name))
        except OSError:
            continue
    return found


async def eventually(check: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not come to that in time"
        await asyncio.sleep(0.1)
    return found


def steps_of(place: Place, key: str) -> list[dict[str, Any]]:
    path = place.home / "runs" / key / "events.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [event for event in events if event["event"] == "step"]


def test_the_whole_way_and_what_it_survives(place: Place, base: Path, rows: tuple[Path, Path]) -> None:
    async def act(client: Client, address: str) -> None:
        async def call(name: str, key: str, input: dict[str, Any]) -> Any:
            return await client.execute_workflow("call", args=[name, request(key, input)], id=key, task_queue="workflows")

        with worker(place, address):
            # what a request lacks is said, and not tried twenty times
            with pytest.raises(WorkflowFailureError) as refused:
                await call("resolveBase", "bad", {"base": {"folder": 3, "licence": "x"}, "targetModules": [], "fetch": False})
            assert failure_of(refused.value).type == "RequestInvalid"
            assert "base.folder" in failure_of(refused.value).message

            with pytest.raises(WorkflowFailureError, match="Workflow") as wrong:
                await call("resolveBase", "wrong-targets", {**base_request(base), "targetModules": ["qkv_proj", "lm_head"]})
            assert failure_of(wrong.value).type == "BaseInvalid"
            assert "qkv_proj, lm_head; this base model can be adapted in down_proj" in failure_of(wrong.value).message

            model = BaseModel.model_validate(await call("resolveBase", "base", base_request(base)))
            assert model.architecture == "LlamaForCausalLM"
            assert model.parameters > 50_000

            adapter = Adapter.model_validate(await call("trainAdapter", "train", train_input(place, model, rows)))
            assert adapter.steps == 60
            assert adapter.board
            again = Adapter.model_validate(await call("trainAdapter", "train-again", train_input(place, model, rows)))
            assert again.adapter == adapter.adapter

            merged = await call(
                "mergeAdapter", "merge", {"base": model.model_dump(mode="json"), "adapter": adapter.model_dump(mode="json")}
            )
            plain = await call("mergeAdapter", "plain", {"base": model.model_dump(mode="json"), "adapter": None})
            test = place.artifacts.put_file(rows[1], NDJSON).model_dump()
            likelihood = await call(
                "measureLikelihood",
                "likelihood",
                {"candidate": merged, "champion": None, "anchor": plain, "base": plain, "test": test, "system": "S", "seed": 7},
            )
            assert likelihood["bitsPerByte"]["candidate"] < likelihood["bitsPerByte"]["base"]
            assert likelihood["bitsPerByte"]["anchor"] == likelihood["bitsPerByte"]["base"]
            assert "champion" not in likelihood["bitsPerByte"]

            # a killed training goes on
            killed = asyncio.create_task(call("trainAdapter", "killed", train_input(place, model, rows)))
            await eventually(lambda: len(steps_of(place, "killed")) >= 4, 60)
            for child in children_of(place, "killed"):
                os.kill(child, signal.SIGKILL)
            assert Adapter.model_validate(await killed).adapter == adapter.adapter

            # a cancelled one frees its device
            handle = await client.start_workflow(
                "call",
                args=["trainAdapter", request("cancelled", train_input(place, model, rows, epochs=1000))],
                id="cancelled",
                task_queue="workflows",
            )
            await eventually(lambda: steps_of(place, "cancelled"), 60)
            begun = time.monotonic()
            await handle.cancel()
            await eventually(lambda: not children_of(place, "cancelled"), 10)
            assert time.monotonic() - begun < 10
            with pytest.raises(WorkflowFailureError):
                await handle.result()
            assert list((place.home / "runs" / "cancelled" / "checkpoints").glob("0*"))

        # a killed worker leaves no training behind, and another goes on with it
        with worker(place, address) as first:
            orphaned = asyncio.create_task(call("trainAdapter", "orphaned", train_input(place, model, rows, epochs=12)))
            await eventually(lambda: len(steps_of(place, "orphaned")) >= 4, 60)
            first.kill()
            await eventually(lambda: not children_of(place, "orphaned"), 10)
        with worker(place, address):
            assert Adapter.model_validate(await orphaned).steps > 60

    with_temporal(act)


def test_out_of_memory_halves_once_then_says_what_to_do(place: Place, base: Path, rows: tuple[Path, Path]) -> None:
    """The allocator is made to fail above a number of tokens; all else is as on a device that is full."""

    async def act(client: Client, address: str) -> None:
        async def call(key: str, input: dict[str, Any]) -> Any:
            return await client.execute_workflow("call", args=["trainAdapter", request(key, input)], id=key, task_queue="workflows")

        place.env["TROUPE_TEST_MEMORY"] = "330"
        with worker(place, address):
            model = BaseModel.model_validate(
                await client.execute_workflow(
                    "call", args=["resolveBase", request("oom-base", base_request(base))], id="oom-base", task_queue="workflows"
                )
            )
            fits = Adapter.model_validate(await call("halved", train_input(place, model, rows)))
            assert "halved to 320 tokens" in fits.micro_batch
            assert "micro-batches halved to 320 tokens" in place.artifacts.fetch(fits.log.digest).read_text()
            assert fits.degraded == []  # the same effective batch gives the same adapter
        place.env["TROUPE_TEST_MEMORY"] = "100"
        with worker(place, address):
            with pytest.raises(WorkflowFailureError) as refused:
                await call("never-fits", train_input(place, model, rows))
            assert failure_of(refused.value).type == "OutOfMemory"
            assert "training.maxLength" in failure_of(refused.value).message

    with_temporal(act)
