"""Plots: each value has a height of its own, and a small one is seen."""

from orchestrator_cli.console.charts import HEIGHT, WIDTH, Chart


def test_bars_are_stacked_from_the_bottom_and_the_largest_fills_the_plot() -> None:
    chart = Chart("Texts", ["high", "low"], [("Mon", [30, 10]), ("Tue", [0, 20])])
    first, second, third = chart.parts()
    assert (first.series, first.height, first.y) == (0, HEIGHT * 0.75, HEIGHT * 0.25)
    assert (second.series, second.height, second.y) == (1, HEIGHT * 0.25, 0)
    assert (third.series, third.height, third.y) == (1, HEIGHT / 2, HEIGHT / 2)
    assert 0 < first.x < first.x + first.width < WIDTH / 2 < third.x < third.x + third.width < WIDTH
    assert (chart.highest, chart.is_empty) == ("40", False)
    assert chart.rows == [("Mon", ["30", "10"]), ("Tue", ["0", "20"])]


def test_a_small_value_is_seen_and_none_is_not() -> None:
    parts = list(Chart("Texts", ["all"], [("a", [1_000_000]), ("b", [1]), ("c", [0])]).parts())
    assert [part.height for part in parts] == [HEIGHT, 1.0]


def test_bars_of_categories_lie_across_in_proportion() -> None:
    chart = Chart("Waiting", ["messages"], [("due", [40]), ("best time", [10]), ("other", [0])], has_categories=True)
    assert chart.lengths == [WIDTH, WIDTH / 4, 0]


def test_where_nothing_is_measured_no_value_is_shown_and_a_measured_zero_is() -> None:
    chart = Chart("Delivered", ["per cent"], [("a", [None]), ("b", [0.0])], most=100)
    assert chart.rows == [("a", ["-"]), ("b", ["0"])]
    assert not chart.is_empty
    assert list(chart.parts()) == []
    assert Chart("Delivered", ["per cent"], [("a", [None])], most=100).is_empty


def test_a_scale_may_have_an_end_of_its_own() -> None:
    chart = Chart("Delivered", ["per cent"], [("a", [50.0])], most=100)
    assert [part.height for part in chart.parts()] == [HEIGHT / 2]
    assert Chart("Nothing", ["all"], []).is_empty
    assert list(Chart("Nothing", ["all"], [("a", [0])]).parts()) == []
