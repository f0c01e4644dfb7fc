"""Words that occur nowhere but in the simulated records: names, streets, reasons.

Everything that a record holds and that no pipeline may keep begins with "Kanari", so that a search
of its bytes finds any leak.
"""

from __future__ import annotations

GIVEN_NAMES = (
    "Kanarissa", "Kanarion", "Kanariella", "Kanarius", "Kanarina", "Kanarian", "Kanarilda", "Kanarinus", "Kanarivia",
    "Kanarist", "Kanarielle", "Kanarimund",
)  # fmt: skip
FAMILY_NAMES = (
    "Kanarieberg", "Kanarielund", "Kanarieström", "Kanarievik", "Kanariesjö", "Kanarieholm", "Kanariedal",
    "Kanariekvist", "Kanariegren", "Kanarieson", "Kanariemark", "Kanariehed", "Kanarieborg",
)  # fmt: skip
STREETS = ("Kanariegatan", "Kanarievägen", "Kanariestigen", "Kanariegränd")
LOCALITY = "Kanarieby"
REASONS = ("Kanariefeber", "Kanariehosta", "Kanariesnuva", "Kanarieont i magen")
EMAIL_DOMAIN = "kanariepost.example"
# Numbers that the Swedish telephone authority keeps for fiction.
_FIRST_PHONE, _PHONES = 1740605, 95


def given_name(number: int) -> str:
    """Give a person's given name."""
    return GIVEN_NAMES[number % len(GIVEN_NAMES)]


def family_name(number: int) -> str:
    """Give a person's family name."""
    return FAMILY_NAMES[number // len(GIVEN_NAMES) % len(FAMILY_NAMES)]


def email(number: int) -> str:
    """Give a person's address at school."""
    return f"kanarie.{number}@elev.{EMAIL_DOMAIN}"


def phone(number: int) -> str:
    """Give a person's telephone number."""
    return f"070-{_FIRST_PHONE + number % _PHONES}"


def street_address(number: int) -> str:
    """Give a person's street address."""
    return f"{STREETS[number % len(STREETS)]} {number % 211 + 1}"
