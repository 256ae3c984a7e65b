"""What a user's own mechanism is made of: hashed as source, never imported, so that no framework is loaded."""

import ast
import hashlib
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from attnbench.checks import suggestion

_INSTALLED = ("site-packages", "dist-packages")
_PACKAGE = Path(__file__).parents[1]
_ANY_NAME = "*"


def source_digest(target: str) -> str:
    """sha256 over the module of `target`, as `my_module.MyAttention`, and what it imports beside it, directly or not.

    Raises:
        ValueError: there is no such module, nothing of that name in it, or a file of it is not valid Python.
    """
    module, _, name = target.rpartition(".")
    path = _source(module) if module else None
    if path is None:
        raise ValueError(
            f"No module for attention.target {target!r}. Expected MODULE.CLASS, where MODULE can be imported "
            f"from {Path.cwd()} or is installed."
        )
    names = _bound_names(path)
    if name not in names and _ANY_NAME not in names:
        raise ValueError(f"attention.target {target!r}: {path.name} defines no {name!r}.{suggestion(name, names)}")
    digest = hashlib.sha256()
    for source in _with_neighbours(path, module):
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def _source(module: str) -> Path | None:
    """The file of a module, found without importing the packages that hold it."""
    search: list[str] | None = None
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for depth in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: depth + 1]), search if depth else ["", *sys.path])
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or [])
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin).resolve()


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        line = f"{path}, line {error.lineno}" if error.lineno else str(path)
        raise ValueError(f"{line} is not valid Python ({error.msg}). Fix it: attention.target needs it.") from error


def _bound_names(path: Path) -> list[str]:
    """What a module may hold, bound at its top level or inside if, try and the like; `*` where it imports all."""
    names: list[str] = []
    waiting: list[ast.AST] = [_parse(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        else:
            waiting += ast.iter_child_nodes(node)
    return names


def _with_neighbours(path: Path, module: str) -> list[Path]:
    """`path` and the user's own files that it imports, directly or not, in the order of their names."""
    root = path.parents[module.count(".") + (path.name == "__init__.py")]
    scope = root / module.split(".")[0] if root.name in _INSTALLED else root
    files, waiting = {path}, [path]
    while waiting:
        importer = waiting.pop()
        for file in _imported_files(importer, (importer.parent, root)):
            if file not in files and file.is_relative_to(scope) and _PACKAGE not in file.parents:
                files.add(file)
                waiting.append(file)
    return sorted(files)


def _imported_files(importer: Path, folders: Iterable[Path]) -> list[Path]:
    modules: list[str] = []
    for node in ast.walk(_parse(importer)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            modules += [base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)]
    stems = [folder.joinpath(*module.split(".")) for module in modules if module for folder in folders]
    files = [file for stem in stems for file in (stem.with_suffix(".py"), stem / "__init__.py")]
    return [file for file in files if file.is_file()]
