"""Every way in which a simulated server can go wrong, and what each takes beside its name."""

from __future__ import annotations

from typing import Any

BUILT = {
    "missing_reports": "The unit takes no register from `from_date` to `until_date`.",
    "unreported_weekday": "The unit takes no register on one `weekday` from `from_date`.",
    "reporting_jump": "The unit takes no register in a `share` of its lessons from `from_date`.",
    "lost_weekday": "The unit's lessons of one `weekday` are not in the timetable from `from_date`.",
    "lost_lessons": "`rows` lessons of the unit in the week of `from_date` are not told; their registers are.",
    "lesson_outside_day": "`rows` lessons of the unit in the week of `from_date` begin at half past ten at night.",
    "lesson_on_free_day": "`rows` lessons of the unit in the week of `from_date` lie on its Saturday.",
    "impossible_minutes": "`rows` attendance rows have -40 or 4000 minutes.",
    "minutes_beyond_lesson": "`rows` attendance rows of the unit in a week tell 30 minutes more than the lesson has.",
    "half_registers": "The unit's attendance rows in a week account for half of the lesson.",
    "whole_class_absent": "In `rows` lessons of the unit in a week every pupil is away.",
    "no_absence_for_weeks": "Nobody is away at the unit from `from_date`.",
    "attendance_outside_enrolment": "`rows` attendance rows of the unit in a week are of other units' pupils.",
    "doubled_registers": "`rows` attendance rows of the unit in a week are written twice, under two ids.",
    "unknown_grade": "`rows` grades of the source have a value of no scale.",
}
REFUSING = {
    "silent": "Every request, for a token too, is answered with 503.",
    "busy": "429 or 503 (`status`), with Retry-After (`retry_after`: none, date, or the header's own text).",
    "too_large": "503 or 413 (`status`) for a page or a lookup of more than `rows` objects.",
    "server_error": "500, 502 or 504 (`status`) with an error body.",
    "unauthorized": "401 always (`refused`), or when a bearer token has been used `rows` times (`spent`).",
    "forbidden": "403 for the resource.",
    "not_served": "404 without a body for the resource.",
    "expired_token": "410, 400, 404 or 422 (`status`) for every request that carries a page token.",
    "error_shape": "An error (`status`): `detail`, `details`, `empty`, `html`, `code`, or `telling` about a pupil.",
    "redirect": "302 to a log-in page elsewhere.",
    "html_page": "A proxy's page in HTML, with 200 or another `status`.",
    "not_json": "200 with text that is no JSON (`text`), or JSON that ends too early (`truncated`).",
    "slow": "The answer takes `seconds` of real time.",
    "broken_body": "The connection is cut in the middle of the body.",
}
PAGING = {
    "token_alone": "A page token goes with `limit` only, else 400: the standard, and the default between other faults.",
    "wants_filters": "422 unless a page token comes with the filters again: `all` of them, or the `required` ones.",
    "forgets_filters": "A page token forgets the filters unless they are sent again: other rows come, some never.",
    "offset_tokens": "A page token is a place in the list of now; the source's clock moves `seconds` a request.",
    "endless_tokens": "Every page has a new token: the pages after the last are `empty`, or `repeat` the last.",
    "same_page": "A page token leads to the same page again, with the `same` token or a `fresh` one.",
    "token_omitted": "The last page has no pageToken (`absent`), or one without letters (`blank`).",
    "unordered": "Each page is cut from another order: `rows` of the page before come again, the last ones never.",
    "empty": "The list is there and holds nothing.",
    "duplicate_rows": "The first `rows` rows of each page come twice.",
    "short_pull": "The last `rows` rows of each page are missing, silently.",
}
IGNORING = {
    "ignores_filters": "Filters are ignored with 200: `fields`, or all but the required ones; so are unknown ones.",
    "ignores_limit": "`limit` is ignored: pages hold `rows` objects.",
    "ignores_expand": "`expand` is ignored with 200.",
    "ignores_offset": "The offset of date-times in filters is ignored: they are read as `local` time or as `utc`.",
}
LASTING = {
    "modified_is_start": "`meta.modified` of lessons equals their start: a cancellation moves nothing.",
    "mass_deletion": "A `share` of the resource is gone: `told` in deletedEntities, or `untold`.",
    "narrowed": "A `share` of the units, and everything of theirs, is gone without a word.",
    "readded": "`rows` objects are told deleted but live: changed since (`changed`), or as they were (`unchanged`).",
    "late_commits": "A `share` of the attendance rows changes `seconds` before it can be seen.",
    "pruned_deletions": "Deletions older than `seconds` are no longer told.",
    "republished": "A `share` of the past lessons has new ids: the old deleted, the attendance rows moved.",
}
TELLING = {
    "flat_deletions": "Deletions are a flat list of types and ids; types are `singular`, `plural` or `lower`.",
    "no_deletions": "No deletion is ever told: lists without ids (`empty`), none at all (`missing`), or `null`.",
    "deletions_404": "`/deletedEntities` is not served.",
}
STAMPING = {
    "no_date_header": "Answers carry no Date header.",
    "gzip": "Bodies come compressed.",
    "clock_skew": "The Date header is `seconds` ahead, or behind when negative.",
}
WRITING = {
    "wrong_header": "`isReported` arrives as `rapporterad` in `/attendances`.",
    "naive_times": "Times, or those in `fields`, come without an offset: `local` time or `utc`.",
    "microseconds": "`meta.created` and `meta.modified` carry microseconds.",
    "no_meta": "Rows carry no `meta`.",
    "stripped": "The attributes in `fields` are missing, as when a municipality does not share them.",
    "extra_fields": "Rows carry fields that no document names.",
    "unknown_enum": "A `share` of the rows has a `word` of no list, or `prose` about a pupil, in one of `fields`.",
    "decomposed": "Text comes in decomposed letters (NFD).",
    "names_unasked": "References carry `displayName` though nobody asked.",
    "civic_spelling": "Civic numbers come `mixed`, `plain`, `dashed` (8-4), `short` (6-4) or with a `plus` (6+4).",
    "protected_complete": "References to protected pupils carry their names though nobody asked.",
    "protected_omitted": "Protected pupils are left out of `/persons`; their attendance rows are not.",
    "protected_nameless": "Protected pupils come without names.",
    "version_2_0": "Rows as in 2.0: no `meta` where 2.0 demands none, `attendanceMinutes` on every row.",
}
GROUPS: dict[str, dict[str, str]] = {
    "Planted in the data when the county is built": BUILT,
    "The request is not answered as it was meant": REFUSING,
    "Pages, and what goes with their tokens": PAGING,
    "Filters and parameters": IGNORING,
    "What the server knows, from `active_from` on": LASTING,
    "Deletions, as they are told": TELLING,
    "Headers": STAMPING,
    "What rows look like": WRITING,
}
FAULT_KINDS: dict[str, str] = {kind: meaning for kinds in GROUPS.values() for kind, meaning in kinds.items()}

