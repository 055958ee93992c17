"""Keyed hash of a phone number: recognises an opted-out number after its person was deleted."""

import hmac

from pydantic import SecretStr


def number_hash(phone_number: str, key: SecretStr | None) -> str | None:
    """HMAC-SHA256 of a number, in hexadecimal; None without a key.

    The key is a secret outside the database: phone numbers are few enough that an attacker can hash them all.
    """
    if key is None:
        return None
    return hmac.digest(key.get_secret_value().encode(), phone_number.encode(), "sha256").hex()
