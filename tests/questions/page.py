"""The questions of the page for analysts, as they stand there."""

import re
from dataclasses import dataclass
from typing import Final, Self

from infra.table_schemas import SCHEMAS

PAGE: Final = SCHEMAS / "README.md"
QUESTION: Final = re.compile(
    r"```sql\n-- (?P<text>.+)\n(?P<sql>(?:(?!```).+\n)+)```\n"
    r"(?:\n```text\n(?P<answer>(?:(?!```).*\n)*)```\n)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its query, and the answer that the page shows, if it shows one."""

    text: str
    sql: str
    answer: str | None

    @classmethod
    def of(cls, found: re.Match[str]) -> Self:
        """Return what stands at one place of the page."""
        return cls(text=found["text"], sql=found["sql"], answer=found["answer"])


def questions() -> list[Question]:
    """Return all of the page, in its order."""
    return [Question.of(found) for found in QUESTION.finditer(PAGE.read_text(encoding="utf-8"))]
