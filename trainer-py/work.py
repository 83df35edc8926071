"""What a piece of work is given beside its request: a way to tell, and a way to hear that it should end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Emit = Callable[[dict[str, Any]], None]
Stopping = Callable[[], bool]
Work = Callable[[dict[str, Any], Path, Emit, Stopping], dict[str, Any]]


class Stopped(Exception):
    """The work was asked to end and has saved what it needs to go on."""
