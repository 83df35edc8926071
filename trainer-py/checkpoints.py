"""Checkpoints that are complete or absent: written aside, synced, renamed, with a manifest of their hashes."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from artifacts import digest_of, sync
from failures import disk_full, is_disk_full
from work import Emit

KEPT = 2


def write_checkpoint(root: Path, name: str, job: str, write: Callable[[Path], None]) -> Path:
    """`write` fills a folder, which then appears under `name` at once and whole. The newest two are kept."""
    root.mkdir(parents=True, exist_ok=True)
    aside, target = root / f".{uuid.uuid4()}", root / name
    try:
        aside.mkdir()
        write(aside)
        manifest = {"job": job, "files": {path.name: digest_of(path) for path in sorted(aside.iterdir())}}
        (aside / "manifest.json").write_text(json.dumps(manifest, indent=1))
        for path in aside.iterdir():
            sync(path)
        sync(aside)
        if target.exists():  # refused before, or written by an attempt that was cut off after it
            shutil.rmtree(target)
        aside.rename(target)
        sync(root)
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(str(root)) from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    for old in listed(root)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def listed(root: Path) -> list[Path]:
    """Newest first. Names sort in the order of training."""
    return sorted((path for path in root.glob("[0-9]*") if path.is_dir()), reverse=True)


def flaw_of(folder: Path, job: str) -> str | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        if manifest["job"] != job:
            return "it belongs to another data set, base model or configuration"
        for name, digest in manifest["files"].items():
            if digest_of(folder / name) != digest:
                return f"{name} is damaged"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"it cannot be read ({type(error).__name__})"
    return None


def newest_whole(root: Path, job: str, emit: Emit) -> Path | None:
    """The newest checkpoint of this very job whose every byte is right; others are refused, and it is said."""
    for leftover in root.glob(".*-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for folder in listed(root):
        flaw = flaw_of(folder, job)
        if flaw is None:
            return folder
        emit({"event": "note", "text": f"checkpoint {folder.name} was refused: {flaw}"})
    return None
