"""figures.py: medians, ranges, ratios."""
import pytest

import figures


def figure(*values):
    return figures.summary(list(values))


def test_summary():
    assert figure(3, 1, 2) == {"median": 2, "min": 1, "max": 3, "values": [3, 1, 2]}
    assert figure(1, 2)["median"] == 1.5
    assert figures.summary([None, 4, None])["values"] == [4]
    assert figures.summary([None]) is None and figures.summary([]) is None


def test_summaries_keep_the_order_and_leave_out_what_never_was():
    found = figures.summaries([{"b": 1, "a": 2, "none": None}, {"b": 3, "late": 5, "none": None}])
    assert list(found) == ["b", "a", "late"]
    assert found["b"]["values"] == [1, 3] and found["a"]["values"] == [2]


def test_moved():
    assert figures.moved(figure(100, 110)) == pytest.approx(0.10)
    assert figures.moved(figure(5)) == 0
    assert figures.moved(figure(0, 1)) == float("inf")


@pytest.mark.parametrize("share, expected", ((0.5, 5), (0.99, 10), (0.1, 1), (0.11, 2), (0, 1), (1, 10)))
def test_percentile(share, expected):
    assert figures.percentile([10, 1, 9, 2, 8, 3, 7, 4, 6, 5], share) == expected


def test_differ_only_if_the_ranges_do_not_touch():
    assert figures.differ(figure(1, 2), figure(3, 4)) and figures.differ(figure(3, 4), figure(1, 2))
    assert not figures.differ(figure(1, 3), figure(3, 4))
    assert not figures.differ(figure(1, 9), figure(3, 4))


def test_ratio_has_the_range_that_both_ranges_allow():
    assert figures.ratio(figure(10, 20, 30), figure(2, 4, 5)) == {"median": 5, "min": 2, "max": 15}
    assert figures.ratio(figure(1), figure(0)) is None
