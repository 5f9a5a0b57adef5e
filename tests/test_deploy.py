"""What is written for whoever runs a service names commands, options, variables and figures that there are.

Containers cannot be built here; nginx and systemd are asked where they are installed.
"""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from typer import Context
from typer.core import TyperCommand
from typer.core import TyperGroup as Group
from typer.main import get_command

from api.metrics import Metrics
from preflight import cli_keys, cli_service, cli_split
from preflight.cli import app
from preflight.ledger.database import Database
from preflight.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("preflight", "extractors", "api")
"""Not beside the tests where these run against the built wheel."""
DEPLOY, DOCS = ROOT / "deploy", ROOT / "docs"
VENV = Path(sys.executable).parent


@pytest.fixture(scope="module")
def commands() -> Group:
    if not any(one.name == "keys" for one in app.registered_groups):
        cli_split.register(app)
        cli_keys.register(app)
        cli_service.register(app)
    made = get_command(app)
    assert isinstance(made, Group)
    return made


def parses(commands: Group, words: list[str]) -> None:
    """Let the command line read its arguments, without doing what they say."""
    context = Context(commands)
    command = commands
    while isinstance(command, Group):
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
    command.make_context("preflight", list(words), parent=context)


def every_command(group: Group) -> list[TyperCommand | Group]:
    """The commands of a group, and of those in it."""
    found = [one for one in group.commands.values() if one is not None]
    return [*found, *(inner for one in found if isinstance(one, Group) for inner in every_command(one))]


def image() -> dict[str, list[str]]:
    """Instructions of the Dockerfile by name, lines put together."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        if name.isupper():
            found.setdefault(name, []).append(rest.strip())
    return found


def test_the_image_runs_a_command_that_there_is(commands: Group) -> None:
    found = image()

    assert json.loads(found["ENTRYPOINT"][0]) == ["preflight"]
    parses(commands, json.loads(found["CMD"][0]))
    assert found["USER"] == ["10001"], "by number, so that a cluster can tell that it is not root"
    for one in found["COPY"]:
        for source in one.split()[:-1]:
            known = source in PACKAGES or source.startswith(("--from", "/opt"))
            assert known or (ROOT / source).exists(), source
    assert all(f"{package} {package}" in found["COPY"] for package in PACKAGES)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (wanted,) = re.findall(r'"\.\[([\w,]+)\]"', found["RUN"][0])
    assert set(wanted.split(",")) <= set(extras)


def test_compose_runs_commands_that_there_are(commands: Group) -> None:
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))

    for name in ("service", "worker"):
        one = found["services"][name]
        parses(commands, one["command"])
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert (DEPLOY / one["build"]["context"] / one["build"]["dockerfile"]).is_file()
    published = found["services"]["service"]["ports"]
    assert published == ["127.0.0.1:8080:8080"], "to this machine alone, and not the port for figures"
    used = {volume.partition(":")[0] for one in found["services"].values() for volume in one["volumes"]}
    assert used == set(found["volumes"])


def test_the_unit_runs_a_command_that_there_is(commands: Group, tmp_path: Path) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    text = (DEPLOY / "upload-preflight.service").read_text(encoding="utf-8")
    parser.read_string(text)
    program, *words = shlex.split(parser["Service"]["ExecStart"])

    assert program == "/opt/preflight/bin/preflight"
    parses(commands, words)
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        pytest.skip("NO SYSTEMD: the unit was compared with the commands alone")
    unit = tmp_path / "upload-preflight.service"
    unit.write_text(text.replace(program, str(VENV / "preflight")), encoding="utf-8")
    run = subprocess.run([systemd, "verify", str(unit)], capture_output=True, check=False, text=True)
    assert "upload-preflight.service" not in run.stderr, run.stderr


def test_variables_are_ones_that_are_read(commands: Group) -> None:
    known = {f"PREFLIGHT_{one.name.upper()}" for one in fields(Settings)}
    known |= {str(one.envvar) for command in every_command(commands) for one in command.params if one.envvar}
    texts = [path.read_text(encoding="utf-8") for path in (*DEPLOY.iterdir(), DOCS / "deploy.md", DOCS / "api.md")]
    named = {name for text in texts for name in re.findall(r"\bPREFLIGHT_[A-Z_]+\b", text)}

    assert "PREFLIGHT_DATABASE" in named
    assert named <= known


def test_options_are_ones_that_there_are(commands: Group) -> None:
    params = [*commands.params]
    for command in every_command(commands):
        params += command.params
    known = {option for one in params for option in one.opts}
    text = (DOCS / "deploy.md").read_text(encoding="utf-8") + (DOCS / "api.md").read_text(encoding="utf-8")
    foreign = {"--build", "--detach", "--rm", "--pipe", "--property", "--unit", "--data-binary"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - foreign

    assert len(named) > 10
    assert named <= known, named - known


def test_figures_are_ones_that_there_are(tmp_path: Path) -> None:
    from prometheus_client import generate_latest

    from preflight.ledger.store import Ledger

    metrics = Metrics()
    metrics.watch_requests(lambda: 0)
    with Ledger(f"sqlite:///{tmp_path}/l.sqlite") as ledger:
        database: Database = ledger.database
        metrics.watch_work(database, tmp_path, lambda: 0)
        told = set(re.findall(r"^# HELP (\w+)", generate_latest(metrics.registry).decode(), re.MULTILINE))
    named = set(re.findall(r"\bpreflight_[a-z_]+\b", (DOCS / "deploy.md").read_text(encoding="utf-8")))

    assert len(named) >= 10
    assert named <= told, named - told


def test_several_names_fit_into_one_variable(commands: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFLIGHT_ALLOWED_HOSTS", "localhost 127.0.0.1 ")
    context = Context(commands)
    command = commands.get_command(context, "serve")
    assert command is not None

    assert command.make_context("serve", [], parent=context).params["allowed_host"] == ["localhost", "127.0.0.1"]


def test_nginx_takes_its_settings(tmp_path: Path) -> None:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("NO NGINX: its settings were read by people alone")
    (block,) = re.findall(r"```nginx\n(.*?)```", (DOCS / "deploy.md").read_text(encoding="utf-8"), re.DOTALL)
    block = block.replace("listen 443 ssl;", "listen 127.0.0.1:18443;").replace("http2 on;", "")
    text = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off;\n{block}\n}}"
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")

    run = subprocess.run([nginx, "-t", "-q", "-c", str(tmp_path / "nginx.conf")], capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
