from __future__ import annotations

import math

from narvaro.publish.report.outlines import flat_geometry, middle_latitude, places_for_names


def a_square(x, y, side):
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_flat_geometry_shortens_longitude_as_the_latitude_does():
    flat = flat_geometry(a_square(18, 60, 1), 60)
    assert flat["coordinates"][0][1] == [9.5, 60]


def test_flat_geometry_reaches_every_part_of_an_archipelago():
    parts = [a_square(18, 60, 1)["coordinates"], a_square(20, 60, 1)["coordinates"]]
    flat = flat_geometry({"type": "MultiPolygon", "coordinates": parts}, 60)
    assert [part[0][0] for part in flat["coordinates"]] == [[9, 60], [10, 60]]


def test_middle_latitude_lies_between_the_outermost():
    features = [{"geometry": a_square(18, 58, 1)}, {"geometry": a_square(18, 60, 2)}]
    assert middle_latitude({"features": features}) == 60


def test_name_stands_in_the_middle_of_a_large_outline_and_not_in_a_small_one():
    found = [("Storby", a_square(0, 0, 10)), ("Lillköping", a_square(10, 0, 0.5))]
    large, small = places_for_names(found, (400, 400))
    assert large == (5, 5)
    assert all(math.isnan(part) for part in small)


def test_name_goes_into_the_largest_island():
    parts = [a_square(0, 0, 1)["coordinates"], a_square(4, 4, 6)["coordinates"]]
    islands = {"type": "MultiPolygon", "coordinates": parts}
    (place,) = places_for_names([("Öarna", islands)], (400, 400))
    assert place == (7, 7)
