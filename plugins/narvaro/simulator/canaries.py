"""Texts that a simulated county sends and that may be kept nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.simulator import vocabulary
from narvaro.simulator.randomness import uuids

if TYPE_CHECKING:
    from narvaro.simulator.world import World

# Every name, street, locality, reason and mail address begins with or holds this.
COMMON_STEM = "Kanari"
_PHONES = 95


def canaries(world: World) -> list[str]:
    """List every text about a person that the servers send: words, contacts, civic numbers.

    Civic numbers stand in each spelling that some source uses, with two digits of the century and without.
    """
    words = [
        COMMON_STEM,
        *vocabulary.GIVEN_NAMES,
        *vocabulary.FAMILY_NAMES,
        *vocabulary.STREETS,
        *vocabulary.REASONS,
        vocabulary.LOCALITY,
        vocabulary.EMAIL_DOMAIN,
    ]
    phones = [vocabulary.phone(number) for number in range(_PHONES)]
    numbers = sorted({number for number in world.persons.civic_number if number is not None})
    spelled = [
        text for number in numbers for text in (number, f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}")
    ]
    return [*words, *phones, *spelled]


def person_record_ids(world: World) -> list[str]:
    """List the uuids of the pupils' records, which are keyed before anything is kept."""
    return uuids(world.config.seed, "person", range(len(world.persons.source)))
