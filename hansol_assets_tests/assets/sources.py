"""What an asset's body reaches: code, definition by definition, files beside it, and libraries.

A snapshot of it says when a `code_version` is due: `make snapshot` agrees that none is.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import hansol_assets
from hansol_assets.assets.groups import declarations
from hansol_assets.lake.declaration import AssetDeclaration
from hansol_assets.lake.fingerprint import FINGERPRINT_LENGTH, file_hash, text_hash

SNAPSHOT = Path(__file__).parent / "sources_snapshot.json"
ROOT = Path(hansol_assets.__file__).parent
PACKAGE = hansol_assets.__name__

SHAPING_NOTHING = tuple(f"{PACKAGE}.{name}" for name in ("compute", "errors", "lake", "plotting"))
"""What carries results, draws them, or says what is wrong; tests hold that it changes none."""

Definition = tuple[str, str]
"""A module, and a name that it defines."""


@dataclass(frozen=True)
class Use:
    """A name as code uses it: `module` and `name` of where it comes from."""

    module: str
    name: str


class _Plain(ast.NodeTransformer):
    """Takes out what no result hangs on: docstrings, and what settings say of themselves."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST | None:
        return None if node.arg == "description" else self.generic_visit(node)


class Module:
    """A module of the package, as a tree."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tree = _Plain().visit(ast.parse(_path(name).read_text(encoding="utf-8")))
        self.imported = dict(_imports(self.tree.body))
        self.definitions: dict[str, list[ast.stmt]] = defaultdict(list)
        for statement in self.tree.body:
            for defined in _defined(statement):
                self.definitions[defined].append(statement)


def _path(module: str) -> Path:
    below = ROOT.joinpath(*module.split(".")[1:])
    return below / "__init__.py" if below.is_dir() else below.with_suffix(".py")


@cache
def _module(name: str) -> Module:
    return Module(name)


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = (node for target in targets for node in ast.walk(target))
        yield from (node.id for node in names if isinstance(node, ast.Name))


def _imports(statements: Iterable[ast.AST]) -> Iterator[tuple[str, Use]]:
    for statement in statements:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            for item in statement.names:
                yield item.asname or item.name, Use(statement.module, item.name)
        elif isinstance(statement, ast.Import):
            for item in statement.names:
                module = item.name if item.asname else item.name.partition(".")[0]
                yield item.asname or module, Use(module, "")


@dataclass(frozen=True)
class Reach:
    """What a body reaches.

    Attributes:
        definitions: Those that shape its result, its own among them.
        carriers: Those of `SHAPING_NOTHING`, as far as the others use them.
        libraries: Modules of other packages that the definitions import.
    """

    definitions: frozenset[Definition]
    carriers: frozenset[Definition]
    libraries: frozenset[str]


def reach(declaration: AssetDeclaration) -> Reach:
    return _reach((declaration.body.__module__, declaration.name))


@cache
def _reach(body: Definition) -> Reach:
    found, waiting = set[Definition](), {body}
    carriers, libraries = set[Definition](), set[str]()
    while waiting:
        definition = waiting.pop()
        found.add(definition)
        used, imported = _uses(definition)
        libraries |= imported
        carriers |= {own for own in used if own[0].startswith(SHAPING_NOTHING)}
        waiting |= used - carriers - found
    return Reach(frozenset(found), frozenset(carriers), frozenset(libraries))


@cache
def _uses(definition: Definition) -> tuple[frozenset[Definition], frozenset[str]]:
    """What a definition uses of the package, and the libraries that it imports."""
    module = _module(definition[0])
    uses = {use for own in module.definitions[definition[1]] for use in _names(module, own)}
    own = {_resolved(use) for use in uses if _is_own(use.module)}
    libraries = {use.module.partition(".")[0] for use in uses if not _is_own(use.module)}
    return frozenset(item for item in own if item), frozenset(libraries)


def _is_own(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def _resolved(use: Use) -> Definition | None:
    """Where a name of the package is defined, however it was handed on."""
    module = _module(use.module)
    if use.name in module.definitions:
        return (use.module, use.name)
    further = module.imported.get(use.name)
    return _resolved(further) if further and _is_own(further.module) else None


def _names(module: Module, statement: ast.stmt) -> Iterator[Use]:
    """Every name of the module or of an import that a statement uses."""
    # A library may be imported for what the import does.
    imported = dict(_imports(ast.walk(statement)))
    yield from imported.values()
    own = {name: Use(module.name, name) for name in module.definitions}
    known = {**module.imported, **own, **imported}
    for node in _free(_undecorated(statement), frozenset()):
        if isinstance(node, ast.Name):
            if node.id in known:
                yield known[node.id]
        elif isinstance(node.value, ast.Name) and (use := known.get(node.value.id)):
            whole = f"{use.module}.{use.name}"
            if _is_own(whole) and _path(whole).is_file():
                yield Use(whole, node.attr)


def _free(node: ast.AST, hidden: frozenset[str]) -> Iterator[ast.Name | ast.Attribute]:
    """Names and attributes below a node, but for what a function calls by names of its own."""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        hidden |= {own.arg for own in ast.walk(node.args) if isinstance(own, ast.arg)}
    if isinstance(node, ast.FunctionDef):
        stored = (own for own in ast.walk(node) if isinstance(own, ast.Name))
        hidden |= {own.id for own in stored if isinstance(own.ctx, ast.Store)}
    if isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id not in hidden):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _free(child, hidden)


def _undecorated(statement: ast.stmt) -> ast.stmt:
    """An asset without its decorator, which has its `code_version`."""
    if not isinstance(statement, ast.FunctionDef):
        return statement
    fields = dict(ast.iter_fields(statement))
    kept = [item for item in statement.decorator_list if not _declares(item)]
    return ast.FunctionDef(**{**fields, "decorator_list": kept})


def _declares(decorator: ast.expr) -> bool:
    names = {"lake_table", "lake_artifact"}
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in names


@cache
def _digest_of(definition: Definition) -> str:
    """Names the code of a definition, and the files of the package that it names."""
    module = _module(definition[0])
    statements = [_undecorated(own) for own in module.definitions[definition[1]]]
    nodes = [node for own in statements for node in ast.walk(own)]
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    files = [path for word in words if isinstance(word, str) for path in _files(module, word)]
    code = [ast.dump(own) for own in statements]
    return _digest([*code, *(file_hash(path) for path in sorted(files))])


def _files(module: Module, word: str) -> Iterator[Path]:
    """The data of a folder beside a module."""
    folder = _path(module.name).parent / word
    if word.isidentifier() and folder.is_dir() and not (folder / "__init__.py").is_file():
        found = (path for path in folder.rglob("*") if path.is_file())
        yield from (path for path in found if path.suffix not in {".md", ".pyc"})


def _digest(texts: Iterable[str]) -> str:
    return text_hash("\n".join(texts))[:FINGERPRINT_LENGTH]


@dataclass(frozen=True)
class Sources:
    """What one asset is made with.

    Attributes:
        code_version: As the asset declares it.
        modules: Module → what names its definitions that the body reaches.
    """

    code_version: str
    modules: Mapping[str, str]

    @property
    def code(self) -> str:
        return _digest(self.modules.values())


def sources_of(declaration: AssetDeclaration) -> Sources:
    found = defaultdict(list)
    for definition in sorted(reach(declaration).definitions):
        found[definition[0]].append(f"{definition[1]} {_digest_of(definition)}")
    modules = {module: _digest(own) for module, own in sorted(found.items())}
    return Sources(declaration.code_version, modules)


def _digest_of_module(name: str) -> str:
    return _digest(_digest_of((name, own)) for own in sorted(_module(name).definitions))


def snapshot(of: Sequence[AssetDeclaration]) -> dict[str, dict[str, str]]:
    """Asset → what names its code, behind its `code_version`; module → what names its code."""
    made_with = {item.name: sources_of(item) for item in of}
    modules = sorted({name for own in made_with.values() for name in own.modules})
    return {
        "assets": {name: f"{own.code_version} {own.code}" for name, own in made_with.items()},
        "modules": {name: _digest_of_module(name) for name in modules},
    }


def changes(agreed: Mapping[str, Mapping[str, str]], of: Sequence[AssetDeclaration]) -> list[str]:
    """Says of each asset whose code is another than was agreed what is to be done."""
    now = snapshot(of)
    moved = {name for name, own in now["modules"].items() if agreed["modules"].get(name) != own}
    said = (_change(item, agreed["assets"].get(item.name), now, moved) for item in of)
    return [line for line in said if line]


def _change(
    declaration: AssetDeclaration,
    agreed: str | None,
    now: Mapping[str, Mapping[str, str]],
    moved: Collection[str],
) -> str | None:
    name = declaration.name
    if agreed == now["assets"][name]:
        return None
    version = declaration.code_version
    if agreed is None or agreed.split()[0] != version:
        return f"{name} is at code_version {version}: agree to it with make snapshot"
    among = sorted(moved & sources_of(declaration).modules.keys())
    return (
        f"{name} is still at code_version {version}, and code that it reaches is another, in "
        f"{', '.join(among)}. Raise its code_version if the same inputs may give another "
        "result; then make snapshot"
    )


def forget() -> None:
    """Reads all sources anew."""
    for remembered in (_module, _reach, _uses, _digest_of):
        remembered.cache_clear()


def agree() -> None:
    """Writes the snapshot."""
    SNAPSHOT.write_text(
        json.dumps(snapshot(list(declarations())), indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    agree()
