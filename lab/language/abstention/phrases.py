"""Regular expressions for sentences that give no answer ("I don't know", "The passage does not say").

Each expression is applied to one sentence, from its beginning (in scripts without spaces: anywhere in a short
sentence). A sentence that makes a negative claim ("There is no country that borders more states than China.")
is an answer and must match none of them.
"""

from __future__ import annotations

import re

from lab.language.abstention.languages import SPACED, UNSPACED

_OPENING = (
    r"^(?:(?:i'?m |i am )?(?:very |so |really )?sorry,? |(?:i |my )?apologi[sz]?(?:e|es),? "
    r"|unfortunately,? |well,? "
    r"|hmm,? |honestly,? "
    r"|actually,? |oh,? |but |and |so |however,? |to be honest,? |as an? [^,]{1,40}, |the answer(?: is:?"
    r"|:) |answer: "
    r"|based on [^,]{1,60}, |according to [^,]{1,60}, |from [^,]{1,60}, |i think that "
    r"|as of (?:my|the) [^,.]{1,40}, |i'?m afraid (?:that )?|therefore,? ){0,3}"
)
_KNOW = (
    r"we (?:do not|don'?t) (?:really )?know\b|we (?:can ?not|can'?t) (?:\w+ )?(?:tell|say|know"
    r"|determine|answer|be sure)\b|i (?:really |honestly |truly |simply |just |currently )?(?:do not"
    r"|don'?t|did not|didn'?t)"
    r" (?:actually |really |even )?(?:know|have (?:any |enough |an? |the |that |this |specific "
    r"|sufficient |access to )*"
    r"(?:information|knowledge|data|answer|idea|clue|details|access|real-time)|recall|remember"
    r"|recognize|recognise|understand"
    r"|see (?:any|that|the|an)|find|believe there is)"
    r"|i(?: have|'ve) no (?:idea|information|knowledge|answer|data|clue|way (?:of|to))"
    r"|i(?: have|'ve) (?:never heard of|not heard of|not been given|insufficient)"
    r"|i(?:'m| am) (?:not (?:\w+ )?(?:sure|certain|aware|familiar|able to|clear|confident)|unsure"
    r"|uncertain|unable to"
    r"|unaware|unfamiliar)"
    r"|i (?:can ?not|can'?t|could not|couldn'?t|won'?t|would not|wouldn'?t) (?:\w+ )?(?:answer|find|tell"
    r"|say|determine|provide"
    r"|give|confirm|verify|identify|help|know|be sure|be certain|assist|locate|see|be able)"
    r"|(?:idk|i ?d ?k|dunno|no idea|no clue|not sure|not certain|unsure|don'?t know|do not know"
    r"|can'?t say|cannot say|can'?t tell"
    r"|cannot tell|couldn'?t say|beats me|who knows|no (?:further |such |relevant )?information"
    r"|not enough (?:information|context|data|evidence|details?)"
    r"|insufficient (?:information|data|context))\b"
    r"(?! (?:that|if you|only|better))"
    r"|(?:this|that|it|the (?:answer|question))(?: is|'s| lies)? (?:beyond|outside)(?: of)? (?:my"
    r"|the scope)"
    r"|that(?:'s| is) not something i know"
    r"|my (?:knowledge|training data|training|information|data|sources?) (?:does not|doesn'?t|do not"
    r"|don'?t)"
    r"|as an ai\b[^.!?]{0,60}\bi (?:do not|don'?t|cannot|can'?t|am not|am unable)"
)
_SOURCE = (
    r"(?:the |this |that |your |my |provided |given )*(?:passage|text|document|article|context|source"
    r"|question|paragraph|excerpt"
    r"|story|author|writer|narrator|statement|table|report|information|page|entry|prompt|data"
    r"|it)s?(?: (?:above|provided|given"
    r"|itself))?"
)
_DO_NOT = r"(?:does not|doesn'?t|do not|don'?t|did not|didn'?t|never)"
_TELL = (
    r"(?:say|state|mention|specify|provide|contain|give|tell|include|indicate|answer|discuss|reveal"
    r"|address|list|name"
    r"|describe|explain|cover|have|disclose|clarify|note|report|identify)s?"
)
_TOLD = (
    r"(?:stated|specified|mentioned|given|provided|available|known|clear|disclosed|included|addressed"
    r"|found|said|listed|named"
    r"|described|determined|indicated|reported|identified|present|in (?:the|this) (?:passage|text"
    r"|document|article|context))"
)
_NOT_TOLD = (
    rf"{_SOURCE} {_DO_NOT} (?:explicitly |specifically |actually |directly |clearly |even )?{_TELL}\b"
    r"|there (?:is|was)(?: not|n'?t) (?:enough|sufficient|any) (?:information|data|context|evidence|detail)"
    rf"|(?:there (?:is|was)|there's|{_SOURCE} (?:has|contains|gives|provides)) no (?:mention|information"
    rf"|indication|data|record|evidence"
    r"|answer|detail|details|reference|way (?:to|of))\b"
    r"|(?:(?:it|this|that|which|the (?:answer|value|name|information|year|date|number|exact \w+)|(?:that"
    r"|this|the|such) \w+(?: \w+)?"
    r"|[^.!?,]{1,80}) )?(?:is|are|was|were|has been|isn'?t|aren'?t|wasn'?t)(?: ?not|n'?t|(?<=n't)"
    r"|(?<=nt))(?: \w+ly)?"
    rf" {_TOLD}\b(?! (?:for|as|to have|until|by)\b)"
    r"|not (?:explicitly |specifically )?(?:stated|specified|mentioned|given|provided|available|known"
    r"|enough information|in the"
    r" (?:passage|text)|answerable|determinable)\b"
    r"|(?:[^.!?,]{1,80} )?(?:can ?not|can'?t|could not|couldn'?t) be (?:\w+ly )?(?:determined|answered"
    r"|known|found|said|established"
    r"|inferred|identified|verified|confirmed|deduced|calculated|told|given)\b"
    r"|(?:(?:it|this|that|the answer) (?:is|'s|would be) |it'?s )?(?:\w+ly )?(?:impossible|not possible"
    r"|hard|difficult)"
    r" (?:for me )?to (?:\w+ly )?(?:answer|say|tell|know|determine|establish|infer|be sure|be certain"
    r"|give|identify)\b"
)
_NOBODY = (
    r"(?:nobody|no one|no-one) (?:really |actually )?knows\b(?! (?:that|better|more|how to"
    r"|[^.!?]{1,40} (?:better|than)))"
    r"|nothing in (?:the|this) [^.!?]{1,60} (?:answers?|mentions?|says?|states?|tells?|gives?"
    r"|indicates?|suggests?)\b"
    r"|none of (?:the|these|those) [^.!?]{1,60} (?:answers?|mentions?|says?|states?|tells?|gives?|contains?"
    r"|provides?)\b|only god knows|god knows|your guess is as good as mine|it(?:'s| is) anyone'?s guess"
)
_THING = (
    r"(?:country|city|town|place|element|capital|currency|person|thing|one|nation|state|island|symbol"
    r"|continent|word|name)"
)
_NOTHING = (
    rf"(?:there (?:is|are|was|were"
    rf"|exists?) )?no such (?!thing as\b)(?:\w+ ){{0,2}}{_THING}s?(?: (?:exists?|is known|by that name"
    rf"|called"
    r"\b.{0,60}))?[.!]?$"
    rf"|(?:there (?:is|are|was|exists?) )?no (?:(?:real|actual|known|recorded|official|existing) )?{_THING}"
    r" (?:called|named|known as|by (?:that|this|the) name|of (?:that|this) name|with (?:that|this"
    r"|the) (?:name|symbol))\b"
    r"|there (?:is|are|was|were) no (?:such|record|recorded|official|information|data|evidence"
    r"|answer)\b(?! thing as| .{0,40}\b(?:than|but|except)\b)"
    r"|there (?:isn'?t|is not|aren'?t|doesn'?t|does not) (?:exist )?(?:any|an?|such)\b(?!.{0,60}\b(?:than"
    r"|but|except)\b)"
    r"|(?:it|this|that|the answer|the question)(?: is|'s) (?:\w+ )?(?:unknown(?! to (?!me\b|us\b))"
    r"|not known|unanswerable"
    r"|not answerable|unclear|not applicable|undetermined)"
    r"|[^.!?]{1,120} (?:does not|doesn'?t|do not|don'?t) (?:actually |really )?exist\b"
    r"|[^.!?]{1,120} (?:is|are) (?:not a real|not real|a fictional|fictional|an? (?:fictitious|imaginary"
    r"|made-up|invented|nonexistent|non-existent)|fictitious|imaginary|made up|nonexistent|non-existent"
    r"|unknown[.!]?$|unknown to (?:me|us)|not known\b(?! (?:as|for|to)\b)|unclear\b)"
    r"|(?:unknown|unanswerable|not known|no answer|n/?a|none known|not applicable|unclear|undetermined"
    r"|cannot (?:answer|determine)"
    r"|can'?t (?:answer|determine)|cannot be determined|information (?:is )?(?:not available|unavailable"
    r"|missing))[.!]?$"
)
ABSTAINS = re.compile(
    rf"{_OPENING}(?:{_KNOW}|{_NOT_TOLD}|{_NOBODY}|{_NOTHING}|{SPACED})|{UNSPACED}", re.IGNORECASE
)
"""A sentence that says there is no answer."""
GUESS = re.compile(
    r"\b(?:maybe|perhaps|probably|possibly|presumably|most likely|i (?:would |will |'d |do )?(?:think"
    r"|guess|believe|assume|suppose|suspect"
    r"|say|bet)|my (?:best )?guess|if i had to|(?:it|that|this|he|she|they|the \w+) (?:may|might"
    r"|could) (?:well )?be)\b"
    r"|\b(?:peut-être|vielleicht|wahrscheinlich|vermutlich|quizás?|tal vez|probablemente|talvez|forse"
    r"|возможно|наверное|может быть|belki)\b"
    r"|可能|也许|也許|大概|たぶん|多分|おそらく|아마|ربما|शायद",
    re.IGNORECASE,
)
"""A guess behind the abstention: then the text answers after all."""
BUT = re.compile(
    r",?\s(?:but|however|though|although|yet|mais|aber|pero|mas|ma|но|maar|men)\b,?\s+"
    r"|;\s+|,?\sso\s(?=(?:the|it|its|he|she|they|this|that)\b[^.!?]{0,60}\b(?:is|was|are|were)\s(?!no\b"
    r"|not\b))|[，、,]\s?(?:但是?|でも|しかし)",
    re.IGNORECASE,
)
"""What follows is an answer, unless it says again that there is none, or offers help."""
OFFER = re.compile(
    r"(?:i(?:'m| am|'d| would|'ll| will| can| could| do)\b(?! (?:think|guess|say|believe|know))|if you"
    r"|please|you (?:can|could|may|should)|let me|feel free"
    r"|thank|it (?:is|would be|might be) (?:possible|best|worth|better)|there (?:are|is) (?:many|several"
    r"|some)|how can|what)",
    re.IGNORECASE,
)
POLITE = re.compile(
    r"(?:(?:hello|hi|hey|sorry|i'?m sorry|i apologi[sz]e|thank you|thanks|please|(?:that'?s an? "
    r"|what an? )?(?:great|good|interesting)"
    r" question|let me (?:know|think)|hmm+|well|sure|of course|certainly|okay|ok|alright|ah|oh|can you"
    r"|could you|feel free|is there)\b"
    r"[^.!?]{0,120})[.!?]?",
    re.IGNORECASE,
)
"""What may stand before or behind an abstention and says nothing about the question."""
ANSWERS = re.compile(
    r"\b(?:answer|result|solution)(?: is|:)\s*\S|####\s*\S"
    r"|\\boxed\{|<answer>|(?<![a-z])(?:is|was|are|were|be|=)\s+(?:the\s+)?(?:[A-Z][a-z]|\d)",
)
"""An answer elsewhere in the text: a marker, or a sentence that says what something is by a name or
number."""
