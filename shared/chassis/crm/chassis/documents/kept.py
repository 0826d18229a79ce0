"""The schemas that are kept of every fact type, revision by revision. They travel with the published language."""

from pathlib import Path

from crm import events

SCHEMAS = Path(events.__file__).parent / "schemas"
"""A folder per fact type: `1.schema.json` and `1.example.json`, `2.schema.json` …"""


def revisions(folder: Path) -> list[Path]:
    """The kept schemas of a fact type, oldest first."""
    return sorted(folder.glob("*.schema.json"), key=lambda path: int(path.name.split(".")[0]))
