"""What reaches site-packages: all of eqchip, under that one name, from every way of installing it."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

FOLDERS = ("cli", "devices", "netlists", "simulator")
GENERIC = {*FOLDERS, "src", "tests", "benchmarks", "verification", "docs"}


@pytest.fixture(scope="session")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


def _python_folders(repository: Path) -> set[str]:
    found = {"eqchip"}
    for top in FOLDERS:
        for marker in (repository / top).rglob("__init__.py"):
            found.add(".".join(("eqchip", *marker.parent.relative_to(repository).parts)))
    return found


def test_the_list_of_packages_is_the_folders(repository: Path, project: dict[str, Any]) -> None:
    listed = project["tool"]["setuptools"]["packages"]
    assert len(listed) == len(set(listed))
    assert set(listed) == _python_folders(repository)


def test_no_module_lies_in_a_folder_without_init(repository: Path) -> None:
    orphans = {
        module.parent.relative_to(repository)
        for top in FOLDERS
        for module in (repository / top).rglob("*.py")
        if not (module.parent / "__init__.py").exists()
    }
    assert orphans == set()


def test_every_data_file_is_packaged(repository: Path, project: dict[str, Any]) -> None:
    patterns = project["tool"]["setuptools"]["package-data"]
    packaged = {
        path
        for package, globs in patterns.items()
        for glob in globs
        for path in _folder(repository, package).glob(glob)
    }
    generated = {".py", ".pyc", ".nbi", ".nbc"}
    there = {
        path
        for top in FOLDERS
        for path in (repository / top).rglob("*")
        if path.is_file() and path.suffix not in generated
    }
    assert there - packaged == set()


def _folder(repository: Path, package: str) -> Path:
    parts = package.split(".")[1:]
    return repository.joinpath(*parts) if parts else repository / "src" / "eqchip"


def test_every_family_of_devices_is_forbidden_to_the_solvers(
    repository: Path, project: dict[str, Any]
) -> None:
    families = {f"eqchip.devices.{p.parent.name}" for p in (repository / "devices").glob("*/__init__.py")}
    contract = next(c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "forbidden")
    assert families <= set(contract["forbidden_modules"])


def test_the_links_lead_to_the_folders(repository: Path) -> None:
    links = {name: repository / "src" / "eqchip" / name for name in FOLDERS}
    if not all(link.is_symlink() for link in links.values()):
        pytest.skip("a checkout without symbolic links")
    assert {name: os.readlink(link) for name, link in links.items()} == {n: f"../../{n}" for n in FOLDERS}


def test_every_dependency_is_pinned(repository: Path, project: dict[str, Any]) -> None:
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    assert all("==" in line for line in lines), "names and versions only"
    extras = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *(item for extra in extras for item in extra)]
    names = {item.partition(">")[0].lower() for item in wanted if not item.startswith("eqchip[")}
    assert names <= pinned


# -- building and installing


def _run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _copy_without_links(repository: Path, target: Path) -> Path:
    """The tracked shape of the project as a zip archive of the repository has it: no symbolic links."""
    target.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repository / name, target)
    for name in FOLDERS:
        shutil.copytree(
            repository / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.nb?")
        )
    source = target / "src" / "eqchip"
    source.mkdir(parents=True)
    for path in (repository / "src" / "eqchip").iterdir():
        if path.is_file():
            shutil.copy(path, source)
        elif path.is_symlink():
            (source / path.name).write_text(os.readlink(path))  # what an unlinked checkout leaves there
    return target


@pytest.fixture(scope="session")
def archives(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An sdist of the checkout, and a wheel made from that sdist, as a release makes them."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("archives")
    # From a copy, so that parallel work in the checkout is neither disturbed nor half seen.
    checkout = _copy_without_links(repository, folder / "checkout")
    for name in FOLDERS:
        (checkout / "src" / "eqchip" / name).unlink()
        (checkout / "src" / "eqchip" / name).symlink_to(f"../../{name}")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout, cwd=folder)
    return {"sdist": next(folder.glob("*.tar.gz")), "wheel": next(folder.glob("*.whl"))}


def _install(source: Path, target: Path) -> Path:
    _run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--disable-pip-version-check", "--target", target, source),
        cwd=target.parent,
    )
    return target


PROBE = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
names = [importlib.import_module(name).__file__ for name in json.loads(sys.argv[2])]
from importlib.resources import files
chips = files("eqchip.netlists") / "chips"
print(json.dumps([names, sorted(p.name for p in chips.iterdir()) if chips.is_dir() else []]))
"""


def _assert_whole(target: Path, repository: Path) -> None:
    """Every package imports from `target`, the shipped chips are there, nothing generic is."""
    packages = sorted(_python_folders(repository))
    out = _run(sys.executable, "-I", "-c", PROBE, target, json.dumps(packages), cwd=target)
    files, chips = json.loads(out)
    assert all(Path(file).is_relative_to(target) for file in files)
    assert chips == sorted(p.name for p in (repository / "netlists" / "chips").glob("*.cir"))
    assert (target / "eqchip" / "py.typed").exists()
    assert GENERIC & {path.name for path in target.iterdir()} == set()


def test_the_wheel_installs_whole_and_nothing_generic(
    archives: dict[str, Path], repository: Path, tmp_path: Path
) -> None:
    names = zipfile.ZipFile(archives["wheel"]).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"eqchip"}
    _assert_whole(_install(archives["wheel"], tmp_path / "site"), repository)


def test_the_sdist_needs_no_symbolic_links(
    archives: dict[str, Path], repository: Path, tmp_path: Path
) -> None:
    with tarfile.open(archives["sdist"]) as archive:
        assert [member.name for member in archive if member.issym() or member.islnk()] == []
    _assert_whole(_install(archives["sdist"], tmp_path / "site"), repository)


def test_an_archive_of_the_repository_without_links_installs(repository: Path, tmp_path: Path) -> None:
    checkout = _copy_without_links(repository, tmp_path / "zip")
    _assert_whole(_install(checkout, tmp_path / "site"), repository)
