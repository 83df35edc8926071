"""Where everything is, from the environment."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    home: Path
    """State of this checkout: runs and caches."""
    cache: Path
    """Tools and models shared by checkouts."""
    artifacts: str
    """A folder, or `s3://bucket/prefix`."""
    temporal: str
    namespace: str
    pool: str

    @property
    def queue(self) -> str:
        return f"trainer.{self.pool}"


def read_settings(env: dict[str, str] | None = None) -> Settings:
    env = dict(os.environ) if env is None else env
    home = Path(env.get("TROUPE_HOME") or Path(__file__).resolve().parent.parent / ".troupe").expanduser().resolve()
    cache = Path(env.get("TROUPE_CACHE") or Path(env.get("XDG_CACHE_HOME") or "~/.cache") / "troupe").expanduser().resolve()
    artifacts = env.get("TROUPE_ARTIFACTS") or str(home / "artifacts")
    stack = home / "stack.json"
    started: dict[str, str] = json.loads(stack.read_text()) if stack.exists() else {}
    return Settings(
        home=home,
        cache=cache,
        artifacts=artifacts if artifacts.startswith("s3://") else str(Path(artifacts).expanduser().resolve()),
        temporal=env.get("TEMPORAL_ADDRESS") or started.get("temporal") or "127.0.0.1:7233",
        namespace=env.get("TEMPORAL_NAMESPACE") or "default",
        pool=env.get("TROUPE_POOL") or "local",
    )


def wait_briefly() -> None:
    """
    To be called before torch is loaded. Its threads wait for each other by spinning: beside anything else on the same cores
    (Ollama, another training) that costs a quarter of the speed. To sleep at once costs a fifth when alone. A short spin
    costs neither. Measured with libgomp on 2 cores, alone and beside two busy programs, in tokens/s: spinning 5,470 and
    1,690, sleeping 4,750 and 2,210, this 5,900 and 2,190. On macOS torch brings LLVM's libomp, which does not
    read it: there they sleep, which was not measured.
    """
    if "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ:
        return  # whoever runs this has chosen
    if sys.platform == "darwin":
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    else:
        os.environ["GOMP_SPINCOUNT"] = "3000"
