"""The OpenAPI document: what FastAPI finds in the routes, and what it cannot know of errors and tokens."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tonearm.api.answers import Problem
from tonearm.api.field_docs import describe_fields
from tonearm.api.grouping import ungrouped
from tonearm.api.problems import MEDIA_TYPE, is_below

_DESCRIPTION = (
    "Self-hosted listening intelligence. Every failure of these routes is a Problem (RFC 9457); the routes under "
    "/1/, /2.0/, /apis/ and /audioscrobbler/ answer as the services do whose protocols they speak."
)
_TOKEN = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "`Token …` or `Bearer …`, made by `tonearm tokens create`; not needed on the machine itself.",
}


def describe(app: FastAPI, statuses: list[int]) -> dict[str, Any]:
    """The document of ``app``, made once; any of its own routes may answer a Problem with one of ``statuses``."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=ungrouped(app))
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        describe_fields(schemas)
        components["securitySchemes"] = {"token": _TOKEN}
        document["security"] = [{"token": []}, {}]
        protocols = [prefix for prefix, _ in app.state.error_forms]
        for path, methods in document["paths"].items():
            is_own = not any(is_below(path, prefix) for prefix in protocols)
            for operation in methods.values():
                _add_problems(operation["responses"], statuses if is_own else [])
                _add_example(operation, schemas)
        app.openapi_schema = document
    return app.openapi_schema


def _add_problems(responses: dict[str, Any], statuses: list[int]) -> None:
    """Replace FastAPI's own form of a failed validation, which no route answers with."""
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for status in statuses:
        schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
        found = responses.setdefault(str(status), {"description": HTTPStatus(status).phrase})
        found.setdefault("content", {MEDIA_TYPE: schema})


def _add_example(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Show the example of the body's model, for those who read the document and not its references."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
    for example in schemas.get(name, {}).get("examples", [])[:1]:
        media.setdefault("example", example)
