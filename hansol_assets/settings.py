"""Settings of a run: a profile file, overridden by the environment, overridden by the launchpad."""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from hansol_assets.answering.candidates import CandidateInputs, CandidateSettings
from hansol_assets.answering.publishing import SubmissionSettings
from hansol_assets.answering.training import AdapterSettings
from hansol_assets.answering.training_tables import ExampleSettings
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.compute.cluster import ClusterSettings, Kind
from hansol_assets.embedding.embedder import EmbedderSettings, RetrieverSettings
from hansol_assets.lake.object_store import URL_PATTERN
from hansol_assets.modeling.base.base_model import BaseModelSettings
from hansol_assets.modeling.hyperparameters import GenerationSettings, TrainingSettings
from hansol_assets.profile_files import ProfileError, merged, profile_path, read_profile
from hansol_assets.qa.answer_form import AnswerQualitySettings
from hansol_assets.qa.folds import FoldSettings
from hansol_assets.qa.pairing import PairingSettings
from hansol_assets.qa.prompts import PromptSettings
from hansol_assets.qa.table import read_template, read_test
from hansol_assets.qa.table.files import STEMS, as_spelt, holds_anything, raw_files, unused_files
from hansol_assets.qa.table.submission_form import require_fitting
from hansol_assets.qa.table.table_settings import TableSettings
from hansol_assets.retrieval.index import IndexSettings
from hansol_assets.scoring.blend import BlendSettings
from hansol_assets.scoring.evaluate import ScoreSettings
from hansol_assets.settings_model import SettingsModel, SettingsPath

REVIEW_CSV = "review_csv"
RAW_FILES = {asset: f"{stem}.csv" for asset, stem in STEMS.items()} | {REVIEW_CSV: "review.csv"}
"""External asset name → the usual name of its file inside the raw folder."""

ENVIRONMENT_PREFIX = "HANSOL_"
TEST_PREFIX = "HANSOL_TEST_"
"""Variables that only the project's own tests read."""
DEFAULT_PROFILE = "tiny"
NEAREST_KEY_CUTOFF = 0.6


class ProfileSource(PydanticBaseSettingsSource):
    """Gives pydantic-settings the values of the profile that the other sources picked."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Is not used: the source gives all its values at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Reads the picked profile."""
        return read_profile(profile_path(self.current_state.get("profile", DEFAULT_PROFILE)))


FRESH_HOURS = 30
"""After which an asset that no run looked at is not fresh; the nightly one looks at all."""


class AutomationSettings(SettingsModel):
    """What runs by itself under the web UI's daemon."""

    enabled: bool = Field(True, description="Whether sensors and schedule run from the start")
    interval_seconds: int = Field(15, ge=1, description="Seconds between looks at the raw files")
    nightly_cron: str = Field("0 3 * * *", description="When the nightly refresh runs, as cron")
    timezone: str = Field("Asia/Seoul", description="Time zone of the nightly refresh")

    @property
    def status(self) -> str:
        """The name of Dagster's default status."""
        return "RUNNING" if self.enabled else "STOPPED"


