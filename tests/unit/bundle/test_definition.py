from dataclasses import replace
from pathlib import Path

import pytest

from infra.definition import Kind, Push, Reference, Schedule, load_pipeline
from infra.document import DefinitionError
from shared.contracts.message import TOPICS_KEEP

SMALL = """
buckets:
  inbox: {description: in, notifies: uploads}
topics:
  uploads: {description: up, retention_s: 60}
  dead-letters: {description: dead, retention_s: 60}
functions:
  ingest:
    description: does
    trigger: {topic: uploads, filter: attributes.a = "b"}
    delivery: {ack_deadline_s: 60, min_backoff_s: 1, max_backoff_s: 2.5, max_attempts: 5}
    resources: {memory_mib: 512, cpu: 1, concurrency: 8, timeout_s: 60}
    environment:
      INLET_INBOX: {bucket: inbox}
  sweep:
    description: sweeps
    trigger: {every_s: 30}
    delivery: {timeout_s: 60}
    resources: {memory_mib: 512, cpu: 1, concurrency: 1, timeout_s: 60}
"""


def _load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    load_pipeline(path)


def _problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        _load(tmp_path, text)
    return sorted(caught.value.problems)


def test_reads_pushes_schedules_and_environments(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(SMALL)
    functions = load_pipeline(tmp_path / "pipeline.yaml").functions
    assert functions["ingest"].trigger == Push(
        topic="uploads",
        filter='attributes.a = "b"',
        ack_deadline_s=60,
        min_backoff_s=1,
        max_backoff_s=2.5,
        max_attempts=5,
    )
    assert functions["ingest"].environment == {
        "INLET_INBOX": Reference(kind=Kind.BUCKET, name="inbox")
    }
    assert functions["sweep"].trigger == Schedule(every_s=30, timeout_s=60)


def test_a_function_may_be_called_for_more_topics_under_the_same_terms(tmp_path: Path) -> None:
    more = '"b"}\n    also: [{topic: dead-letters}, {topic: uploads, filter: attributes.c}]'
    (tmp_path / "pipeline.yaml").write_text(SMALL.replace('"b"}', more))
    ingest = load_pipeline(tmp_path / "pipeline.yaml").functions["ingest"]
    pushes = {name: (push.topic, push.filter) for name, push in ingest.pushes.items()}
    assert pushes == {
        "ingest": ("uploads", 'attributes.a = "b"'),
        "ingest-dead-letters": ("dead-letters", ""),
        "ingest-uploads": ("uploads", "attributes.c"),
    }
    assert {push.ack_deadline_s for push in ingest.pushes.values()} == {60}


def test_every_problem_of_further_topics_is_listed(tmp_path: Path) -> None:
    more = '"b"}\n    also:\n      - {topic: nowhere}\n      - {filter: a}\n      - uploads'
    assert _problems(tmp_path, SMALL.replace('"b"}', more)) == [
        "functions.ingest.also[1] needs topic",
        "functions.ingest.also[2] must be a mapping",
        "functions.ingest.also[2] needs topic",
        "functions.ingest.ingest- names an unknown topic ''",
        "functions.ingest.ingest-nowhere names an unknown topic 'nowhere'",
    ]
    assert _problems(tmp_path, SMALL.replace('"b"}', '"b"}\n    also: {topic: uploads}')) == [
        "functions.ingest needs a list as also"
    ]


def test_targets_have_the_same_terms_without_dead_letters(tmp_path: Path) -> None:
    text = SMALL.replace('"b"}', '"b"}\n    targets: {topic: uploads}', 1)
    (tmp_path / "pipeline.yaml").write_text(text)
    ingest = load_pipeline(tmp_path / "pipeline.yaml").functions["ingest"]
    assert isinstance(ingest.trigger, Push)
    assert ingest.targets == replace(ingest.trigger, filter="", max_attempts=None)
    assert list(ingest.pushes) == ["ingest"]
    assert _problems(
        tmp_path, text.replace("{topic: uploads}", "{topic: nowhere, filter: a}", 1)
    ) == [
        "functions.ingest.targets has an unknown key 'filter'",
        "functions.ingest.targets names an unknown topic 'nowhere'",
    ]


def test_the_pipeline_itself_is_sound() -> None:
    pipeline = load_pipeline()
    assert list(pipeline.functions) == ["ingest", "index", "deidentify", "notify", "sweep"]
    assert [name for name, bucket in pipeline.buckets.items() if bucket.notifies] == ["inbox"]


def test_every_problem_is_listed_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("notifies: uploads", "notifies: nowhere").replace(
        "{bucket: inbox}", "{bucket: outbox}"
    )
    text = text.replace("max_attempts: 5", "attempts: 5").replace(
        "cpu: 1, concurrency: 8", "cpu: no"
    )
    assert _problems(tmp_path, text) == [
        "buckets.inbox names an unknown topic 'nowhere'",
        "functions.ingest.delivery has an unknown key 'attempts'",
        "functions.ingest.delivery needs max_attempts",
        "functions.ingest.environment.INLET_INBOX names an unknown bucket 'outbox'",
        "functions.ingest.resources needs a number as cpu",
        "functions.ingest.resources needs concurrency",
    ]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            "retention_s: 60}\n  dead",
            "retention_s: 0}\n  dead",
            "topics.uploads needs a positive retention_s",
        ),
        (
            "retention_s: 60}\n  dead",
            "retention_s: 1.5}\n  dead",
            "topics.uploads needs a whole number as retention_s",
        ),
        (
            "inbox: {description",
            "In Box: {description",
            "buckets.In Box needs a name of lower-case letters, digits and hyphens",
        ),
        (
            "INLET_INBOX:",
            "inbox-name:",
            "environment.inbox-name needs a name of capitals, digits and underscores",
        ),
        (
            "{bucket: inbox}",
            "{pail: inbox}",
            f"functions.ingest.environment.INLET_INBOX needs exactly one of {', '.join(Kind)}",
        ),
        ("{bucket: inbox}", "text", "functions.ingest.environment.INLET_INBOX must be a mapping"),
        (
            "topics:",
            "subscriptions:\n  sweep: {topic: uploads, description: d}\ntopics:",
            "subscriptions.sweep has the name of a function",
        ),
    ],
)
def test_says_what_is_wrong_and_where(
    tmp_path: Path, before: str, after: str, problem: str
) -> None:
    problems = _problems(tmp_path, SMALL.replace(before, after, 1))
    assert any(found.endswith(problem) for found in problems)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    assert _problems(tmp_path, "a: [") == ["is not YAML"]


def test_every_topic_keeps_what_was_published_for_as_long_as_the_code_counts_on() -> None:
    topics = load_pipeline().topics.values()
    assert {topic.retention_s for topic in topics} == {TOPICS_KEEP.total_seconds()}
