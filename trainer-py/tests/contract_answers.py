"""Reads fixtures from standard input, says for each whether the contract accepts it and what it writes back."""

import json
import sys
from math import inf, nan
from pathlib import Path
from typing import Any

from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import contract


def answer(fixture: dict[str, Any]) -> dict[str, Any]:
    model: type[contract.Contract] = getattr(contract, fixture["type"])
    try:
        value = model.model_validate_json(json.dumps(fixture["value"]))
    except ValidationError:
        return {"accepted": False}
    return {"accepted": True, "value": json.loads(value.model_dump_json())}


def stage(number: float) -> dict[str, Any]:
    value = contract.AdapterStage(
        name="x",
        rows=1,
        steps=1,
        warmup_steps=0,
        warmup_clamped=False,
        loss=number,
        validation_loss=-number,
        best_step=1,
        stopped_early=False,
    )
    return {"accepted": True, "value": json.loads(value.model_dump_json())}


fixtures = json.load(sys.stdin)
print(json.dumps([stage(nan), stage(inf)] if "--not-finite" in sys.argv else [answer(fixture) for fixture in fixtures]))
