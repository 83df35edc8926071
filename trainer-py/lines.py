"""Files of JSON lines."""

from pathlib import Path
from typing import TypeVar

from contract import Contract

L = TypeVar("L", bound=Contract)


def read_lines(path: Path, model: type[L]) -> list[L]:
    """Parted as bytes: text would also be parted at signs that may stand inside a JSON string."""
    return [model.model_validate_json(line) for line in path.read_bytes().splitlines() if line.strip()]