class Settings(BaseSettings):
    """Every setting of a run."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    profile: str = Field(DEFAULT_PROFILE, description="Profile name, or path to a YAML file")
    description: str = Field("", description="What the profile is for, in one sentence")
    raw_dir: SettingsPath | None = Field(
        None,
        description="Folder with the table (train.*), the questions (test.*) and the template "
        "(sample_submission.*); by default the lake's raw/ folder if it holds anything, else "
        "the sample",
    )
    lake_dir: SettingsPath = Field(Path("data_lake"), description="Where everything produced goes")
    object_store: str | None = Field(
        None,
        pattern=URL_PATTERN,
        description="S3-compatible object store, `s3://bucket/prefix`, in which artifacts are "
        "copied and the retrieval index is kept; null keeps everything in `lake_dir`. Endpoint, "
        "region and credentials come from the usual `AWS_…` variables",
    )

    final_fit: bool = Field(
        False,
        description="Once validation is done, train the adapter that answers the test questions "
        "anew on all rows",
    )

    rotation: int | None = Field(
        None,
        ge=0,
        description="Cross-validation: validate on the folds from this one on, with results that "
        "are live apart from the profile's own",
    )

    compute: Kind = Field(
        "local",
        description="where training, generation and embedding run: in this process, or on the Ray "
        "cluster that RAY_ADDRESS names (without it, one that is started on this machine)",
    )
    cluster: ClusterSettings = ClusterSettings()

    table: TableSettings = TableSettings()
    folds: FoldSettings = FoldSettings()
    pairing: PairingSettings = PairingSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    retriever: RetrieverSettings = RetrieverSettings()
    retrieval: IndexSettings = IndexSettings()
    prompt: PromptSettings = PromptSettings()
    base_model: BaseModelSettings = BaseModelSettings()
    training: TrainingSettings = TrainingSettings()
    generation: GenerationSettings = GenerationSettings()
    candidates: CandidateSettings = CandidateSettings()
    blend: BlendSettings = BlendSettings()
    verdicts: VerdictSettings = VerdictSettings()
    quality: AnswerQualitySettings = AnswerQualitySettings()
    scores: ScoreSettings = ScoreSettings()
    submission: SubmissionSettings = SubmissionSettings()
    automation: Annotated[AutomationSettings, NoDecode] = AutomationSettings()

    @model_validator(mode="before")
    @classmethod
    def _rotated(cls, values: Any) -> Any:
        """Lets a rotation choose the validation folds."""
        rotation = values.get("rotation") if isinstance(values, dict) else None
        if rotation is None:
            return values
        return merged(values, {"folds": {"validation_fold": rotation}})

    @field_validator("automation", mode="before")
    @classmethod
    def _on_or_off(cls, value: Any) -> Any:
        """Reads `HANSOL_AUTOMATION=off`."""
        switches = {"on": True, "off": False}
        if isinstance(value, str) and value.lower() in switches:
            return {"enabled": switches[value.lower()]}
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Orders the sources: launchpad or caller, environment, profile file."""
        return init_settings, env_settings, ProfileSource(settings_cls)

    @property
    def adapter(self) -> AdapterSettings:
        """What an adapter depends on."""
        return AdapterSettings(training=self.training, loading=self.base_model.loading)

    @property
    def examples(self) -> ExampleSettings:
        """What an adapter's examples depend on."""
        return ExampleSettings(
            pairing=self.pairing,
            prompt=self.prompt,
            max_examples=self.training.max_examples,
            max_held_out=self.training.max_held_out,
            known_share=self.training.known_share,
            seed=self.training.seed,
        )

    @property
    def candidate_inputs(self) -> CandidateInputs:
        """What candidates depend on."""
        return CandidateInputs(
            prompt=self.prompt, generation=self.generation, loading=self.base_model.loading
        )

    @property
    def judge(self) -> EmbedderSettings:
        """The embedder that scores."""
        return self.scores.judge or self.embedder

    @property
    def profile_name(self) -> str:
        """The profile's short name: a file's stem where it was given by path."""
        return Path(self.profile).stem

    @property
    def live_name(self) -> str:
        """Under which results are live: a rotation of the folds keeps apart from the profile."""
        if self.rotation is None:
            return self.profile_name
        return f"{self.profile_name}+rotation-{self.rotation}"

    @property
    def raw_files(self) -> dict[str, Path]:
        """External asset name → the file behind it; only those that there are, and the table's.

        Raises:
            InputError: It is not clear which file is the table.
        """
        files = raw_files(self.raw_folder, self.table)
        reviewed = {REVIEW_CSV: self.review_file} if self.review_file.is_file() else {}
        return files | reviewed

    def notes_on_files(self) -> list[str]:
        """What a person should know of the raw folder: that it is the sample, or what is left."""
        if self.raw_folder == SAMPLE_DIRECTORY and self.raw_dir is None:
            return [f"nothing lies in {self.lake_dir / 'raw'}, so the sample is read"]
        unused = unused_files(self.raw_folder, self.raw_files.values())
        return [f"not used of {self.raw_folder}: {', '.join(unused)}"] if unused else []

    @property
    def review_file(self) -> Path:
        """Where doubtful questions are written, and a person's answers to them are read."""
        return self.lake_dir / RAW_FILES[REVIEW_CSV]

    @property
    def raw_folder(self) -> Path:
        """The folder of the raw files: the sample's, where there is none of a person's."""
        if self.raw_dir is not None:
            return as_spelt(self.raw_dir)
        raw = self.lake_dir / "raw"
        return raw if holds_anything(raw) else SAMPLE_DIRECTORY


