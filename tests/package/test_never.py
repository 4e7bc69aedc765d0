"""What is nowhere in the product, whatever else changes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_operation_that_destroys_stored_tokens_is_nowhere():
    name = "Reset" + "TokenVaultKeyMaterial"
    files = [
        path for folder in ("reconciler", "schemas", "manifests", "benchmarks") for path in (ROOT / folder).rglob("*.*")
    ]

    assert len(files) > 100
    for path in files:
        if path.suffix != ".pyc":
            assert name.lower() not in path.read_text(encoding="utf-8", errors="replace").lower().replace("_", ""), path
