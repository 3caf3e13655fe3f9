"""The API for people: every operation of the OpenAPI document on one page of ours."""

from typing import Any

from litestar import Request, Response, get

from promos.web.access import ANYONE
from promos.web.pages.show import page


@get("/docs", opt=ANYONE)
async def operations(request: Request[Any, Any, Any]) -> Response[str]:
    document = request.app.state.openapi()
    schemas = document["components"]["schemas"]
    listed = [
        {
            "method": method.upper(),
            "path": path,
            "id": operation.get("operationId", ""),
            "says": operation.get("description") or operation.get("summary", ""),
            "roles": operation["x-roles"],
            "scope": operation.get("x-scope", ""),
            "asks": _fields(operation.get("requestBody"), schemas),
            "parameters": [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"],
            "answers": [
                (status, _name(answer)) for status, answer in operation["responses"].items() if status != "default"
            ],
        }
        for path, operations in sorted(document["paths"].items())
        for method, operation in operations.items()
    ]
    return page(request, "docs.html", operations=listed)


def _fields(body: dict[str, Any] | None, schemas: dict[str, Any]) -> list[tuple[str, bool]]:
    """The members of a JSON body and whether each is needed."""
    schema = ((body or {}).get("content", {}).get("application/json") or {}).get("schema", {})
    known = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    needed = set(known.get("required", []))
    return [(name, name in needed) for name in known.get("properties", {})]


def _name(answer: dict[str, Any]) -> str:
    for content in answer.get("content", {}).values():
        reference: str = content.get("schema", {}).get("$ref", "")
        return reference.rpartition("/")[2]
    return ""


HANDLERS: list[Any] = [operations]
