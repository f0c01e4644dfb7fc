"""Who is expected at which lesson, by the groups that its activity teaches."""

from __future__ import annotations

import numpy as np

from narvaro.simulator.tables import Activities, Int64, Lessons, Memberships


def expected_pairs(
    lessons: Lessons, chosen: Int64, activities: Activities, members: Memberships
) -> tuple[Int64, Int64]:
    """Give the (lesson, person) pairs of the chosen lessons, each once, in order of lesson."""
    groups = np.concatenate(
        [activities.first_group[lessons.activity[chosen]], activities.second_group[lessons.activity[chosen]]]
    )
    lesson = np.concatenate([chosen, chosen])
    lesson, groups = lesson[groups >= 0], groups[groups >= 0].astype(np.int64)
    starts = np.searchsorted(members.group, groups, "left")
    counts = np.searchsorted(members.group, groups, "right") - starts
    pair_lesson = np.repeat(lesson, counts)
    first = np.cumsum(counts) - counts
    member = np.repeat(starts - first, counts) + np.arange(len(pair_lesson))
    day = lessons.day[pair_lesson]
    is_member = (members.start_day[member] <= day) & (day <= members.end_day[member])
    pair_lesson, person = pair_lesson[is_member], members.person[member[is_member]].astype(np.int64)
    people = int(members.person.max(initial=0)) + 1
    keys = np.unique(pair_lesson * people + person)
    return keys // people, keys % people
