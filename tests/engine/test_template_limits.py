"""A hostile chat template ends in one message within its bounds; an ordinary one is rendered as ever."""

from __future__ import annotations

import resource
import signal
import time

import pytest

from lab.core.types import Request
from lab.engine import template_limits
from lab.engine.chat import ChatRenderer, Tokenizer, load_tokenizer
from lab.models import resolve

ASKED = Request(({"role": "user", "content": "Hello"},))
LOOPS = "{% for i in range(99999) %}{% for j in range(99999) %}"
SQUARES = "{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}"
HOSTILE = {
    "loops in loops": LOOPS + "{% endfor %}{% endfor %}",
    "a loop that writes": LOOPS + "xxxxxxxxxxxxxxxx{% endfor %}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "a long text": "{{ 'x' * 20000000000 }}",
    "a long list": "{{ [0] * 20000000000 }}",
    "the factor first": "{{ 20000000000 * 'x' }}",
    "a tower of powers": "{{ 9 ** (9 ** (9 ** 9)) }}",
    "squares of squares": "{% set ns = namespace(x=3) %}" + SQUARES + "{{ ns.x }}",
    "a wide column": "{{ 'x'|center(20000000000) }}",
    "a wide number": "{{ '%020000000000d' % 1 }}",
    "a range": "{{ range(999999999999)|list }}",
    "the machine": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
}


def tokenizer(template: str) -> Tokenizer:
    made = load_tokenizer(resolve("tiny").path)
    made.chat_template = template
    return made


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_templates_are_one_message(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_limits, "SECONDS", 0.3)
    chat, before = ChatRenderer(tokenizer(HOSTILE[name])), resource.getrlimit(resource.RLIMIT_AS)
    started = time.process_time()
    with pytest.raises(ValueError, match="the model's chat template rejects these messages: ") as caught:
        chat.render(ASKED)
    assert time.process_time() - started < 5
    assert len(str(caught.value).splitlines()) == 1
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_small_products_are_as_ever() -> None:
    chat = ChatRenderer(
        tokenizer("{{ ' ' * 2 }}{{ 3 * 4 }}{{ 2 ** 10 }}{{ 1.5 * 2 }}{{ messages[0].content }}")
    )
    assert chat.text((("user", "Hello"),)) == "  1210243.0Hello"
