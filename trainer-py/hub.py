"""Fetches a base model from its hub, where the persona's `network` allows it: the files that are needed, at one commit."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from contract import Base, Failure
from failures import Refused
from work import Emit, Stopped, Stopping

TOLD_EVERY = 1.0
"""Seconds between two events of progress."""


def fetch(base: Base, parts: tuple[str, ...], emit: Emit, stopping: Stopping) -> Path:
    """
    The folder of the model in the hub's own cache. What was fetched before an interruption is not fetched again.

    `HF_ENDPOINT`, `HF_HOME` and `HF_TOKEN` are heard. Raises `Refused` for what only a person can change; a network that
    is down passes.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    hub = os.environ.get("HF_ENDPOINT", constants.ENDPOINT)

    def refused(why: str) -> Refused:
        return Refused(Failure.BASE_INVALID, f"{base.hub} at revision {base.revision} {why}")

    try:
        return Path(
            snapshot_download(
                str(base.hub),
                revision=base.revision,
                allow_patterns=list(parts),
                endpoint=hub,
                tqdm_class=progress_bar(emit, stopping),
                max_workers=2,
            )
        )
    except GatedRepoError as error:
        raise refused(f"is given only to those who accept its licence on {hub}/{base.hub}. Accept it, and set HF_TOKEN.") from error
    except RevisionNotFoundError as error:
        raise refused(f"does not exist on {hub}. Take a commit from the history of its page.") from error
    except RepositoryNotFoundError as error:
        raise refused(f"is not on {hub}, or not for you. Check its name; if it is private, set HF_TOKEN.") from error


def progress_bar(emit: Emit, stopping: Stopping) -> type[Any]:
    """A bar that draws nothing: it tells how far the download is, and breaks it off when the work is to end."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    told = 0.0

    class Told(tqdm):
        def __init__(self, *args: Any, **given: Any) -> None:
            given.pop("name", None)
            super().__init__(*args, **{**given, "file": open(os.devnull, "w"), "disable": False})  # noqa: SIM115

        def update(self, n: float | None = 1) -> bool | None:
            nonlocal told
            if stopping():
                raise Stopped
            shown = super().update(n)
            if time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                emit({"event": "fetch", "done": int(self.n), "total": int(self.total or 0), "unit": str(self.unit)})
            return shown

        def close(self) -> None:
            super().close()
            self.fp.close()

    return Told
