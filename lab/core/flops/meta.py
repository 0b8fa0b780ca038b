"""Counts a model's FLOPs on torch's meta device, where tensors have shapes and no numbers.

The model is built from its config without weights, with plain attention, and with the experts' implementation
that gathers each token's own experts: its shapes do not depend on the routing, and its products are those of
the active experts. FlopCounterMode then counts forward passes of one token behind contexts of several
lengths. They lie on a line, intercept (all that is done once per token) and slope (attention per key), which
layers with a window leave at its width. One further length must agree within a thousandth, and so must a pass
over a whole prompt, whose masked half is known. Where it does not (recurrent layers read prompts in chunks),
two prompts of many chunks tell what a token of a prompt costs, and a third must agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab.core.flops.model import FlopsModel

PROMPT = 48
CHUNKS = 256
"""A multiple of the chunks in which recurrent layers read a prompt."""
LONGEST = 1 << 18
"""No context is counted that is longer; a window that is wider is never left."""
AGREE, ABOUT = 1e-3, 1e-2
"""Relative differences: of what is exact, and of what recurrent layers do at the edge of a chunk."""


class Uncountable(Exception):
    """Why the FLOPs of a config cannot be counted, in words for a person."""


def count(config: Mapping[str, Any]) -> FlopsModel:
    """FLOPs of the model this config describes. Raises Uncountable."""
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
    """A model on the meta device; `head`: weights of its LM head; `window`: keys some layers see, 0: all."""

    model: Any
    settings: Any
    head: int
    window: int
    encoder: bool

    def passes(self, lengths: Sequence[int], *, cached: bool = True) -> list[int]:
        """FLOPs of forward passes over so many new tokens, one after the other, logits of the last alone."""
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
    """The width of its narrow layers; 0 without any, or with a window that no context here would leave."""
    named = (getattr(settings, name, None) for name in ("sliding_window", "attention_chunk_size"))
    width = next((int(value) for value in named if value), 0)
    return width if 2 * width < LONGEST else 0


def _require_sparse(model: Any) -> None:
    """Uncountable where all experts compute every token: that is not what an engine does."""
    from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS  # noqa: F401 (an old version has none)

    for module in model.modules():
        stacked = [p for p in module.parameters(recurse=False) if p.dim() == 3 and p.shape[0] > 1]
        known = hasattr(module, "is_transposed") and hasattr(module, "has_gate")
        if len(stacked) >= 2 and not known:
            raise Uncountable(f"{type(module).__name__} computes all experts (or heads) for every token")


def _decoder(subject: _Subject) -> FlopsModel:
    """Passes over a prompt, one token, more, one token ...: each single token attends to all before it."""
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
    """Of a model whose cache holds less than keys and values (MLA), which are made again at every step: what
    it costs to make each of them once, as in a pass over a prompt. None where such passes are no parabola.

    That is the least that can be done. An engine that never makes them, but multiplies queries with what the
    cache holds, does the same per token and more per pair of tokens: of DeepSeek-V2's 512 + 64 numbers a key
    2 x 512 + 64 for each head, where 128 + 64 + 128 are counted here.
    """
    once, square, exact = _parabola(
        [subject.passes([n * PROMPT])[0] - 2 * subject.head for n in (1, 2, 3, 4)]
    )
    if not exact:
        return None
    return FlopsModel(linear=round(once / 2), head=subject.head, attention=1, full=_tidy(square / 4))


def _parabola(counts: Sequence[int]) -> tuple[float, float, bool]:
    """FLOPs of 1, 2, 3 and 4 times PROMPT tokens: those per token, those per pair of tokens, and whether
    there is nothing else."""
    one, two, three, four = counts
    square = (three - 2 * two + one) / (2 * PROMPT * PROMPT)
    once = (two - one) / PROMPT - 3 * PROMPT * square
    fitted = 4 * PROMPT * (once + 4 * PROMPT * square)
    return once, square, abs(fitted - four) <= AGREE * four


def _causal(dense: int, length: int, head: int, slope: float) -> float:
    """What a pass over a prompt costs without the masked half of the scores, and without the head."""
    return dense - 2 * head - slope * (length * length - length * (length + 1) / 2)


def _chunked(subject: _Subject, found: FlopsModel, slope: float) -> int:
    """Weights a token of a prompt is multiplied with where prompts are read in chunks."""
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
    """Every token attends to all."""
    counts = [subject.passes([n * PROMPT], cached=False)[0] for n in (1, 2, 3, 4)]
    once, square, exact = _parabola(counts)
    if not exact:
        raise Uncountable("its FLOPs are no sum of a part per token and one per pair of tokens")
    return FlopsModel(linear=round(once / 2), head=0, attention=1, full=_tidy(square / 4), bidirectional=True)


def _tidy(width: float) -> float:
    return int(width) if width == int(width) else width


def _said(error: Exception) -> str:
    """What went wrong, as one line that fits into a message."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"
