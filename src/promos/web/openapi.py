"""The API's own description: what Litestar knows of the handlers, and who may use them, and how one is refused."""

from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.routes import HTTPRoute

from promos.web.access import ANYONE

PROBLEM = {
    "type": "object",
    "description": "RFC 9457; the facts of the refusal are further members.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
    },
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 visible ASCII characters: the same key and body have one effect and one answer.",
    "schema": {"type": "string", "maxLength": 257},
}


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document as JSON has it, with roles, scopes, problems and closed objects."""
    made: dict[str, Any] = app.openapi_schema.to_schema()
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    allowed = _allowed(app)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            allows = allowed[method.upper(), path]
            operation["x-roles"] = sorted(allows["roles"]) if allows else ["anyone"]
            operation["security"] = [{"token": []}] if allows else []
            if allows:
                operation["x-scope"] = str(allows["scope"])
            if method != "get":
                operation.setdefault("parameters", []).append(KEY)
            refused = {"description": "Refused", "content": {"application/problem+json": {"schema": _ref("Problem")}}}
            operation["responses"] = {
                status: answer for status, answer in operation["responses"].items() if status.startswith("2")
            } | {"default": refused}
            for body in (operation.get("requestBody") or {}).get("content", {}).values():
                _close(body["schema"], schemas)
    return made


def _allowed(app: Litestar) -> dict[tuple[str, str], dict[str, Any] | None]:
    found: dict[tuple[str, str], dict[str, Any] | None] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                allows = handler.opt.get("allows", ANYONE["allows"])
                for method in handler.http_methods:
                    found[str(method), route.path_format] = allows if allows["roles"] else None
    return found


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _close(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Unknown fields are refused, so the document says so."""
    name = schema.get("$ref", "").rpartition("/")[2]
    target = schemas.get(name, schema)
    if target.get("type") == "object" and "additionalProperties" not in target:
        target["additionalProperties"] = False
        for inner in target.get("properties", {}).values():
            for each in (inner, inner.get("items", {}), *inner.get("oneOf", []), *inner.get("anyOf", [])):
                _close(each, schemas)


@get("/openapi.json", opt=ANYONE, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    return Response(request.app.state.openapi(), headers={"Cache-Control": "public, max-age=300"})
