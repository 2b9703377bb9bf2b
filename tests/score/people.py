"""Made-up patients: names in many scripts and character sets, and all that belongs to them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

# Specific Character Set (PS3.3 C.12.1.1.2), and a Patient's Name that needs it.
_NAMES: Final = (
    ("", "O'Brannigan-Vexley^Marabel Quillon^^Dr.^Jr."),
    (r"\ISO 2022 IR 87", "Kurosawara^Tatsunori=黒沢原^辰典=くろさわら^たつのり"),
    ("ISO_IR 100", "Öxenfürth-Kähler^Jörgfried^von der"),
    (r"\ISO 2022 IR 149", "Namgungsik^Byeolharu=南宮植^別河流=남궁식^별하루"),
    ("ISO_IR 144", "Чернозубов^Елистрат^Мокеевич"),
    (r"ISO 2022 IR 13\ISO 2022 IR 87", "ﾔﾏｻﾞｸﾗ^ﾄﾓｴﾘ=山桜倉^巴里=やまざくら^ともえり"),
    ("ISO_IR 127", "زهراوندي^بدرالدجى"),
    ("GB18030", "Ouyangxi^Mingruize=欧阳西^明睿泽"),
    ("ISO_IR 126", "Παπαξενίδης^Θρασύβουλος"),
    ("ISO_IR 192", "Çağlayandere^Şükufenur"),
    ("ISO_IR 138", "קרמונלין^אביתרון"),
    ("ISO_IR 166", "ณรงค์ฤทธานนท์^พิมพ์ลดาภา"),
    ("ISO_IR 101", "Wróblewszczak^Żelisławek"),
    ("ISO_IR 192", "Nguyễnhoà^Đăngkhoa=阮和^登科"),
    ("", "McGillivrayson^Fenwicke^Thadd^^III"),
    (r"\ISO 2022 IR 100\ISO 2022 IR 144", "Jägersmühl=Ягерсмюльский^Прокофей"),
)
_FIRST_BIRTH: Final = date(1931, 4, 23)
_FIRST_STUDY: Final = date(2019, 8, 26)
_BIRTH_STEP: Final = timedelta(days=487)
_STUDY_STEP: Final = timedelta(days=67)
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_STROKES: Final = str.maketrans("ĐđŁłØøı", "DdLlOoi")  # letters that do not decompose
_SHORT: Final = 3


@dataclass(frozen=True)
class Person:
    """A made-up patient; equal numbers give equal patients."""

    number: int

    @property
    def _row(self) -> tuple[str, str]:
        return _NAMES[self.number % len(_NAMES)]

    @property
    def character_set(self) -> list[str]:
        """The values of Specific Character Set."""
        return self._row[0].split("\\")

    @property
    def name(self) -> str:
        """Patient's Name, in all its component groups."""
        return self._row[1]

    @property
    def is_ascii(self) -> bool:
        """Whether the name needs no other character set than the default one."""
        return self.name.isascii()

    @cached_property
    def name_words(self) -> tuple[str, ...]:
        """The words of the name that name the patient: no titles, no particles."""
        words = re.split(r"[\^= ]", self.name)
        return tuple(dict.fromkeys(word for word in words if _names_somebody(word)))

    @property
    def family(self) -> str:
        """The family name of the first component group."""
        return self.name.split("=")[0].split("^")[0]

    @property
    def given(self) -> str:
        """The given name of the first component group, else of the second."""
        groups = (group.split("^") for group in self.name.split("="))
        return next(parts[1] for parts in groups if len(parts) > 1)

    @property
    def id(self) -> str:
        """Patient ID: letters, a hyphen, seven digits."""
        return f"QZ{self.number % 97:02d}-{4418829 + 7919 * self.number}"

    @property
    def id_number(self) -> str:
        """The digits of the Patient ID alone."""
        return self.id.split("-")[1]

    @property
    def issuer(self) -> str:
        """Issuer of Patient ID."""
        return "VORNHOLM-MPI"

    @property
    def accession(self) -> str:
        """Accession Number."""
        return f"AX{73100541 + 9973 * self.number}"

    @property
    def birth(self) -> date:
        """Day of birth."""
        return _FIRST_BIRTH + (self.number % 50) * _BIRTH_STEP

    @property
    def study_day(self) -> date:
        """Day of the study."""
        return _FIRST_STUDY + (self.number % 30) * _STUDY_STEP

    @property
    def phone(self) -> str:
        """Telephone number."""
        return f"555-0173-{86201 + self.number}"

    @property
    def mail(self) -> str:
        """Mail address."""
        return f"patient{5501 + self.number}@brackwater.example"

    @property
    def street(self) -> str:
        """Address, of one line."""
        return f"{1180 + self.number} Thistledown Crescent, Ostrelund"

    @property
    def institution(self) -> str:
        """Where the study was done."""
        return "Vornholm Infirmary"

    @property
    def physician(self) -> str:
        """Another person in the object."""
        return "Pennyfeather-Rasmudsen^Agathe"

    @property
    def station(self) -> str:
        """Station Name, which fits into an application entity title."""
        return f"VORNSCAN{self.number % 89:02d}"

    @property
    def serial(self) -> str:
        """Device Serial Number."""
        return f"SN{660172 + 31 * self.number}X"

    @cached_property
    def needles(self) -> tuple[str, ...]:
        """All words, numbers and days that tell who it is."""
        single = (
            *(self.id, self.id_number, self.accession, self.accession[2:], self.phone, self.mail),
            *("Thistledown", "Ostrelund", "Vornholm", self.station, self.serial),
            *("Pennyfeather", "Rasmudsen", "Agathe"),
        )
        written = (*self.name_words, *map(plain, self.name_words))
        names = (part for word in written for part in _parts(word) if len(part) > 1)
        days = (*day_forms(self.birth), *day_forms(self.study_day))
        return tuple(dict.fromkeys((*names, *single, *days)))


def _names_somebody(word: str) -> bool:
    bare = word.strip(".'")
    return bare not in {"", "Dr", "Jr", "III", "von", "der"}


def _parts(word: str) -> tuple[str, ...]:
    """A name, and the parts that a hyphen joins."""
    parts = (part for part in re.split(r"['\-]", word) if len(part) > _SHORT)
    return tuple(dict.fromkeys((word, *parts)))


def plain(text: str) -> str:
    """The text as an ASCII keyboard writes it: without accents, nothing of other scripts."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_STROKES))
    return decomposed.encode("ascii", "ignore").decode("ascii")


def dicom_day(day: date) -> str:
    """The day as a value of DA (PS3.5 Section 6.2)."""
    return f"{day:%Y%m%d}"


def day_forms(day: date) -> tuple[str, ...]:
    """The ways in which people and devices write a day."""
    month = _MONTHS[day.month - 1]
    forms = (
        *(f"{day:%Y%m%d}", f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%d.%m.%Y}"),
        *(f"{day:%m/%d/%Y}", f"{day:%d/%m/%Y}", f"{day.day}.{day.month}.{day.year}"),
        *(f"{day.day} {month[:3]} {day.year}", f"{month} {day.day}, {day.year}"),
        f"{day:%d}-{month[:3].upper()}-{day.year}",
    )
    return tuple(dict.fromkeys(forms))
