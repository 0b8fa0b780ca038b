"""Counts a model's FLOPs on torch's meta device, where tensors have shapes but no values.

The model is built from its config without weights, with plain attention, and with the implementation of
experts that gathers each token's own experts: its shapes do not depend on the routing, and it multiplies only
with the active experts. FlopCounterMode counts forward passes of one token after contexts of several lengths.
The counts lie on a line. Its intercept is the work once per token, its slope the attention per key, up to the
window for layers with a sliding window. One more length must agree within a thousandth, and so must a pass
over a complete prompt, minus its masked half. If it does not (recurrent layers read prompts in chunks), the
cost of a prompt token is computed from two prompts of many chunks, and a third must agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab.core.flops.model import FlopsModel

PROMPT = 48
CHUNKS = 256
"""A multiple of the chunk length in which recurrent layers read a prompt."""
LONGEST = 1 << 18
"""The longest context that is counted. A window that is wider never takes effect."""
AGREE, ABOUT = 1e-3, 1e-2
"""Relative tolerances: for exact counts, and for recurrent layers at the edges of chunks."""


class Uncountable(Exception):
    """Why the FLOPs of a config cannot be counted, as a message for the user."""


def count(config: Mapping[str, Any]) -> FlopsModel:
    """FLOPs of the model that this config describes. Raises Uncountable."""
    try:
        subject = _subject(config)
    except Uncountable:
        raise
    except Exception as error:
        raise Uncountable(f"transformers cannot build it ({_said(error)})") from None
    try:
        return _encoder(subject) if subject.encoder else _decoder(subject)
    except Uncountable:
        raise
    except Exception as error:
        raise Uncountable(f"its forward pass cannot be run without weights ({_said(error)})") from None


@dataclass(frozen=True, slots=True)
class _Subject:
    """A model on the meta device. `head`: weights of its LM head. `window`: keys that some layers see, 0:
    all.
    """

    model: Any
    settings: Any
    head: int
    window: int
    encoder: bool

    def passes(self, lengths: Sequence[int], *, cached: bool = True) -> list[int]:
        """FLOPs of consecutive forward passes over these numbers of new tokens, with logits for the last
        token only.
        """
        import torch
        from torch.utils.flop_counter import FlopCounterMode
        from transformers import DynamicCache

        found, there = [], 0
        with torch.device("meta"), torch.no_grad():
            more: dict[str, Any] = {}
            if cached:
                more = {"past_key_values": DynamicCache(config=self.settings), "use_cache": True}
                more |= {"logits_to_keep": 1}
            for new in lengths:
                if cached:
                    more["position_ids"] = torch.arange(there, there + new)[None]
                ids = torch.zeros((1, new), dtype=torch.long)
                with FlopCounterMode(display=False) as counter:
                    self.model(input_ids=ids, **more)
                found.append(int(counter.get_total_flops()))
                there += new
        return found


def _subject(config: Mapping[str, Any]) -> _Subject:
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as ENCODERS

    rest = dict(config)
    settings = AutoConfig.for_model(rest.pop("model_type"), **rest)
    if settings.is_encoder_decoder:
        raise Uncountable("it is an encoder with a decoder")
    encoder = settings.model_type in ENCODERS and not getattr(settings, "is_decoder", False)
    kind = AutoModel if encoder else AutoModelForCausalLM
    with torch.device("meta"):
        model = kind.from_config(
            settings,
            attn_implementation="eager",
            experts_implementation="batched_mm",
            trust_remote_code=False,
        ).eval()
    model.config.pad_token_id = None  # with one, some look for it in the (missing) numbers of the input
    _require_sparse(model)
    top = None if encoder else model.get_output_embeddings()
    if not encoder and top is None:
        raise Uncountable("it has no language-model head")
    return _Subject(model, settings, 0 if top is None else top.weight.numel(), _window(settings), encoder)


def _window(settings: Any) -> int:
    """The window of layers with a sliding window; 0 if there is none, or if it is wider than every context
    here.
    """
    named = (getattr(settings, name, None) for name in ("sliding_window", "attention_chunk_size"))
    width = next((int(value) for value in named if value), 0)
    return width if 2 * width < LONGEST else 0


def _require_sparse(model: Any) -> None:
    """Raises Uncountable if all experts process every token, because an engine does not do that."""
    from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS  # noqa: F401 (an old version has none)

    for module in model.modules():
        stacked = [p for p in module.parameters(recurse=False) if p.dim() == 3 and p.shape[0] > 1]
        known = hasattr(module, "is_transposed") and hasattr(module, "has_gate")
        if len(stacked) >= 2 and not known:
            raise Uncountable(f"{type(module).__name__} computes all experts (or heads) for every token")


def _decoder(subject: _Subject) -> FlopsModel:
    """Counts a pass over a prompt and passes of single tokens, each of which attends to all tokens before
    it.
    """
    window = subject.window
    first = min(PROMPT, window // 2 - 1) if window else PROMPT
    if first < 1:
        raise Uncountable(f"its window of {window} is too narrow")
    near = [first + 1, 2 * first + 2]
    far = [2 * window + 32, 3 * window + 48] if window else [4 * first]
    contexts = sorted({*near, *(c for c in far if c > near[1])})
    lengths = [n for a, b in zip([0, *contexts], contexts, strict=False) for n in (b - a - 1, 1)]
    passes = subject.passes(lengths)
    steps = {c: n - 2 * subject.head for c, n in zip(contexts, passes[1::2], strict=True)}
    slope = (steps[near[1]] - steps[near[0]]) / (near[1] - near[0])
    once = steps[near[0]] - slope * near[0]
    narrow = (once + slope * contexts[2] - steps[contexts[2]]) / (contexts[2] - window) if window else 0.0
    found = FlopsModel(
        linear=round(once / 2),
        head=subject.head,
        attention=1,
        full=_tidy((slope - narrow) / 4),
        sliding=_tidy(narrow / 4),
        window=window if narrow else 0,
    )
    for context, theirs in steps.items():
        ours = found.classify(context, context - 1)
        if abs(ours - theirs) > AGREE * theirs:
            raise Uncountable(f"a token behind {context} others costs {theirs:,} FLOPs, fitted {ours:,.0f}")
    prompt = _causal(passes[0], first, subject.head, slope)
    if abs(found.classify(first) - prompt) <= AGREE * prompt:
        return found
    whole = _whole_prompts(subject)
    if whole and abs(4 * whole.full - slope) > AGREE * slope:
        if window:
            raise Uncountable("it has a window, and its cached keys are computed again for every token")
        return whole
    return replace(found, prompt=_chunked(subject, found, slope))


def _whole_prompts(subject: _Subject) -> FlopsModel | None:
    """The cost of computing the keys and values of a model whose cache stores less than them (MLA) once per
    key, as in a pass over a prompt. None if the counts of such passes are not a parabola.

    This is a lower bound. An engine that does not expand the cache, but multiplies queries with its content,
    does the same work per token and more per pair of tokens: for DeepSeek-V2's 512 + 64 numbers per key, 2 x
    512 + 64 for each head, instead of the 128 + 64 + 128 counted here.
    """
    once, square, exact = _parabola(
        [subject.passes([n * PROMPT])[0] - 2 * subject.head for n in (1, 2, 3, 4)]
    )
    if not exact:
        return None
    return FlopsModel(linear=round(once / 2), head=subject.head, attention=1, full=_tidy(square / 4))


def _parabola(counts: Sequence[int]) -> tuple[float, float, bool]:
    """From the FLOPs of 1, 2, 3 and 4 times PROMPT tokens: those per token, those per pair of tokens, and
    whether these explain the counts completely.
    """
    one, two, three, four = counts
    square = (three - 2 * two + one) / (2 * PROMPT * PROMPT)
    once = (two - one) / PROMPT - 3 * PROMPT * square
    fitted = 4 * PROMPT * (once + 4 * PROMPT * square)
    return once, square, abs(fitted - four) <= AGREE * four


def _causal(dense: int, length: int, head: int, slope: float) -> float:
    """The cost of a pass over a prompt without the masked half of the scores, and without the head."""
    return dense - 2 * head - slope * (length * length - length * (length + 1) / 2)


def _chunked(subject: _Subject, found: FlopsModel, slope: float) -> int:
    """Weights that a prompt's token is multiplied with, if prompts are read in chunks."""
    bare = replace(found, full=found.full + found.sliding, sliding=0)
    costs = [
        _causal(subject.passes([n])[0], n, subject.head, slope) - (bare.classify(n) - 2 * found.linear * n)
        for n in (CHUNKS, 2 * CHUNKS, 4 * CHUNKS)
    ]
    each = (costs[1] - costs[0]) / CHUNKS
    if each <= 0 or abs(costs[2] - costs[1] - 2 * CHUNKS * each) > ABOUT * costs[2]:
        raise Uncountable("its FLOPs over a prompt are no sum of a part per token and one per pair of tokens")
    return round(each / 2)


def _encoder(subject: _Subject) -> FlopsModel:
    """For an encoder: every token attends to all others."""
    counts = [subject.passes([n * PROMPT], cached=False)[0] for n in (1, 2, 3, 4)]
    once, square, exact = _parabola(counts)
    if not exact:
        raise Uncountable("its FLOPs are no sum of a part per token and one per pair of tokens")
    return FlopsModel(linear=round(once / 2), head=0, attention=1, full=_tidy(square / 4), bidirectional=True)


def _tidy(width: float) -> float:
    return int(width) if width == int(width) else width


def _said(error: Exception) -> str:
    """An error as one line that fits into a message."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"
