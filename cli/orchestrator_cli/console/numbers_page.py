"""The page of numbers: texts by hour and lane, what holds messages and for how long, deliveries, and costs by day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from psycopg import Connection
from starlette.responses import Response

from orchestrator.messages import Lane
from orchestrator.store.costs import read_costs, read_text_costs
from orchestrator.store.gauges import MOST_COUNTED, read_gauges
from orchestrator.store.stats import HourOfTexts, count_waiting_by_age, read_hourly_texts
from orchestrator_cli.console.charts import Chart
from orchestrator_cli.console.visit import Visit

HOURS = 24
DAYS = 14
# By the time since they were accepted: the border above each class of waiting messages, and the name of each class.
AGES = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3))
AGE_NAMES = ("up to 1 h", "up to 6 h", "up to 1 day", "up to 3 days", "longer")
# Reasons that are plotted.
MOST_REASONS = 12


def show_numbers(visit: Visit) -> Response:
    """The plots."""
    now = visit.clock()
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [hour - timedelta(hours=back) for back in reversed(range(HOURS))]
    texts = read_hourly_texts(visit.connection, hours[0])
    waiting = read_gauges(visit.connection, now).waiting
    largest = sorted(waiting.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_REASONS]
    ages = count_waiting_by_age(visit.connection, now, AGES)
    return visit.page(
        "numbers",
        charts=[
            _sent(texts, hours),
            _delivered(texts, hours),
            Chart(
                "Waiting messages by reason",
                ["messages"],
                [(reason.replace("_", " "), [n]) for reason, n in largest],
                has_categories=True,
            ),
            Chart(
                "Waiting messages by age",
                ["messages"],
                [*zip(AGE_NAMES, ([n] for n in ages), strict=True)],
                has_categories=True,
            ),
            _costs(visit.connection, hour.replace(hour=0) - timedelta(days=DAYS - 1)),
        ],
        is_partly_counted=sum(waiting.values()) >= MOST_COUNTED,
    )


def _sent(texts: Sequence[HourOfTexts], hours: Sequence[datetime]) -> Chart:
    counts = {(row.hour, row.lane): row.sent for row in texts}
    bars = [(f"{hour:%a %H:00}", [counts.get((hour, lane), 0) for lane in Lane]) for hour in hours]
    return Chart("Texts by hour (UTC) and lane, accepted by Twilio", list(Lane), bars)


def _delivered(texts: Sequence[HourOfTexts], hours: Sequence[datetime]) -> Chart:
    sent: dict[datetime, int] = defaultdict(int)
    delivered: dict[datetime, int] = defaultdict(int)
    for row in texts:
        sent[row.hour] += row.sent
        delivered[row.hour] += row.delivered
    bars = [(f"{hour:%a %H:00}", [100 * delivered[hour] / sent[hour] if sent[hour] else None]) for hour in hours]
    return Chart("Delivered, in per cent of the texts of each hour (UTC)", ["per cent"], bars, most=100)


def _costs(connection: Connection, since: datetime) -> Chart:
    texts = {row.day: row.twilio_usd for row in read_text_costs(connection, since)}
    claude: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for row in read_costs(connection, since):
        claude[row.day, row.action] += row.cost_usd
    actions = sorted({action for _, action in claude})
    days = [(since + timedelta(days=number)).date() for number in range(DAYS)]
    bars = [
        (f"{day:%d %b}", [float(texts.get(day, 0)), *(float(claude[day, action]) for action in actions)])
        for day in days
    ]
    series = ["texts, by the price table", *(f"Claude: {action.replace('_', ' ')}" for action in actions)]
    return Chart("Cost by day (UTC), in US dollars", series, bars, ",.4f")
