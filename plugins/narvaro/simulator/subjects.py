"""Subjects and courses as Skolverket codes them, and the weekly plan of each stage."""

from __future__ import annotations

from dataclasses import dataclass

NO_SUBJECT = -1
# Which groups of a class an activity teaches: the class, its first or second teaching group, class and first.
CLASS, FIRST, SECOND, CLASS_AND_FIRST = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject of compulsory school (no course code) or one upper secondary course."""

    code: str
    designation: str
    name: str
    course_code: str | None = None
    course_name: str | None = None
    points: int | None = None

    @property
    def school_type(self) -> str:
        """The school form that reads it."""
        return "GY" if self.course_code else "GR"


SUBJECTS: tuple[Subject, ...] = (
    Subject("GRGRSVE01", "SV", "Svenska"),
    Subject("GRGRSVA01", "SVA", "Svenska som andraspråk"),
    Subject("GRGRMAT01", "MA", "Matematik"),
    Subject("GRGRENG01", "EN", "Engelska"),
    Subject("GRGRIDR01", "IDH", "Idrott och hälsa"),
    Subject("GRGRBIL01", "BL", "Bild"),
    Subject("GRGRMUS01", "MU", "Musik"),
    Subject("GRGRSLJ01", "SL", "Slöjd"),
    Subject("GRGRHKK01", "HKK", "Hem- och konsumentkunskap"),
    Subject("GRGRBIO01", "BI", "Biologi"),
    Subject("GRGRFYS01", "FY", "Fysik"),
    Subject("GRGRKEM01", "KE", "Kemi"),
    Subject("GRGRTEK01", "TK", "Teknik"),
    Subject("GRGRGEO01", "GE", "Geografi"),
    Subject("GRGRHIS01", "HI", "Historia"),
    Subject("GRGRREL01", "RE", "Religionskunskap"),
    Subject("GRGRSAM01", "SH", "Samhällskunskap"),
    Subject("GRGRMSP01", "M2", "Moderna språk"),
    Subject("SVE", "SVE", "Svenska", "SVESVE01", "Svenska 1", 100),
    Subject("ENG", "ENG", "Engelska", "ENGENG05", "Engelska 5", 100),
    Subject("MAT", "MAT", "Matematik", "MATMAT01b", "Matematik 1b", 100),
    Subject("IDR", "IDR", "Idrott och hälsa", "IDRIDR01", "Idrott och hälsa 1", 100),
    Subject("SAM", "SAM", "Samhällskunskap", "SAMSAM01b", "Samhällskunskap 1b", 100),
    Subject("NAK", "NAK", "Naturkunskap", "NAKNAK01b", "Naturkunskap 1b", 100),
    Subject("SVE", "SVE", "Svenska", "SVESVE02", "Svenska 2", 100),
    Subject("ENG", "ENG", "Engelska", "ENGENG06", "Engelska 6", 100),
    Subject("MAT", "MAT", "Matematik", "MATMAT02b", "Matematik 2b", 100),
    Subject("HIS", "HIS", "Historia", "HISHIS01b", "Historia 1b", 100),
    Subject("REL", "REL", "Religionskunskap", "RELREL01", "Religionskunskap 1", 50),
    Subject("PSK", "PSK", "Psykologi", "PSKPSY01", "Psykologi 1", 50),
    Subject("SVE", "SVE", "Svenska", "SVESVE03", "Svenska 3", 100),
    Subject("ENG", "ENG", "Engelska", "ENGENG07", "Engelska 7", 100),
    Subject("FIL", "FIL", "Filosofi", "FILFIL01", "Filosofi 1", 50),
    Subject("GEO", "GEO", "Geografi", "GEOGEO01", "Geografi 1", 100),
    Subject("MOD", "MOD", "Moderna språk", "MODSPA03", "Moderna språk 3, spanska", 100),
    Subject("MOD", "MOD", "Moderna språk", "MODTYS03", "Moderna språk 3, tyska", 100),
)
_INDEX = {subject.course_code or subject.code: index for index, subject in enumerate(SUBJECTS)}


@dataclass(frozen=True, slots=True)
class Plan:
    """One activity of a stage's week: so many lessons of so many minutes.

    `teaching_minutes` is the pupils' length where it differs from the timetable's; `parallel` is the
    activity of the second teaching group in the same hours.
    """

    subject: str | None
    lessons: int
    minutes: int
    groups: int = CLASS
    teaching_minutes: int | None = None
    parallel: str | None = None

    @property
    def subject_index(self) -> int:
        """Its place in SUBJECTS, NO_SUBJECT for the class's own hour."""
        return NO_SUBJECT if self.subject is None else _INDEX[self.subject]

    @property
    def parallel_index(self) -> int:
        """The parallel activity's place in SUBJECTS."""
        return NO_SUBJECT if self.parallel is None else _INDEX[self.parallel]