# The resource of faults that concern one only, when none is named.
OWN_RESOURCE = {
    "wrong_header": "attendances",
    "mass_deletion": "attendances",
    "readded": "attendances",
    "flat_deletions": "deletedEntities",
    "no_deletions": "deletedEntities",
    "deletions_404": "deletedEntities",
    "civic_spelling": "persons",
    "protected_omitted": "persons",
    "protected_nameless": "persons",
}
# The values of `shape`; the first is what holds when none is given.
SHAPES: dict[str, tuple[str, ...]] = {
    "unauthorized": ("refused", "spent"),
    "unknown_enum": ("word", "prose"),
    "error_shape": ("detail", "details", "empty", "html", "code", "telling"),
    "not_json": ("text", "truncated"),
    "wants_filters": ("all", "required"),
    "endless_tokens": ("empty", "repeat"),
    "same_page": ("same", "fresh"),
    "token_omitted": ("absent", "blank"),
    "ignores_offset": ("local", "utc"),
    "mass_deletion": ("told", "untold"),
    "readded": ("changed", "unchanged"),
    "flat_deletions": ("singular", "plural", "lower"),
    "no_deletions": ("empty", "missing", "null"),
    "naive_times": ("local", "utc"),
    "civic_spelling": ("mixed", "plain", "dashed", "short", "plus"),
}
# What else holds when nothing is given.
DEFAULTS: dict[str, dict[str, Any]] = {
    "busy": {"status": 429},
    "too_large": {"status": 503, "rows": 200},
    "server_error": {"status": 500},
    "expired_token": {"status": 410},
    "error_shape": {"status": 400},
    "html_page": {"status": 200},
    "offset_tokens": {"seconds": 0},
    "clock_skew": {"seconds": 3600},
    "duplicate_rows": {"rows": 3},
    "unordered": {"rows": 3},
    "slow": {"seconds": 1},
    "late_commits": {"seconds": 600},
    "pruned_deletions": {"seconds": 86_400},
    "readded": {"rows": 5},
    "ignores_limit": {"rows": 500},
    "republished": {"share": 0.2},
    "unknown_enum": {"share": 0.02, "fields": ("sex", "gradeValue", "type", "personStatus", "groupType")},
    "stripped": {"fields": ("civicNo", "sex")},
}
