"""Every stage lists the modules it runs as deps, and imports follow the arrows of the design."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

from aurora_gradcam.config import Params

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
PACKAGE = "aurora_gradcam"
ALONG_THE_DATA = (
    "simulation",
    "preprocessing",
    "acquisition",
    "training",
    "pretraining",
    "inference",
    "coupling",
    "gradcam",
    "drawing",
    "report",
    "export",
    "labelling",
    "prediction",
    "camera",
    "watch",
    "season",
)
BESIDE_THEM = {"", "config", "corpus", "tables", "web"}
PLUMBING = {
    "cluster.py",
    "errors.py",
    "files.py",
    "logs.py",
    "memory.py",
    "parallel.py",
    "processes.py",
    "progress.py",
    "stage.py",
    "training/vision.py",
}
"""Modules that must not change a value, so that no stage depends on them.

This is the whole contract. They may decide how work runs (in how many processes, on which machines, with how much
memory, showing what progress), what is logged, how a file gets its name, and how an error reads, but never what stands
in an output: tests/root/test_plumbing.py. `training/vision.py` makes torchvision importable, and nothing else. The
package config is left out for another reason: params.yaml holds every value that it can give
(tests/root/test_config.py), and each stage lists its sections.
"""


def file_of(module: str, source: Path) -> Path | None:
    base = source.joinpath(*module.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def imported_names(path: Path, source: Path) -> Iterable[str]:
    """Dotted names that a file imports, anywhere in it; `from x import y` gives `x.y`."""
    folder = path.relative_to(source).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else ()
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def direct_imports(path: Path, source: Path, package: str = PACKAGE) -> set[Path]:
    """Files of the package that a file imports. A package's __init__ counts where a name is taken from it or it has
    imports of its own."""
    found = set()
    for name in imported_names(path, source):
        parts = name.split(".")
        if parts[0] != package:
            continue
        for length in range(1, len(parts) + 1):
            module = file_of(".".join(parts[:length]), source)
            if module is None:  # the last part is a name inside the module before it
                found.add(file_of(".".join(parts[: length - 1]), source))
            elif module.name != "__init__.py" or list(imported_names(module, source)):
                found.add(module)
    return found


def reached(starts: set[Path], source: Path, package: str = PACKAGE) -> set[Path]:
    """The files themselves and all that they import, directly or through others that are not exempt."""
    found, waiting = set(), set(starts)
    while waiting:
        path = waiting.pop()
        found.add(path)
        if not is_exempt(path):
            waiting |= direct_imports(path, source, package) - found
    return found


def stages() -> dict[str, dict]:
    """The stages of dvc.yaml with the values of its `vars` put in."""
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    for values in yaml.safe_load(text).get("vars", []):
        if isinstance(values, dict):
            for name, value in values.items():
                text = text.replace(f"${{{name}}}", str(value))
    return {name: stage.get("do", stage) for name, stage in yaml.safe_load(text)["stages"].items()}


def run_by(stage: dict) -> set[Path]:
    """The modules that a stage's command runs, as files."""
    commands = " ".join([stage["cmd"]] if isinstance(stage["cmd"], str) else stage["cmd"])
    modules = re.findall(rf"-m ({PACKAGE}[\w.]*)", commands)
    files = {module: file_of(module, SOURCE) for module in modules}
    assert None not in files.values(), f"no such module: {[module for module, path in files.items() if path is None]}"
    return set(files.values())


def code_deps(stage: dict) -> set[Path]:
    return {ROOT / dep for dep in stage.get("deps", []) if isinstance(dep, str) and dep.startswith(f"src/{PACKAGE}")}


def is_exempt(path: Path) -> bool:
    """Whether a module can change no result that its stage's params do not tell."""
    if SOURCE / PACKAGE not in path.parents:
        return False
    inside = path.relative_to(SOURCE / PACKAGE)
    return str(inside) in PLUMBING or inside.parts[0] == "config"


def dep_faults(name: str, needed: set[Path], listed: set[Path]) -> list[str]:
    """What a stage's list of modules lacks and what it has for nothing; a listed folder covers all in it."""

    def covers(dep: Path, path: Path) -> bool:
        return dep == path or dep in path.parents

    missing = [path for path in sorted(needed) if not any(covers(dep, path) for dep in listed)]
    code = (dep for dep in sorted(listed) if dep.suffix in ("", ".py"))
    idle = [dep for dep in code if not any(covers(dep, path) for path in needed)]
    return [f"{name}: {path.name} ({path}) is imported and no dep" for path in missing] + [
        f"{name}: {path.name} ({path}) is a dep and not imported" for path in idle
    ]


@pytest.mark.parametrize("name", stages())
def test_a_stage_lists_the_modules_it_imports_and_no_others(name):
    stage = stages()[name]
    started = run_by(stage)
    assert started, f"{name}: its command runs no module of {PACKAGE}"
    faults = dep_faults(name, {path for path in reached(started, SOURCE) if not is_exempt(path)}, code_deps(stage))
    if faults:
        pytest.fail("\n".join(fault.replace(f"{ROOT}/", "") for fault in faults), pytrace=False)


