"""The keyed hash by which an opted-out number is known again after its person was forgotten."""

import hmac

from pydantic import SecretStr


def number_hash(phone_number: str, key: SecretStr | None) -> str | None:
    """HMAC-SHA256 of a number, in hexadecimal; None without a key.

    The key is a secret of its own, outside the database: there are few enough numbers to try them all.
    """
    if key is None:
        return None
    return hmac.digest(key.get_secret_value().encode(), phone_number.encode(), "sha256").hex()
