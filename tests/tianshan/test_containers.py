"""The compose file, the image's recipe and the example of the environment, read."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from deploy import with_secrets

ROOT = Path(settings.BASE_DIR)
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = ["setup", "web", "worker"]
RECIPE = (DEPLOY / "Dockerfile").read_text()
PINNED = re.compile(r"[a-z/]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?")


def names_read():
    """What settings and server read from the environment."""
    found = set()
    for path in (ROOT / "tianshan" / "settings.py", DEPLOY / "gunicorn.conf.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            asked = ast.unparse(node.func)
            first = node.args[0]
            if re.fullmatch(r"env(\.\w+)?|os\.environ\.get|_required", asked) and (
                isinstance(first, ast.Constant)
            ):
                found.add(first.value)
    return found


def test_every_name_that_is_read_stands_in_the_example():
    example = (ROOT / "docs" / "example.env").read_text()
    told = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", example, re.MULTILINE))
    # Of the demo and of the commands' own; the owner's address is kept elsewhere.
    elsewhere = {"DEBUG", "DATABASE_ROLE", "DATABASE_OWNER_URL"}
    by_units = {"PROMETHEUS_MULTIPROC_DIR", "BIND"}
    read = names_read()
    assert {"SECRET_KEY", "BACKUP_KEY", "LOG_FORMAT", "WEB_CONCURRENCY"} <= read
    assert read - told - elsewhere - by_units == set()


def test_each_image_is_pinned():
    images = re.findall(r"^FROM (\S+)", RECIPE, re.MULTILINE)
    assert len(images) == 3
    images.append(SERVICES["database"]["image"])
    for image in images:
        assert PINNED.fullmatch(image), image


def test_the_image_installs_by_hashes_and_ends_as_no_root():
    assert "--require-hashes" in RECIPE
    assert "npm ci" in RECIPE
    last = RECIPE.rsplit("FROM ", 1)[1]
    assert "USER 10001" in last
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert "ADD " not in RECIPE
    assert "curl" not in RECIPE
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", "var", ".env"} <= set(ignored)


@pytest.mark.parametrize("name", OURS)
def test_ours_may_little(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["user"] == "10001"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_there_is_a_healthcheck_and_an_order():
    assert "healthcheck" in SERVICES["database"]
    assert "/readyz" in str(SERVICES["web"]["healthcheck"])
    for name in ("web", "worker"):
        waits = SERVICES[name]["depends_on"]["setup"]["condition"]
        assert waits == "service_completed_successfully"
    assert SERVICES["setup"]["depends_on"]["database"]["condition"] == "service_healthy"


def test_nobody_but_the_proxy_reaches_it():
    published = {
        name: each["ports"] for name, each in SERVICES.items() if "ports" in each
    }
    assert published == {"web": ["127.0.0.1:8000:8000"]}
    assert SERVICES["database"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_secrets_come_from_files_alone():
    """No value in the file is one; the owner's is the set-up's alone."""
    used = set()
    for name, service in SERVICES.items():
        used |= set(service["secrets"])
        for key, value in service["environment"].items():
            if re.search("PASSWORD|SECRET|KEY|URL", key):
                assert key.endswith("_FILE"), key
                assert value.removeprefix("/run/secrets/") in service["secrets"]
        if name in {"web", "worker"}:
            assert not {"database_owner_url", "backup_key"} & set(service["secrets"])
    assert used == COMPOSE["secrets"].keys()
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    ignored = (ROOT / ".gitignore").read_text().split()
    assert "/deploy/secrets/" in ignored


def test_a_secret_is_read_and_a_missing_one_is_said(tmp_path, monkeypatch):
    known = {"A": "1", "B_FILE": "/elsewhere/b"}
    assert with_secrets.read(known) == known
    with pytest.raises(SystemExit, match="KEY_FILE: No such file"):
        with_secrets.read({"KEY_FILE": "/run/secrets/there_is_none"})
    (tmp_path / "key").write_text("secret\n")
    monkeypatch.setattr(with_secrets, "Path", lambda path: tmp_path / Path(path).name)
    assert with_secrets.read({"KEY_FILE": "/run/secrets/key"}) == {"KEY": "secret"}
