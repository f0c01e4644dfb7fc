from __future__ import annotations

import pickle
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from narvaro.errors import PrivacyError
from narvaro.privacy import Key, load_key, load_or_create_key


@pytest.fixture
def path(tmp_path):
    return tmp_path / "secrets" / "pseudonym.key"


def test_the_first_run_creates_a_key_for_us_alone(path):
    key = load_or_create_key(path)
    assert len(key.secret) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_the_next_run_finds_the_same_key(path):
    assert load_or_create_key(path) == load_or_create_key(path) == load_key(path)


def test_two_keys_are_never_alike(tmp_path):
    assert load_or_create_key(tmp_path / "a") != load_or_create_key(tmp_path / "b")


def test_first_runs_at_the_same_time_agree_on_one_key(path):
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_or_create_key(path), range(32)))
    assert len({key.secret for key in keys}) == 1


def test_a_missing_key_is_an_error_once_anything_was_keyed(path):
    with pytest.raises(PrivacyError, match="Restore it"):
        load_or_create_key(path, keyed_data_exist=True)
    assert not path.exists()


def test_a_missing_key_is_never_made_up_by_a_reader(path):
    with pytest.raises(PrivacyError, match="missing"):
        load_key(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o777])
def test_a_key_that_others_may_touch_is_refused(path, mode):
    load_or_create_key(path)
    path.chmod(mode)
    with pytest.raises(PrivacyError, match=f"mode {mode:03o} .* chmod 600"):
        load_or_create_key(path)


@pytest.mark.parametrize("text", ["", "kanarie", "ab" * 31, "ab" * 32 + "a", "å" * 64, "ab" * 16])
def test_a_damaged_key_is_refused_and_never_shown(path, text):
    load_or_create_key(path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PrivacyError) as caught:
        load_or_create_key(path)
    assert not text or text not in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


def test_a_dangling_link_is_refused(path):
    path.parent.mkdir()
    path.symlink_to(path.parent / "gone")
    with pytest.raises(PrivacyError, match="missing"):
        load_or_create_key(path)


def test_a_folder_in_the_keys_place_is_refused(path):
    path.mkdir(parents=True)
    with pytest.raises(PrivacyError):
        load_or_create_key(path)


def test_a_key_shows_itself_nowhere():
    key = Key(b"kanarie-kanarie-kanarie-kanarie!")
    assert "kanarie" not in repr(key)
    assert "kanarie" not in str([key])
    with pytest.raises(PrivacyError, match="pickled"):
        pickle.dumps(key)


def test_purposes_have_keys_of_their_own():
    key = Key(b"k" * 32)
    assert len({key.for_purpose("pupil"), key.for_purpose("person"), key.secret}) == 3
    assert key.key_id != Key(b"l" * 32).key_id
