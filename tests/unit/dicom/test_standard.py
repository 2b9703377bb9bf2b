from __future__ import annotations

from pathlib import Path

from shared.dicom.standard import (
    generate_sop_classes,
    generate_transfer_syntaxes,
    sop_classes,
    transfer_syntaxes,
)


def test_the_table_of_sop_classes_is_what_its_generator_writes() -> None:
    written = Path(sop_classes.__file__).read_text(encoding="utf-8")

    assert generate_sop_classes.rendered() == written


def test_the_table_of_transfer_syntaxes_is_what_its_generator_writes() -> None:
    written = Path(transfer_syntaxes.__file__).read_text(encoding="utf-8")

    assert generate_transfer_syntaxes.rendered() == written


def test_non_patient_classes_are_storage_classes() -> None:
    names = [sop_classes.SOP_CLASS_NAMES[uid] for uid in sop_classes.NON_PATIENT_SOP_CLASSES]

    assert len(names) == len(generate_sop_classes._NON_PATIENT_NAMES)
    assert set(names) == set(generate_sop_classes._NON_PATIENT_NAMES)
