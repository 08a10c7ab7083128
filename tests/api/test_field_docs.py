from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tonearm.api.answers import Answer, Problem
from tonearm.api.app import create_app
from tonearm.api.field_docs import describe_fields, texts_of
from tonearm.settings import Settings


def test_the_text_below_a_field_is_what_it_means() -> None:
    assert texts_of(Problem)["status"] == "The HTTP status."
    assert "error" in texts_of(Problem)


def test_a_field_without_a_text_has_none() -> None:
    from tonearm.api.routes.own_playlists import GivenTrack

    assert texts_of(GivenTrack) == {"track_id": "In the lake."}


class Other(Answer):
    status: int
    """Of somebody else's class."""


@dataclass
class Health:
    status: str


def test_a_description_that_is_there_stays_and_a_class_of_other_fields_is_passed_over() -> None:
    schemas: dict[str, Any] = {
        "Problem": {"properties": {name: {} for name in Problem.model_fields} | {"status": {"description": "mine"}}},
        "Health": {"properties": {"status": {}}},
        "Other": {"properties": {"status": {}}},
    }
    describe_fields(schemas)
    assert schemas["Problem"]["properties"]["status"] == {"description": "mine"}
    assert schemas["Problem"]["properties"]["error"] == {"description": "Name of the kind of failure, for programs."}
    assert schemas["Health"]["properties"] == schemas["Other"]["properties"] == {"status": {}}


def test_the_document_describes_models_dataclasses_and_queries(settings: Settings) -> None:
    document = create_app(settings).openapi()
    schemas = document["components"]["schemas"]
    assert schemas["Trial"]["properties"]["n"]["description"] == "Forecasts whose outcome is known."
    assert schemas["PopularWithProbability"]["properties"]["notes"]["description"].startswith("What should be known")
    parameters = document["paths"]["/recommend/song/{track_id}"]["get"]["parameters"]
    assert {one["name"]: one.get("description") for one in parameters}["k"] == "How many tracks, 1 to 500."
