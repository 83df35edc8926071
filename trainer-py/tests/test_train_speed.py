"""What `make bench` compares, in miniature: that both learn the same, not how fast."""

import json
from pathlib import Path

import pytest

import train_speed
from conftest import MakeRequest


@pytest.mark.parametrize("accumulation", [1, 4])
def test_without_dropout_our_loop_and_trainer_have_the_same_losses(accumulation: int, train_request: MakeRequest, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(train_request(dropout=0)))
    job = train_speed.batched(train_speed.job_of(request), 4, accumulation)
    rows = train_speed.rows_of(job)

    ours, theirs = train_speed.ours(job, rows, 64), train_speed.theirs(job, rows, 64, seed=1)

    assert len(ours.losses) == 16 // accumulation
    assert ours.losses == pytest.approx(theirs.losses, abs=1e-3)
    assert ours.losses[-1] < ours.losses[0]
