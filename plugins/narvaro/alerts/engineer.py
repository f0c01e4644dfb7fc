"""Letters to those who run the installation, each about one thing: they are other letters than a school owner's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.alerts.letter import NOTICE, Letter, frame, render
from narvaro.alerts.message import compose_message
from narvaro.alerts.notice import engineer_notice
from narvaro.alerts.words import long_day, texts

if TYPE_CHECKING:
    from datetime import date

    from narvaro.county import County

ROLE = "engineer"
RUN_FAILED, FIGURES_LATE = "run_failed", "figures_late"


def engineer_letters(county: County, night: date, kind: str, *, about: str, **values: str) -> list[Letter]:
    """Give a letter to each of the region's engineers, a notice where they have a channel.

    The same `about` of a kind is one letter, whenever it is told.
    `values` fill the kind's words in texts/<language>.yml; they hold no secret and nothing about a pupil.
    """
    letters = []
    for recipient in county.engineers:
        address, language = recipient.email or recipient.conn_id or "", recipient.language
        words = texts(language)["engineer"][kind]
        filled = {name: text.format(day=long_day(night, language), **values) for name, text in words.items()}
        key, subject = f"{kind}/{about}/{address}", filled["subject"]
        if recipient.email is None:
            message = engineer_notice(county, night, key=key, title=subject, language=language)
            letters.append(Letter(key, night, address, language, subject, message, channel=NOTICE, role=ROLE))
            continue
        shown = frame(county, night, language, subject, is_ours=True) | {"told": filled}
        message = compose_message(
            key=key,
            letters=county.letters,
            recipient=address,
            language=language,
            subject=subject,
            text=render("engineer.txt.j2", shown),
            html=render("engineer.html.j2", shown),
        )
        letters.append(Letter(key, night, address, language, subject, message, role=ROLE))
    return letters
