"""Chat templating on small tokenizers built here: with a template, and without one (a base model)."""

from __future__ import annotations

from typing import Any

import pytest

from lab.core.types import Message, Request
from lab.engine.chat import PLAIN_STOP, ChatRenderer

TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}"
    "<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
USER: Message = {"role": "user", "content": "Is 2 + 2 four?"}
SPECIAL = ["<unk>", "<bos>", "<|im_start|>", "<|im_end|>"]


def tokenizer(template: str | None = TEMPLATE, **special: str) -> Any:
    """A byte-level BPE tokenizer without merges but for a few words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = pre_tokenizers.ByteLevel.alphabet()
    merges = [("Y", "e"), ("Ye", "s"), ("Ġ", "Yes"), ("N", "o")]
    vocabulary = [*SPECIAL, *sorted(letters), *(a + b for a, b in merges)]
    model = models.BPE({token: id for id, token in enumerate(vocabulary)}, merges)
    raw = Tokenizer(model)
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="<unk>", **special)
    made.add_special_tokens({"additional_special_tokens": SPECIAL[2:]})
    made.chat_template = template
    return made


@pytest.fixture(scope="module")
def chat() -> ChatRenderer:
    return ChatRenderer(tokenizer(bos_token="<bos>", eos_token="<|im_end|>"))


def test_the_template_ends_in_its_generation_prompt(chat: ChatRenderer) -> None:
    ids = chat.render(Request((USER,)))
    assert chat.tokenizer.decode(ids) == "<|im_start|>user\nIs 2 + 2 four?<|im_end|>\n<|im_start|>assistant\n"
    assert chat.stop(Request((USER,))) == ()


def test_a_prefix_continues_the_assistant_turn_like_transformers_would(chat: ChatRenderer) -> None:
    ids = chat.render(Request((USER,), prefix="Yes, because"))
    turns = [USER, {"role": "assistant", "content": "Yes, because"}]
    theirs = chat.tokenizer.apply_chat_template(turns, continue_final_message=True, return_dict=False)
    assert ids == tuple(theirs)


def test_a_prefix_is_never_trimmed(chat: ChatRenderer) -> None:
    assert chat.tokenizer.decode(chat.render(Request((USER,), prefix="So \n"))).endswith("assistant\nSo \n")


def test_equal_requests_render_once(chat: ChatRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = chat.tokenizer.encode
    monkeypatch.setattr(chat.tokenizer, "encode", lambda *a, **k: calls.append(a) or original(*a, **k))
    requests = [Request(({"role": "user", "content": "once"},), index=index) for index in range(5)]
    assert len({id(chat.render(request)) for request in requests}) == 1
    assert len(calls) == 1
    assert chat.render(Request(requests[0].messages, prefix="x")) != chat.render(requests[0])


def test_a_refusing_template_says_so(chat: ChatRenderer) -> None:
    with pytest.raises(ValueError, match="no tools here"):
        chat.render(Request(({"role": "tool", "content": "x"},)))


def test_first_tokens_are_looked_up_as_given(chat: ChatRenderer) -> None:
    found = chat.first_tokens(("Yes", " Yes", "No"))
    assert [chat.tokenizer.decode([token]) for token in found.values()] == ["Yes", " Yes", "No"]


def test_allowed_tokens_must_be_tokens_and_distinct(chat: ChatRenderer) -> None:
    with pytest.raises(ValueError, match="empty"):
        chat.first_tokens(("Yes", ""))
    with pytest.raises(ValueError, match="same token"):
        chat.first_tokens(("Yes", "Yes!"))


def test_a_base_model_gets_a_transcript_behind_its_own_bos() -> None:
    base = ChatRenderer(tokenizer(None, bos_token="<bos>", eos_token="<|im_end|>"))
    turns: tuple[Message, ...] = (
        {"role": "system", "content": "Be brief."},
        USER,
        {"role": "assistant", "content": "Yes"},
        {"role": "user", "content": "And {3}?"},
    )
    ids = base.render(Request(turns, prefix="N"))
    expected = "Be brief.\n\nQuestion:\nIs 2 + 2 four?\n\nAnswer:\nYes\n\nQuestion:\nAnd {3}?\n\nAnswer:\nN"
    assert base.tokenizer.decode(ids) == "<bos>" + expected
    assert base.stop(Request(turns)) == PLAIN_STOP["assistant"] == ("\n\nQuestion:",)
    assert base.stop(Request((), speaker="user")) == ("\n\nAnswer:",)
    assert base.tokenizer.decode(base.render(Request((USER,), prefix="W", speaker="user"))).endswith(
        "four?\n\nQuestion:\nW"
    )
    assert base.identity != ""


def test_a_user_turn_is_how_a_whole_conversation_with_it_begins(chat: ChatRenderer) -> None:
    system: Message = {"role": "system", "content": "Be brief."}
    for before in ((), (system,), (USER, {"role": "assistant", "content": "Yes"})):
        turns: tuple[Message, ...] = (*before, {"role": "user", "content": "No Yes"})
        whole = chat.tokenizer.apply_chat_template(list(turns), return_dict=False)
        opened = chat.render(Request(before, speaker="user"))
        assert tuple(whole[: len(opened)]) == opened
        assert chat.tokenizer.decode(whole[len(opened) :]).startswith("No Yes")
        assert chat.render(Request(before, prefix="No ", speaker="user")) == chat.render(
            Request(before, speaker="user")
        ) + tuple(chat.tokenizer.encode("No ", add_special_tokens=False))


def test_bos_is_not_invented() -> None:
    for special in ({"eos_token": "<|im_end|>"}, {"bos_token": "<|im_end|>", "eos_token": "<|im_end|>"}):
        base = ChatRenderer(tokenizer(None, **special))
        assert base.tokenizer.decode(base.render(Request((USER,)))).startswith("Question:\n")


def test_count(chat: ChatRenderer) -> None:
    assert chat.count("Yes No") == 3


def test_a_template_that_refuses_a_system_turn_says_what_to_do() -> None:
    """In its own words, as Gemma's does, with the field to change."""
    refuses = TEMPLATE.replace("'tool'", "'system'").replace("no tools here", "System role not supported")
    system: Message = {"role": "system", "content": "Be brief."}
    with pytest.raises(ValueError, match=r"rejects these messages: System role not supported.*`instruction`"):
        ChatRenderer(tokenizer(refuses)).render(Request((system, USER)))
    with pytest.raises(ValueError, match=r"no tools here$"):
        ChatRenderer(tokenizer()).render(Request(({"role": "tool", "content": "x"}, USER)))
