"""Bad profiles, settings and environment variables."""

from collections.abc import Iterator

from hansol_assets.settings import load_settings
from hansol_assets_tests.bad_input.place import BadInput, Place


def profile(what: str, text: str | bytes, *says: str, name: str = "mine.yaml") -> BadInput:
    def give(place: Place) -> None:
        path = place.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        load_settings(profile=str(path))

    return BadInput(f"profile: {what}", give, says)


def setting(what: str, values: dict[str, object], *says: str) -> BadInput:
    return BadInput(f"setting: {what}", lambda _: load_settings(**values), says)


PROFILES = [
    profile("a number as a word", "generation: {batch_size: viele}", "generation.batch_size"),
    profile("a list for a number", "training: {max_steps: [1]}", "'training.max_steps' = [1]"),
    profile("a fraction for a whole", "generation: {samples: 1.5}", "'generation.samples' = 1.5"),
    profile(
        "a negative value", "candidates: {block: -3}", "'candidates.block' = -3", "or equal to"
    ),
    profile("zero where one is needed", "prompt: {context_rows: -1}", "'prompt.context_rows' = -1"),
    profile(
        "a share above one", "folds: {stock_share: 2}", "'folds.stock_share' = 2", "equal to 1"
    ),
    profile("not a number", "training: {learning_rate: .nan}", "'training.learning_rate' = nan"),
    profile("an unknown choice", "submission: {strategy: best}", "'text', 'consensus' or 'blend'"),
    profile("a misspelt section", "retreival: {}", "'retreival'; did you mean 'retrieval'?"),
    profile(
        "a misspelt key",
        "generation: {sample: 5}",
        "unknown setting 'generation.sample'; did you mean 'generation.samples'?",
    ),
    profile("a section that is a value", "folds: 5", "setting 'folds' = 5"),
    profile("two faults", "folds: {count: 0}\nwrong: 1", "'folds.count' = 0", "setting 'wrong'"),
    profile("a tab in YAML", "folds:\n\tcount: 5", "is not valid YAML", "mine.yaml"),
    profile("an object of Python", "folds: !!python/object/apply:os.getcwd []", "not valid YAML"),
    profile("not UTF-8", "description: 벽지".encode("cp949"), "mine.yaml", "UTF-8"),
    profile(
        "a name that leaves the lake",
        "{}",
        "cannot be named '..': the name becomes a folder of the lake. Use letters, digits",
        name="...yaml",
    ),
    profile("a parent that is not there", "extends: ../nowhere.yaml", "'../nowhere.yaml' does not"),
    setting("a profile that is a folder", {"profile": "/"}, "profile '/' cannot be named ''"),
    setting("a profile out of the folder", {"profile": "../tiny"}, "'../tiny' does not exist"),
    setting("a profile without a name", {"profile": ""}, "profile '' does not exist"),
]


def bad_profiles() -> Iterator[BadInput]:
    yield from PROFILES