SAMPLE_DIRECTORY = Path(__file__).parent / "sample"


def _meant(name: str, valid: list[str]) -> str | None:
    """The whole name that was meant: the likest of the same section, or the same one elsewhere."""
    section, dot, key = name.rpartition(".")
    close = difflib.get_close_matches(key, valid, n=1, cutoff=NEAREST_KEY_CUTOFF)
    if close:
        return f"{section}{dot}{close[0]}"
    elsewhere = [path for path in _dotted(Settings) if path.endswith(f".{key}")]
    return min(elsewhere, key=lambda path: path.count("."), default=None)


def _dotted(model: Any, *section: str) -> Iterator[str]:
    """Every setting by its whole name."""
    for name, field in model.model_fields.items():
        yield ".".join((*section, name))
        if hasattr(field.annotation, "model_fields"):
            yield from _dotted(field.annotation, *section, name)


def _valid_keys(location: tuple[int | str, ...]) -> list[str]:
    fields = Settings.model_fields
    for part in location[:-1]:
        section = fields[str(part)].annotation
        fields = getattr(section, "model_fields", {})
    return sorted(fields)


def _problems(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        where = ".".join(map(str, item["loc"]))
        if item["type"] == "extra_forbidden":
            valid = _valid_keys(item["loc"])
            meant, section = _meant(where, valid), where.rpartition(".")[0]
            listed = f"valid{f' in {section}' if section else ''}: {', '.join(valid)}"
            hint = f"did you mean '{meant}'?" if meant else listed
            yield f"unknown setting '{where}'; {hint}"
        else:
            yield f"setting '{where}' = {item['input']!r}: {item['msg']}"


def _check_environment(environment: Mapping[str, str]) -> None:
    """Refuses a misspelt `HANSOL_…` variable, which pydantic-settings would pass over.

    And one that ends as a line of a Windows file does, which no message would show.
    """
    valid = sorted(Settings.model_fields)
    for variable, value in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable.startswith(TEST_PREFIX):
            continue
        if "\r" in value:
            raise ProfileError(
                f"environment variable {variable} holds a carriage return (CR): the file that sets "
                "it has Windows line ends. Save it with Unix ones (LF)."
            )
        field, *below = variable.removeprefix(ENVIRONMENT_PREFIX).split("__")
        if field.lower() in valid:
            continue
        meant = _meant(field.lower(), valid)
        if meant is None:
            hint = f"valid: {', '.join(map(_variable, valid))}"
        else:
            hint = f"did you mean {'__'.join([_variable(meant), *below])}?"
        raise ProfileError(f"environment variable {variable} names no setting; {hint}")


def _variable(path: str) -> str:
    """The environment variable of a setting."""
    return f"{ENVIRONMENT_PREFIX}{path.replace('.', '__').upper()}"


def load_settings(**values: Any) -> Settings:
    """Reads the settings: given values over the environment over the profile.

    Raises:
        ProfileError: A value is unknown or wrong; the message names it and the nearest valid one.
    """
    _check_environment(os.environ)
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = "\n  ".join(_problems(error))
        raise ProfileError(f"the settings cannot be used:\n  {problems}") from error


def require_fitting_template(settings: Settings) -> None:
    """Refuses a template that the submission would not fit, before anything is trained.

    Raises:
        UnfitTemplateError: The template has another width, or rows of other questions.
        ContractError: A file cannot be read.
    """
    files = settings.raw_files
    if "submission_template" not in files or "test_csv" not in files:
        return
    template = read_template(files["submission_template"])
    ids = read_test(files["test_csv"], settings.table).frame["id"].tolist()
    require_fitting(template, ids, settings.embedder.dimensions)
