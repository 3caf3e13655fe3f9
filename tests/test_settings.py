"""Keys are whole, or nothing starts."""

from pathlib import Path

import pytest

from promos.settings import Settings, SettingsError, keys, read


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = keys(Settings(data_dir=str(tmp_path)))

    assert keys(Settings(data_dir=str(tmp_path))) == first
    assert len(first.signing[0]) >= 32
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "secret-key": 0o600,
        "reader-key": 0o600,
    }


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret-key").touch()

    with pytest.raises(SettingsError):
        keys(Settings(data_dir=str(tmp_path)))


@pytest.mark.parametrize("environ", [{"PROMOS_NOPE": "1"}, {"PROMOS_WORKERS": "x"}, {"PROMOS_SECRET_KEYS": "short"}])
def test_a_setting_that_makes_no_sense_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        read(environ)
