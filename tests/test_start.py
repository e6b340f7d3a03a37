"""Starting: a missing or bad setting stops it with one sentence; what is wrong later shows in readiness and doctor."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app
from app.kit import crypto, db, mail
from app.kit.smtp import Server, Smtp
from app.settings import BadSetting, Settings
from app.web.dispatch import Miaofa
from tests.make import MASTER, SECRET, make_settings

GOOD = {
    "DATABASE_URL": "postgresql://shop@localhost/shop",
    "SECRET_KEYS": SECRET,
    "MASTER_KEYS": base64.b64encode(MASTER).decode(),
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"MASTER_KEYS": ""}, "MASTER_KEYS is missing. Give one or more keys of 32 random bytes"),
        ({"SECRET_KEYS": ""}, "SECRET_KEYS is missing. Give one or more random texts"),
        ({"MASTER_KEYS": "c2hvcnQ="}, "MASTER_KEYS holds something that is not such a key"),
        ({"MASTER_KEYS": "not base64 at all!"}, "MASTER_KEYS holds something that is not such a key"),
        ({"SECRET_KEYS": "short"}, "SECRET_KEYS holds a key that is too short"),
        ({"PORT": "eighty"}, "PORT is 'eighty'. Give a whole number from 1 to 65535."),
        ({"BASE_URL": "shop.example.com"}, "BASE_URL is 'shop.example.com'. Give an address such as https://"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL is of no engine we know"),
        ({"DEMO": "1", "BASE_URL": "https://shop.example.com"}, "DEMO is on while BASE_URL is not a loopback address"),
        ({"MASTER_KEYS_FILE": "/nowhere/key"}, "MASTER_KEYS_FILE cannot be read"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES is '-1'"),
        ({"MAIL": "pigeon"}, "MAIL names no way for letters that we know. Give spool, smtp://"),
        ({"MAIL": "smtp://a:pw@mail.example.com:x"}, "MAIL names no way for letters that we know"),
        ({"MAIL": "smtps://mail.example.com"}, "MAIL_FROM is missing. Give an address of yours"),
        ({"MAIL_FROM": "the shop"}, "MAIL_FROM is 'the shop'"),
    ],
)
def test_a_bad_setting_stops_the_start_with_a_sentence(changes: dict[str, str], said: str) -> None:
    with pytest.raises(BadSetting) as stopped:
        Settings.from_env(GOOD | changes)

    assert said in str(stopped.value)
    assert MASTER.hex() not in str(stopped.value)


def test_keys_are_taken_from_files_in_base64_or_hex_newest_first(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{bytes(32).hex()}\n{base64.b64encode(MASTER).decode()}\n")

    settings = Settings.from_env(GOOD | {"MASTER_KEYS": "", "MASTER_KEYS_FILE": str(tmp_path / "keys")})

    assert settings.master_keys == (bytes(32), MASTER)


def test_an_embedded_installation_makes_its_keys_once_outside_the_instance(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path / "home"), "INSTANCE": str(tmp_path / "instance")}

    first, second = Settings.from_env(env), Settings.from_env(env)

    assert (first.master_keys, first.secret_keys) == (second.master_keys, second.secret_keys)
    kept = list((tmp_path / "home").rglob("*.txt"))
    assert sorted(file.name for file in kept) == ["master_keys.txt", "secret_keys.txt"]
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
    assert not list((tmp_path / "instance").rglob("*key*"))


def test_an_emptied_key_file_is_never_replaced(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path / "home"), "INSTANCE": str(tmp_path / "instance")}
    Settings.from_env(env)
    next((tmp_path / "home").rglob("master_keys.txt")).write_text("")

    with pytest.raises(BadSetting, match="Restore that file"):
        Settings.from_env(env)


def test_the_program_ends_with_the_sentence_and_no_trace(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}

    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"], env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert "miaofa: SECRET_KEYS is missing." in done.stderr
    assert "Traceback" not in done.stderr


def test_ready_without_redis_is_degraded_not_down(app: Miaofa) -> None:
    answer = app.test_client().get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"ok": True, "reasons": [], "degraded": ["redis"]}


def test_wrong_master_keys_are_not_ready_and_say_so(fresh: Miaofa) -> None:
    settings = fresh.config["MIAOFA"]
    db.write(0, crypto.prove)
    stranger = create_app(
        make_settings(
            settings.instance, settings.database_url, settings.database_owner_url, master_keys=bytes(32).hex()
        )
    )
    try:
        with stranger.app_context():
            answer = stranger.test_client().get("/readyz")
            doctor = stranger.test_cli_runner().invoke(args=["doctor"])
            db.engine().dispose()
    finally:
        crypto.configure((MASTER,))

    assert (answer.status_code, answer.get_json()["reasons"]) == (503, ["keys"])
    assert doctor.exit_code == 1
    assert "restore it from your backup" in json.loads(doctor.stdout.splitlines()[-1])["problems"][0]["mend"]


def test_an_unmigrated_database_is_not_ready_and_healthz_does_not_care(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    app = create_app(make_settings(tmp_path, url, url))

    with app.app_context():
        client = app.test_client()
        ready = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
        db.engine().dispose()

    assert ready.status_code == 503
    assert "migrations" in ready.get_json()["reasons"]


def test_a_database_that_is_away_is_one_reason_not_four(tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/away"
    app = create_app(make_settings(tmp_path, url, url))

    with app.app_context():
        ready = app.test_client().get("/readyz")

    assert (ready.status_code, ready.get_json()["reasons"]) == (503, ["database"])


def test_doctor_finds_nothing_wrong_with_a_sound_installation(app: Miaofa) -> None:
    done = app.test_cli_runner().invoke(args=["doctor"])

    said = json.loads(done.stdout.splitlines()[-1])
    assert (done.exit_code, said["ok"], said["problems"]) == (0, True, [])


def test_letters_come_from_the_installation_until_it_has_a_mail_server() -> None:
    assert Settings.from_env(GOOD | {"BASE_URL": "https://shop.example.com"}).mail_from == "no-reply@shop.example.com"


def test_doctor_calls_the_mail_server(app: Miaofa) -> None:
    before = mail._opener
    mail.configure(opener=Smtp(Server("127.0.0.1", 1, ""), "shop@example.com").opened)
    done = app.test_cli_runner().invoke(args=["doctor"])
    mail.configure(opener=before)

    (warning,) = [it for it in json.loads(done.stdout.splitlines()[-1])["warnings"] if it["what"] == "mail"]
    assert warning["said"] == "the mail server cannot be reached: ConnectionRefusedError"
