"""The base of all settings, and the kinds of values that they have: each says what it should be, never what it was."""

import re
from datetime import time
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from orchestrator.clock import parse_wall_time


class Settings(BaseModel):
    """A group of settings; the environment variable of a field is its name in capitals."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


def _comma_list(value: object) -> object:
    if isinstance(value, str):
        return frozenset(part.strip() for part in value.split(",") if part.strip())
    return value


def _postgres_url(value: object) -> object:
    if isinstance(value, str):
        if not re.match(r"postgres(ql)?://", value):
            raise PydanticCustomError("not_postgres", "should begin with postgresql://")
        _check_postgres_options(value)
    return value


def _check_postgres_options(url: str) -> None:
    """Check what libpq would refuse at each connection; no error shows a value, which may be the password."""
    import psycopg  # the publishing client has no database

    before_query, _, query = url.partition("?")
    if "@" in query and "@" not in before_query:
        raise _not_a_url()  # the question mark is the password's, and so is what looks like an option
    # libpq reads `ssl=true`, as JDBC writes it, as `sslmode=require` (Postgres documentation, "Connection URIs").
    options = [option.partition("=")[0] for option in query.split("&") if option and option != "ssl=true"]
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    if unknown := sorted({option for option in options if option not in known}):
        named = ", ".join(
            option if re.fullmatch(r"[A-Za-z_.-]{1,40}", option) else "(unreadable)" for option in unknown
        )
        raise PydanticCustomError(
            "unknown_option", "has an option that Postgres does not know: {named}. Remove it", {"named": named}
        )
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise _not_a_url() from None
    # libpq ends the password at the first `@` and begins the path at the first `/`, and its errors of a connection show
    # the host and the port. A host that begins with `@` is an abstract socket.
    host, port, name = (str(parts.get(part) or "") for part in ("host", "port", "dbname"))
    if "@" in host[1:] or "@" in name or not re.fullmatch(r"[\d,]*", port):
        raise _not_a_url()


def _not_a_url() -> PydanticCustomError:
    return PydanticCustomError(
        "not_a_url", "is not a URL. Percent-encode the special characters of its user and password"
    )


def _http_url(value: object) -> object:
    if isinstance(value, str) and not re.match(r"https?://[^\s/]+", value):
        raise PydanticCustomError("not_http", "should be an http or https address")
    return value.rstrip("/") if isinstance(value, str) else value


def _without_query(value: str) -> str:
    if "?" in value or "#" in value:
        raise PydanticCustomError("has_query", "should be an address without a query: the paths are added at its end")
    return value


def _wall_time(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_wall_time(value)
    except ValueError:
        raise PydanticCustomError("not_a_time", "should be a time of day such as 21:00") from None


def _no_test_number(number: str) -> str:
    # https://www.twilio.com/docs/iam/test-credentials: with these credentials only such numbers are senders.
    if number.startswith("+1500555"):
        raise PydanticCustomError("test_number", "is a number of Twilio's test credentials, which send nothing")
    return number


def _with_territories(countries: frozenset[str]) -> frozenset[str]:
    return countries | US_TERRITORIES if "US" in countries else countries


# Of the North American Numbering Plan, and under the law of the United States (47 USC 153(40)).
US_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})
CommaList = Annotated[frozenset[str], BeforeValidator(_comma_list)]
Countries = Annotated[CommaList, AfterValidator(_with_territories)]
PostgresUrl = Annotated[SecretStr, BeforeValidator(_postgres_url)]
HttpUrl = Annotated[str, BeforeValidator(_http_url)]
BaseUrl = Annotated[HttpUrl, AfterValidator(_without_query)]
WallTime = Annotated[time, BeforeValidator(_wall_time)]
TwilioNumber = Annotated[str, AfterValidator(_no_test_number)]
Fraction = Annotated[float, Field(gt=0)]
# A thousand years at most, because Python's dates end with the year 9999, and begin with the year 1.
Days = Annotated[int, Field(gt=0, le=365_000)]
