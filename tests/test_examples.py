"""Every example runs in a folder of its own, passes its own assertions, prints, and draws where it says so."""

import os
import subprocess
import sys
from pathlib import Path

import isolated
import pytest

import fastreg

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example, tmp_path):
    source = example.read_text()
    assert source.startswith('"""')
    if "from fastreg import LogisticRegression" in source and not hasattr(fastreg, "LogisticRegression"):
        pytest.skip("needs the estimators")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(example)],
        capture_output=True,
        text=True,
        timeout=isolated.LIMIT,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and "Traceback" not in done.stderr and "Warning" not in done.stderr
    pictures = list(tmp_path.iterdir())
    assert [picture.name for picture in pictures] == ([f"{example.stem}.png"] if "picture=" in source else [])
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_there_are_examples():
    assert len(EXAMPLES) >= 11
