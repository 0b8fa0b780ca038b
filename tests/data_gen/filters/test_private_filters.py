"""Filters that find secrets and personal data: what they find, what they must not, what the audit shows."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from data_gen_support import draft

from data_gen.drafts import row_of
from data_gen.filters import (
    NgramOverlap,
    PassRate,
    PersonalData,
    Secrets,
    Verified,
)
from data_gen.filters.base import Context
from data_gen.filters.privacy.secrets import plugins
from data_gen.pipeline import Pipeline, hidden, hiding_of
from data_gen.similarity.overlap import TestQuestion
from lab.core.types import Example, Verdict


def reasons(filter, *drafts) -> list[str]:
    return filter.open(Context())(drafts)


def with_meta(found, **meta):
    return replace(found, example=replace(found.example, meta={**found.example.meta, **meta}))


TOKENS = {
    "AKIAIOSFODNN7EXAMPLE": "id {}.",
    "ghp_" + "a1B2" * 9: "use {}, please",
    "glpat-" + "a1B2" * 5: "use {}",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl": "Bearer {}",
    "sk_live_" + "a1b2c3d4e5f6" * 2: "{}",
    "sk-" + "a1B2c" * 4 + "T3BlbkFJ" + "a1B2c" * 4: "{}",
    "xoxb-123456789012-abcdefghijkl": "slack {}",
    "hunter2secret": 'password = "{}"',
    "passw0rd": "https://user:{}@host.example/x",
    "MIIEowIBAAKCAQEA": "-----BEGIN RSA PRIVATE KEY-----\n{}\nabc\n-----END RSA PRIVATE KEY-----",
}
PERSONAL = {
    "email": ["john.doe+x@mail.example.com"],
    "phone": ["+44 20 7946 0958", "(650) 253-0000", "650-253-0000", "+16502530000"],
    "iban": ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"],
    "credit_card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "3782 822463 10005"],
    "us_ssn": ["536-90-4399"],
    "ip": ["192.168.17.5", "2001:db8::1", "fe80::1ff:fe23:4567:890a"],
}


@pytest.mark.parametrize(("secret", "around"), TOKENS.items())
def test_the_whole_secret_is_found_dropped_or_redacted(secret, around):
    text = around.format(secret)
    assert reasons(Secrets(), draft(text))[0].startswith("contains ")
    (kept,) = Pipeline([Secrets(action="redact")], Context())([draft(f"3 + 4\n{text}")])
    assert secret not in kept.text
    assert "[secret]" in kept.text
    assert secret[-8:] not in kept.text, "to its end"
    assert Secrets().hide(kept.text) == kept.text


@pytest.mark.parametrize(("kind", "data"), [(k, d) for k, found in PERSONAL.items() for d in found])
def test_personal_data_is_found_and_labelled(kind, data):
    text = f"Ask for {data}, they know."
    filter = PersonalData(action="redact")
    assert filter.hide(text) == f"Ask for [{kind}], they know."
    assert reasons(PersonalData(), draft(text)) == [f"contains {kind}"]
    assert filter.hide(filter.hide(text)) == filter.hide(text)
    others = tuple(k for k in PERSONAL if k != kind)
    assert reasons(PersonalData(kinds=others), draft(text)) == [""]


def test_a_card_number_without_groups_needs_its_name():
    assert PersonalData().hide("my card: 5500000000000004") == "my card: [credit_card]"
    assert PersonalData().hide("my sum: 5500000000000004") == "my sum: 5500000000000004"


def test_telephone_numbers_are_those_of_the_region():
    berlin = draft("Ruf 030/123456 an")
    assert reasons(PersonalData(region="DE"), berlin) == ["contains phone"]
    assert reasons(PersonalData(), berlin) == [""]
    ((where, message),) = PersonalData(region="UK").faults()
    assert where == "region"
    assert "no region 'UK'" in message
    assert list(PersonalData(region="GB").faults()) == []


def solutions(count: int) -> list[str]:
    """Solutions as models write them, with long numbers, decimals, quotes, times and sums of every look."""
    chance = random.Random(0)

    def line() -> str:
        n = [chance.randint(0, 10 ** chance.randint(1, 16)) for _ in range(4)]
        gap = chance.choice(["", " "])
        terms = str(n[0]) + "".join(f"{gap}{chance.choice('+-*/')}{gap}{x}" for x in n[1:])
        forms = [
            f"{terms} = {sum(n)}", f"So '{terms}'", f'x = "{sum(n)}"', f"{n[0]:,} apples, {n[1] / 7:.4f}",
            f"\\boxed{{{n[0]}}}", f"{n[0] / 100:.2f} - {n[1] / 100:.2f} = {(n[0] - n[1]) / 100:.2f}",
            " ".join(map(str, n)), ", ".join(map(str, n)), f"at {n[0] % 12}:{n[1] % 60:02}:30, ratio 1:2:3",
            "212 - 555 - 1234 = -1577, 212-555-1234 = -1577", "1234567890 + 9876543210 = 11111111100",
            f"0x{n[0]:x} and '{n[1]:x}' in base 16", "the secret number is 42, the password = 7",
        ]  # fmt: skip
        return chance.choice(forms)

    return ["\n".join(line() for _ in range(5)) for _ in range(count)]


@pytest.mark.parametrize("filter", [Secrets(), PersonalData(), PersonalData(region="DE")], ids=repr)
def test_no_arithmetic_is_taken_for_anything_private(filter):
    flagged = [(text, filter.hide(text)) for text in solutions(200) if filter.places(text)]
    assert flagged == []


def test_plugins_are_named_and_a_wrong_name_has_a_nearest_one():
    assert "IPPublicDetector" in plugins()
    assert {"AWSKeyDetector", "HexHighEntropyString"} < set(plugins())
    (fault,) = Secrets(off=("AWSKeyDetecter",)).faults()
    assert fault == ("off", "detect-secrets has no plugin 'AWSKeyDetecter'. Did you mean 'AWSKeyDetector'?")
    text = draft("id AKIAIOSFODNN7EXAMPLE")
    assert reasons(Secrets(off=("AWSKeyDetector",)), text) == [""]
    digest = draft('sha "3f786850e387550fdab836ed7e6dc881de23001b"')
    assert reasons(Secrets(), digest) == [""]
    assert reasons(Secrets(off=()), digest) == ["contains hex high entropy string"]


def test_redaction_reaches_every_text_and_unscores_a_changed_answer():
    secret, mail = "AKIAIOSFODNN7EXAMPLE", "john@mail.example.com"
    found = with_meta(draft(f"key {secret}", question=f"who is {mail}?"), evidence=[f"{secret} {mail}"])
    found = replace(
        found,
        example=replace(found.example, rejected=f"no, {mail}"),
        verdict=Verdict(True, mail),
        problem=replace(found.problem, meta={"title": secret}),
    )
    pipeline = Pipeline([Secrets(action="redact"), PersonalData(action="redact")], Context())
    (kept,) = pipeline([found])
    row = json.dumps(row_of(kept, "preference"))
    assert secret not in row
    assert mail not in row
    assert (kept.verdict.correct, kept.verdict.value) == (None, None)
    assert [r["changed"] for r in pipeline.rows()] == [1, 1]
    clean = draft("3 + 4 = 7")
    assert Secrets(action="redact").mend(clean) is clean


def test_a_secret_across_two_steps_cannot_be_redacted_and_goes():
    steps = "the key is AKIAIOSFO", "DNN7EXAMPLE"
    whole = Example("p", (), "".join(steps), {}, steps=steps, step_labels=(1.0, 1.0))
    found = replace(draft(""), example=whole)
    assert Pipeline([Secrets(action="redact")], Context())([found]) == []


@pytest.mark.parametrize("action", ["drop", "redact"])
@pytest.mark.parametrize("last", [True, False])
def test_the_audit_never_shows_what_was_found(action, last):
    """Whatever drops the example and says why; also a value that only the prompt gives away, and one at the
    place where long texts are cut."""
    password, mail, key = "hunter2secret", "john.doe@mail.example.com", "AKIAIOSFODNN7EXAMPLE"
    test = TestQuestion("t", "0", f"write to {mail} and tell them about the {password} that they have lost")
    asked = f'password = "{password}"'
    drafts = [
        draft(f"It is {password}, that is {password.upper()}.", question=asked, correct=False),
        draft("x" * 990 + f" {key}", index=1, correct=False),
        draft(test.question, index=2, question=f"{asked} {mail}"),
    ]
    drafts[0] = replace(drafts[0], verdict=Verdict(False, "1", f"'{password}' is not 1"))
    private = [Secrets(action=action), PersonalData(action=action)]
    others = [NgramOverlap(action="drop", n=8), Verified()]
    pipeline = Pipeline([*others, *private] if last else [*private, *others], Context([test]))
    pipeline(drafts)
    shown = json.dumps(pipeline.rows()).lower()
    assert sum(row["dropped"] for row in pipeline.rows()) == (3 if last or action == "drop" else 2)
    for found in (password, mail, key, key[:10], "john doe"):
        assert found.lower() not in shown


def test_a_failure_is_told_without_the_secret() -> None:
    hiding = hiding_of([PersonalData(), PassRate(), Secrets()])
    assert [type(filter) for filter in hiding] == [PersonalData, Secrets]
    said = hidden(hiding, 'ValueError: password = "hunter2secret" of john.doe@mail.example.com')
    assert said.startswith("ValueError")
    assert "hunter2secret" not in said
    assert "john.doe" not in said
