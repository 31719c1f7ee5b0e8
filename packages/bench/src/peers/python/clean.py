"""Cleaning of one field, as it is usually written."""

import re
import unicodedata

# Control characters but those that are white space.
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def clean_field(field):
    """Drops control characters, makes one space of every run of white space, strips, NFC; None for what is empty."""
    # Printable text holds no control character, and looking costs less than the substitution.
    text = field if field.isprintable() else CONTROL.sub("", field)
    text = " ".join(text.split())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text or None
