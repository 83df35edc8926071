"""Failures that no retry can cure."""

import errno

from contract import Failure


class Refused(Exception):
    """Says what is wrong and what to do. `type` is the name it carries across Temporal; the text never holds a row's words."""

    def __init__(self, type: Failure, message: str) -> None:
        super().__init__(message)
        self.type = type


def is_disk_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(place: str) -> Refused:
    return Refused(
        Failure.DISK_FULL,
        f"The disk of {place} is full. Nothing was left half written. Free some space (`troupe prune`), then `troupe retry`.",
    )
