"""What can be wrong with the lake, said to the person who can mend it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hansol_assets.commands import REFRESH
from hansol_assets.errors import UserError


class LakeError(UserError):
    """The base of every error about what is, or is not, in the lake."""


@contextmanager
def explained(explain: Callable[[Exception], LakeError | None]) -> Iterator[None]:
    """Turns errors into those for a person, where a function knows one; others pass unchanged."""
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        for_person = explain(error)
        if for_person is None:
            raise
        raise for_person from error


class MissingInputError(LakeError):
    """An asset was asked for before what it is made from."""

    def __init__(self, asset: str, profile: str, root: Path, target: str | None = None) -> None:
        what = "it and all that it needs" if target is None else f"all that '{target}' needs"
        super().__init__(
            f"'{asset}' is not in the lake {root} for profile '{profile}'. Make {what} with: "
            f"{REFRESH}"
        )
        self._missing = (asset, profile, root)

    def for_making(self, target: str) -> "MissingInputError":
        """Returns the error of an asset that cannot be made without this one."""
        return MissingInputError(*self._missing, target)


class MissingSourceError(LakeError):
    """A raw file is not where the settings say."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is missing. Put the three CSV files into one folder and name it with "
            "HANSOL_RAW_DIR."
        )


class NotAnInputError(LakeError):
    """A result was asked for an input that it does not have."""

    def __init__(self, asset: str, of: str) -> None:
        super().__init__(f"'{of}' was not made from '{asset}', or what it was made from is gone.")


class MixedVersionsError(LakeError):
    """A result and one of its inputs, of another version, would be read together."""

    def __init__(self, asset: str, of: str) -> None:
        super().__init__(
            f"'{asset}' was made from another version of '{of}' than the one that is live, so they "
            "cannot be used together. Make all that is out of date with: hansol refresh"
        )


class CorruptArtifactError(LakeError):
    """Stored bytes are not the bytes that were written."""

    def __init__(self, path: Path, problem: str, set_aside: Path) -> None:
        super().__init__(
            f"{path} is damaged: {problem}. It was set aside as {set_aside}; nothing loads it. "
            "Run again: it is rebuilt from its inputs."
        )


class NotAFolderError(LakeError):
    """A file stands where the lake should be."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"the lake {root} is not a folder. Name another one with HANSOL_LAKE_DIR, or move the "
            "file away."
        )


class UnusablePathError(LakeError):
    """A folder's name that DuckDB reads otherwise."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"the lake {root} has a ? in its path, behind which DuckDB looks for options, and "
            "would write into another folder. Nothing was written. Name another one with "
            "HANSOL_LAKE_DIR."
        )


class NewerLakeError(LakeError):
    """The lake was written by a version of this project that lays it out differently."""

    def __init__(self, root: Path, lake_format: str, newest: int) -> None:
        super().__init__(
            f"the lake {root} has format {lake_format}, and this version reads up to {newest}. "
            "Nothing was touched. Update hansol-assets, or name another folder with "
            "HANSOL_LAKE_DIR."
        )


class BusyLakeError(LakeError):
    """Another process keeps the warehouse open."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"{path} is held by another process: {holder}. Close what has it open (a DuckDB shell, "
            "a notebook), or wait until its run ends, and run again: finished steps are kept."
        )


class DiskError(LakeError):
    """The disk did not take, or did not give, what it was asked for."""

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        super().__init__(
            f"{path}: {problem}. What was there before is as it was. {remedy}, and run again: "
            "finished steps are kept."
        )


class InputChangedError(LakeError):
    """A raw file changed between being named and being read."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} changed while it was being read; the tables are as they were. "
            "Run again when the file is complete."
        )


class ObjectStoreError(LakeError):
    """The object store did not take, or did not give, what it was asked for."""

    def __init__(self, url: str, problem: str, remedy: str) -> None:
        super().__init__(
            f"{url}: {problem}. What the lake's folder holds is as it was, with every finished "
            f"step. {remedy}, and run again: what is not in the store yet is uploaded then."
        )


class UnreachableStoreError(ObjectStoreError):
    """The object store gives no answer."""

    passes = True

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            "the object store cannot be reached, or does not answer in time",
            "Look at the network and at AWS_ENDPOINT_URL",
        )


class MissingClientError(LakeError):
    """The library that speaks to object stores is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "HANSOL_OBJECT_STORE needs a package that is not installed. Get it with: "
            "pip install 'hansol-assets[s3]'"
        )


class MisplacedIndexError(LakeError):
    """An index lies in another database than the one that the settings name."""

    def __init__(self, asset: str, uri: str) -> None:
        super().__init__(
            f"the LanceDB table of '{asset}' is not in {uri}, where the settings look for it: it "
            "was written with another HANSOL_OBJECT_STORE, or with none. Nothing was touched. Set "
            f"that variable as it was, or make the index there with: {REFRESH}"
        )