def _gymnasium(*courses: str) -> tuple[Plan, ...]:
    """Give the week of an upper secondary class: its courses, languages in parallel, mentor's hour."""
    lessons = [Plan(course, 3, 80, teaching_minutes=75) for course in courses[:3]]
    lessons += [Plan(course, 2, 70) for course in courses[3:]]
    language = Plan("MODSPA03", 3, 60, FIRST, parallel="MODTYS03")
    return (*lessons, language, Plan(None, 1, 40))


# The stages: grades 1-3, 4-6, 7-9 of compulsory school, then upper secondary grades 1, 2, 3.
WEEKS: tuple[tuple[Plan, ...], ...] = (
    (
        Plan("GRGRSVE01", 5, 60, teaching_minutes=50),
        Plan("GRGRSVE01", 2, 50, FIRST, parallel="GRGRSVA01"),
        Plan("GRGRMAT01", 5, 50),
        Plan("GRGRENG01", 1, 40),
        Plan("GRGRIDR01", 2, 50, CLASS_AND_FIRST),
        Plan("GRGRBIL01", 1, 60),
        Plan("GRGRMUS01", 1, 40),
        Plan("GRGRBIO01", 1, 50),
        Plan("GRGRSAM01", 2, 50),
        Plan("GRGRSLJ01", 1, 60),
        Plan("GRGRTEK01", 1, 40),
        Plan(None, 1, 30),
    ),
    (
        Plan("GRGRSVE01", 5, 50),
        Plan("GRGRMAT01", 5, 50),
        Plan("GRGRENG01", 3, 50),
        Plan("GRGRMSP01", 2, 40, FIRST, parallel="GRGRSVA01"),
        Plan("GRGRIDR01", 2, 60, CLASS_AND_FIRST, teaching_minutes=65),
        Plan("GRGRBIL01", 1, 60),
        Plan("GRGRMUS01", 1, 40),
        Plan("GRGRSLJ01", 1, 80, teaching_minutes=70),
        Plan("GRGRBIO01", 2, 50),
        Plan("GRGRHIS01", 1, 50),
        Plan("GRGRGEO01", 1, 50),
        Plan("GRGRREL01", 1, 40),
        Plan("GRGRTEK01", 1, 40),
        Plan(None, 1, 40),
    ),
    (
        Plan("GRGRSVE01", 4, 50),
        Plan("GRGRMAT01", 4, 60, teaching_minutes=55),
        Plan("GRGRENG01", 3, 50),
        Plan("GRGRMSP01", 3, 50, FIRST, parallel="GRGRSVA01"),
        Plan("GRGRIDR01", 2, 70, CLASS_AND_FIRST),
        Plan("GRGRBIL01", 1, 60),
        Plan("GRGRMUS01", 1, 50),
        Plan("GRGRSLJ01", 1, 80, teaching_minutes=70),
        Plan("GRGRHKK01", 1, 80),
        Plan("GRGRBIO01", 1, 50),
        Plan("GRGRFYS01", 1, 50),
        Plan("GRGRKEM01", 1, 50),
        Plan("GRGRTEK01", 1, 50),
        Plan("GRGRGEO01", 1, 50),
        Plan("GRGRHIS01", 1, 50),
        Plan("GRGRREL01", 1, 50),
        Plan("GRGRSAM01", 1, 50),
        Plan(None, 1, 40),
    ),
    _gymnasium("SVESVE01", "ENGENG05", "MATMAT01b", "IDRIDR01", "SAMSAM01b", "NAKNAK01b"),
    _gymnasium("SVESVE02", "ENGENG06", "MATMAT02b", "HISHIS01b", "RELREL01", "PSKPSY01"),
    _gymnasium("SVESVE03", "ENGENG07", "GEOGEO01", "FILFIL01", "PSKPSY01", "RELREL01"),
)
# What is graded each term in grades 6-9, and what an upper secondary grade has read the year before.
GRADED_SUBJECTS = tuple(index for index, subject in enumerate(SUBJECTS) if subject.school_type == "GR" and index != 1)
COURSES_READ = (
    tuple(_INDEX[code] for code in ("SVESVE01", "ENGENG05", "MATMAT01b", "IDRIDR01", "SAMSAM01b", "NAKNAK01b")),
    tuple(_INDEX[code] for code in ("SVESVE02", "ENGENG06", "MATMAT02b", "HISHIS01b", "RELREL01", "PSKPSY01")),
)
