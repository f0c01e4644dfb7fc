"""Load a county from its folder of YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from narvaro.county.checks import Files, findings
from narvaro.county.county import County
from narvaro.county.model import CountyFile, MunicipalitiesFile, OwnersFile, SourcesFile
from narvaro.county.publication import Publication
from narvaro.county.recipients import RecipientsFile
from narvaro.county.yaml_file import YamlFile, read_yaml, validate
from narvaro.domain.school_calendar import SchoolCalendar
from narvaro.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)

# Every file that a county must have, with the model of its keys.
FILES: dict[str, type[BaseModel]] = {
    "county.yml": CountyFile,
    "municipalities.yml": MunicipalitiesFile,
    "owners.yml": OwnersFile,
    "sources.yml": SourcesFile,
    "calendar.yml": SchoolCalendar,
    "publication.yml": Publication,
}
# A file that a county may have.
OPTIONAL_FILES: dict[str, type[BaseModel]] = {"recipients.yml": RecipientsFile}


def load_county(config_dir: Path) -> County:
    """Load the county that a folder describes.

    Raises:
        ConfigError: one line for each thing that is wrong, with its file, line and remedy.
    """
    if not config_dir.is_dir():
        message = (
            f"{config_dir}: there is no such folder. Let NARVARO_CONFIG_DIR name a folder with {', '.join(FILES)}."
        )
        raise ConfigError(message)
    folder = _Folder(config_dir)
    county = folder.load("county.yml", CountyFile)
    municipalities = folder.load("municipalities.yml", MunicipalitiesFile)
    owners = folder.load("owners.yml", OwnersFile)
    sources = folder.load("sources.yml", SourcesFile)
    calendar = folder.load("calendar.yml", SchoolCalendar)
    publication = folder.load("publication.yml", Publication)
    recipients = folder.load_if_there("recipients.yml", RecipientsFile) or RecipientsFile(recipients=())
    if not (county and municipalities and owners and sources and calendar and publication) or folder.problems:
        raise ConfigError("\n".join(folder.problems))
    files = Files(county, municipalities, owners, sources, calendar, publication, recipients)
    folder.check(files)
    return County.from_files(config_dir, files)


class _Folder:
    """Reads a county's files and gathers what is wrong in all of them."""

    def __init__(self, config_dir: Path) -> None:
        self._config_dir = config_dir
        self._files: dict[str, YamlFile] = {}
        self.problems: list[str] = []

    def load(self, name: str, model: type[Model]) -> Model | None:
        """Give a file's data, None when something in it is wrong."""
        try:
            self._files[name] = read_yaml(self._config_dir / name)
            return validate(self._files[name], model)
        except ConfigError as error:
            self.problems.append(str(error))
            return None

    def load_if_there(self, name: str, model: type[Model]) -> Model | None:
        """Give a file's data, None also when there is no such file."""
        return self.load(name, model) if (self._config_dir / name).exists() else None

    def check(self, files: Files) -> None:
        """Demand that the files fit together."""
        problems = [self._files[name].problem(place, sentence) for name, place, sentence in findings(files)]
        if problems:
            raise ConfigError("\n".join(problems))
