"""The trainer's worker: one per device. Prints `ready` once it asks for work."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities import TrainerActivities
from artifacts import open_artifacts
from process import Warm
from settings import Settings, read_settings, wait_briefly

SLOTS = 1
"""Works on this device at a time."""
SHUTDOWN = timedelta(seconds=12)
"""Time to write a checkpoint when the worker is asked to end."""


def temporal_options(settings: Settings) -> ClientConnectConfig:
    """
    How to reach Temporal: its own `TEMPORAL_*` variables say about TLS, API keys and headers; a TOML profile is read where
    `TEMPORAL_CONFIG_FILE` or `TEMPORAL_PROFILE` asks for it. As the TypeScript side does.
    """
    profiled = bool(os.environ.get("TEMPORAL_CONFIG_FILE") or os.environ.get("TEMPORAL_PROFILE"))
    told = ClientConfig.load_client_connect_config(disable_file=not profiled)
    address = told.get("target_host") if profiled else None
    namespace = told.get("namespace") if profiled else None
    return {**told, "target_host": address or settings.temporal, "namespace": namespace or settings.namespace}


async def connect(settings: Settings) -> Client:
    """Waits for a Temporal that is not there yet: the stack starts all its parts at once."""
    options = temporal_options(settings)
    while True:
        try:
            return await Client.connect(
                **options,
                data_converter=pydantic_data_converter,
                identity=f"trainer.{settings.pool}@{socket.gethostname()}#{os.getpid()}",
            )
        except (RPCError, RuntimeError) as error:
            logging.warning("Temporal at %s does not answer (%s); trying again", options.get("target_host"), type(error).__name__)
            await asyncio.sleep(1)


async def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    wait_briefly()
    settings = read_settings()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)

    warm = Warm() if sys.platform == "linux" else None
    if warm:
        warm.start()
    activities = TrainerActivities(settings, open_artifacts(settings.artifacts, settings.home), warm)
    client = await connect(settings)
    with ThreadPoolExecutor(SLOTS + 1) as threads:
        async with Worker(
            client,
            task_queue=settings.queue,
            activities=[
                activities.resolve_base,
                activities.train_adapter,
                activities.merge_adapter,
                activities.check_parity,
                activities.measure_likelihood,
            ],
            activity_executor=threads,
            max_concurrent_activities=SLOTS,
            graceful_shutdown_timeout=SHUTDOWN,
            max_heartbeat_throttle_interval=timedelta(seconds=2),
            default_heartbeat_throttle_interval=timedelta(seconds=2),
        ):
            print("ready", flush=True)
            await ending.wait()
    if warm:
        warm.close()


if __name__ == "__main__":
    asyncio.run(main())
