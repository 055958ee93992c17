"""Verifies that a webhook request was signed with our Twilio auth token."""

from collections.abc import Iterator, Sequence


class _MultiDict:
    """A form whose fields may repeat, with the interface that Twilio's validator reads."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = pairs

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._pairs])

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def getlist(self, name: str) -> list[str]:
        return [value for found, value in self._pairs if found == name]


def is_signed(url: str, form: Sequence[tuple[str, str]], signature: str, tokens: Sequence[str]) -> bool:
    """Whether a request was signed with one of our tokens.

    Args:
        url: the address that Twilio called, with its query string.
        form: the fields of the body, in any order, with each repetition.
        signature: the `X-Twilio-Signature` header.
        tokens: the auth token, and during a rotation the secondary one.
    """
    from twilio.request_validator import RequestValidator

    validators = [RequestValidator(token) for token in tokens]  # type: ignore[no-untyped-call]  # the SDK's own gap
    fields = _MultiDict(form)
    return any(
        validator.validate(url, fields, signature)  # type: ignore[no-untyped-call]
        for validator in validators
    )
