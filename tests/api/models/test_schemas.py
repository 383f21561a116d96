"""The shapes of cards and statistics."""

from starlette.testclient import TestClient


def test_statistics_of_every_range_are_described(api: TestClient) -> None:
    schemas = api.get("/api/v1/openapi.json").json()["components"]["schemas"]
    shares = schemas["ActivationStatistics"]["properties"]["left_saturated"]["anyOf"][0]["items"]
    assert (shares["minimum"], shares["maximum"]) == (0, 1)
    assert (
        schemas["NamedUnit"]["properties"]["score"]["minimum"],
        schemas["NamedUnit"]["properties"]["score"]["maximum"],
    ) == (-1, 1)