def sections_read(path: Path) -> set[str]:
    """Sections `x` in `params.x`, where `params` is annotated as Params in a signature."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    arguments = [node for node in nodes if isinstance(node, ast.arg) and node.annotation is not None]
    whole = {arg.arg for arg in arguments if ast.unparse(arg.annotation).rpartition(".")[2] == "Params"}
    attributes = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return {node.attr for node in attributes if node.value.id in whole} & set(Params.model_fields)


def sections_listed(stage: dict) -> set[str]:
    """Sections that a stage's params name, in whole or in part; all of them where the file itself is a dep."""
    if "params.yaml" in stage.get("deps", []):
        return set(Params.model_fields)
    listed = []
    for entry in stage.get("params", []):
        by_file = entry if isinstance(entry, dict) else {"params.yaml": [entry]}
        for keys in by_file.values():
            listed += keys or Params.model_fields  # a file without keys stands for all of it
    return {key.partition(".")[0] for key in listed}


@pytest.mark.parametrize("name", stages())
def test_a_stage_lists_the_sections_of_params_it_reads(name):
    stage = stages()[name]
    read = {section for path in reached(run_by(stage), SOURCE) for section in sections_read(path)}
    lacking = sorted(read - sections_listed(stage))
    if lacking:
        pytest.fail(f"{name}: reads {lacking}, which its params do not list", pytrace=False)


def test_all_plumbing_is_there():
    assert {name for name in PLUMBING if (SOURCE / PACKAGE / name).is_file()} == PLUMBING


def test_plumbing_uses_nothing_that_could_change_a_value():
    plumbing = [SOURCE / PACKAGE / name for name in PLUMBING]
    used = {(path.name, module) for path in plumbing for module in direct_imports(path, SOURCE)}
    assert not {(name, module) for name, module in used if not is_exempt(module) and module.name != "__init__.py"}


def test_a_stage_lists_nothing_that_is_exempt():
    listed = {dep for stage in stages().values() for dep in code_deps(stage)}
    assert not {dep for dep in listed if is_exempt(dep)}


def test_no_module_imports_the_command_line():
    command_line = SOURCE / PACKAGE / "cli.py"
    guilty = [
        p for p in (SOURCE / PACKAGE).rglob("*.py") if p != command_line and command_line in direct_imports(p, SOURCE)
    ]
    assert not guilty


def room(path: Path) -> str:
    """The package a file lies in; empty for the modules at the root."""
    parts = path.relative_to(SOURCE / PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def test_packages_use_each_other_only_forward_along_the_data():
    backward = []
    for path in (SOURCE / PACKAGE).rglob("*.py"):
        own = room(path)
        if own not in ALONG_THE_DATA:
            continue
        allowed = {*BESIDE_THEM, *ALONG_THE_DATA[: ALONG_THE_DATA.index(own) + 1]}
        backward += [f"{path} imports {used}" for used in direct_imports(path, SOURCE) if room(used) not in allowed]
    assert not backward, "\n".join(backward)


def test_modules_at_the_root_use_the_ground_floor_alone_but_for_the_command_line():
    root = [path for path in (SOURCE / PACKAGE).glob("*.py") if path.name != "cli.py"]
    ground = {"", "config", "tables"}
    assert root
    assert not [
        f"{path.name} imports {used}"
        for path in root
        for used in direct_imports(path, SOURCE)
        if room(used) not in ground
    ]


def test_no_modules_import_each_other_in_a_circle():
    # a package's own __init__ is loaded before each of its modules, and may gather their names
    modules = {
        path: direct_imports(path, SOURCE) - {path.parent / "__init__.py"} for path in (SOURCE / PACKAGE).rglob("*.py")
    }
    TopologicalSorter(modules).prepare()  # raises CycleError, which names the circle


@pytest.fixture
def small_package(tmp_path) -> Path:
    files = {
        "p/__init__.py": '"""Nothing."""\n__version__ = "1"\n',
        "p/deep.py": "",
        "p/lazy.py": "",
        "p/middle.py": "def f():\n    from .deep import g\n",
        "p/idle.py": "",
        "p/a/__init__.py": "",
        "p/a/stage.py": "import numpy.linalg\nimport p.lazy\nfrom .. import middle\nfrom . import near\n",
        "p/a/near.py": "from p.b.far import thing, other\n",
        "p/b/__init__.py": "from . import hidden\n",
        "p/b/far.py": "from .. import __version__\n",
        "p/b/hidden.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_walk_follows_relative_absolute_and_late_imports_and_init_files_that_do_something(small_package):
    found = reached({small_package / "p/a/stage.py"}, small_package, "p")
    names = {str(path.relative_to(small_package / "p")) for path in found}
    expected = {"a/stage.py", "a/near.py", "lazy.py", "middle.py", "deep.py", "b/far.py", "b/hidden.py"}
    assert names == expected | {"b/__init__.py", "__init__.py"}


def test_faults_name_the_stage_and_the_module_and_a_folder_covers_what_lies_inside():
    package = SOURCE / PACKAGE
    needed = {package / "images.py", package / "training/network.py"}
    assert dep_faults("train", needed, {package / "images.py", package / "training"}) == []
    missing, idle = dep_faults("train", needed, {package / "training/network.py", package / "archive.py"})
    assert missing.startswith("train: images.py") and missing.endswith("imported and no dep")
    assert idle.startswith("train: archive.py") and idle.endswith("a dep and not imported")


def test_sections_read_are_seen_through_the_annotation_and_sections_listed_by_their_keys(tmp_path):
    path = tmp_path / "stage.py"
    path.write_text(
        "def run(params: config.Params, other: int):\n    params.train.batch_size\n    params.seed\n    other.report\n"
    )
    assert sections_read(path) == {"train", "seed"}
    assert sections_listed({"params": ["site.timezone", {"params.yaml": ["seed"]}]}) == {"site", "seed"}
    for stage in ({"deps": ["params.yaml"]}, {"params": [{"params.yaml": None}]}):
        assert sections_listed(stage) == set(Params.model_fields)
