"""The matrix of roles, as the API describes itself and as `docs/reference/roles.md` tells it."""

from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "roles.md"
ROLES = ("anyone", "admin", "editor", "owner", "member", "door")
YES, NO = "yes", "–"

Row = tuple[str, ...]  # the operation, its method and address, a word for each of ROLES, the scope that a token needs


def described(document: dict[str, Any]) -> list[Row]:
    """The table that an OpenAPI document stands for; what anyone may do, every role may."""
    rows = []
    for path, operations in sorted(document["paths"].items()):
        for method, operation in sorted(operations.items()):
            allowed = set(operation["x-roles"])
            words = [YES if role in allowed or "anyone" in allowed else NO for role in ROLES]
            address = f"`{method.upper()} {path.removeprefix('/api/v1')}`"
            rows.append((operation["operationId"], address, *words, operation.get("x-scope", NO)))
    return rows


def written(rows: list[Row]) -> str:
    """The rows as a table in Markdown."""
    head = ("operation", "address", *ROLES, "scope")
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def documented() -> list[Row]:
    """The rows of the page's table."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return [row for row in cells if row[0] not in {"operation", "---"}]
