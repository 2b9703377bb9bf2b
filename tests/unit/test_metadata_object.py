"""Metadata beside what they are of: found again by who comes second, never those of another."""

import json

import pytest

from shared.adapters.memory import MemoryObjectStore
from shared.contracts.objects import StoredObject
from shared.dicom.reader import read_header
from shared.errors import TransientError
from shared.metadata_object import delete_whole, kept_beside
from shared.object_source import ObjectSource
from tests.builders import an_instance

NAME = "h/1/2/3.dcm"


@pytest.fixture
def store() -> MemoryObjectStore:
    return MemoryObjectStore()


def _kept(store: MemoryObjectStore, stored: StoredObject) -> str:
    header = read_header(ObjectSource(store, stored))
    return kept_beside(store, stored, header, {"label": "as its object"})


def test_they_are_written_once(store: MemoryObjectStore) -> None:
    stored = store.put("archive", NAME, an_instance(patient=7))
    assert _kept(store, stored) == f"gs://archive/{NAME}.metadata.json"
    first = store.find("archive", f"{NAME}.metadata.json")
    assert _kept(store, stored) == f"gs://archive/{NAME}.metadata.json"
    assert store.find("archive", f"{NAME}.metadata.json") == first
    written = json.loads(store.data("archive", f"{NAME}.metadata.json"))
    assert written["00100020"] == {"vr": "LO", "Value": ["PID00007"]}
    assert store.labels("archive", f"{NAME}.metadata.json")["label"] == "as its object"


def test_those_of_what_was_removed_give_way(store: MemoryObjectStore) -> None:
    _kept(store, store.put("archive", NAME, an_instance(patient=1)))
    again = store.put("archive", NAME, an_instance(patient=2))
    with pytest.raises(TransientError):
        _kept(store, again)
    _kept(store, again)
    assert b"PID00002" in store.data("archive", f"{NAME}.metadata.json")


def test_those_of_what_came_later_stay(store: MemoryObjectStore) -> None:
    early = store.put("archive", NAME, an_instance(patient=1))
    header = read_header(ObjectSource(store, early))
    _kept(store, store.put("archive", NAME, an_instance(patient=2)))
    with pytest.raises(TransientError):
        kept_beside(store, early, header)
    assert b"PID00002" in store.data("archive", f"{NAME}.metadata.json")


def test_they_go_with_their_object(store: MemoryObjectStore) -> None:
    stored = store.put("archive", NAME, an_instance(patient=1))
    other = store.put("archive", "h/1/2/4.dcm", an_instance(patient=2))
    _kept(store, stored)
    delete_whole(store, stored)
    delete_whole(store, other)
    assert store.find("archive", f"{NAME}.metadata.json") is None
    assert store.find("archive", NAME) is store.find("archive", "h/1/2/4.dcm") is None
