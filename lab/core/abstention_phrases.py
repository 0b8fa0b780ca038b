"""The words in which models say that they have no answer, in the languages that they answer in.

Each expression is for one sentence, from its beginning (scripts without spaces: anywhere in a short one). A
sentence that denies something real ("There is no country that borders more states than China.") is an
answer and matches none of them.
"""

from __future__ import annotations

import re

_OPENING = (
    r"^(?:(?:i'?m |i am )?(?:very |so |really )?sorry,? |i apologi[sz]e,? |unfortunately,? |well,? "
    r"|hmm,? |honestly,? "
    r"|actually,? |oh,? |but |and |so |however,? |to be honest,? |as an? [^,]{1,40}, |the answer(?: is:?"
    r"|:) |answer: "
    r"|based on [^,]{1,60}, |according to [^,]{1,60}, |from [^,]{1,60}, |i think that "
    r"|as of (?:my|the) [^,.]{1,40}, |i'?m afraid (?:that )?|therefore,? ){0,3}"
)
_KNOW = (
    r"i (?:really |honestly |truly |simply |just |currently )?(?:do not|don'?t|did not|didn'?t)"
    r" (?:actually |really |even )?(?:know|have (?:any |enough |an? |the |that |this |specific "
    r"|sufficient |access to )*"
    r"(?:information|knowledge|data|answer|idea|clue|details|access|real-time)|recall|remember|recognize|recognise|understand"
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
    r"|cannot tell|couldn'?t say|beats me|who knows|no information|not enough information"
    r"|insufficient (?:information|data|context))\b"
    r"(?! (?:that|if you|only|better))"
    r"|(?:this|that|it|the (?:answer|question))(?: is|'s| lies)? (?:beyond|outside)(?: of)? (?:my|the scope)"
    r"|that(?:'s| is) not something i know"
    r"|my (?:knowledge|training data|training|information|data|sources?) (?:does not|doesn'?t|do not|don'?t)"
    r"|as an ai\b[^.!?]{0,60}\bi (?:do not|don'?t|cannot|can'?t|am not|am unable)"
)
_SOURCE = (
    r"(?:the |this |that |your |my |provided |given )*(?:passage|text|document|article|context|source"
    r"|question|paragraph|excerpt"
    r"|story|statement|table|report|information|page|entry|prompt|data|it)s?(?: (?:above|provided|given"
    r"|itself))?"
)
_DO_NOT = r"(?:does not|doesn'?t|do not|don'?t|did not|didn'?t|never)"
_TELL = (
    r"(?:say|state|mention|specify|provide|contain|give|tell|include|indicate|answer|discuss|reveal|address|list|name"
    r"|describe|explain|cover|have|disclose|clarify|note|report|identify)"
)
_TOLD = (
    r"(?:stated|specified|mentioned|given|provided|available|known|clear|disclosed|included|addressed|found|said|listed|named"
    r"|described|determined|indicated|reported|identified|present|in (?:the|this) (?:passage|text"
    r"|document|article|context))"
)
_NOT_TOLD = (
    rf"{_SOURCE} {_DO_NOT} (?:explicitly |specifically |actually |directly |clearly |even )?{_TELL}\b"
    r"|there (?:is|was)(?: not|n'?t) (?:enough|sufficient|any) (?:information|data|context|evidence|detail)"
    rf"|(?:there (?:is|was)|{_SOURCE} (?:has|contains|gives|provides)) no (?:mention|information"
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
    r"(?:nobody|no one|no-one) (?:really |actually )?knows\b(?! (?:that|better|more|how to))"
    r"|none of (?:the|these|those) [^.!?]{1,60} (?:answers?|mentions?|says?|states?|tells?|gives?|contains?"
    r"|provides?)\b|only god knows|god knows|your guess is as good as mine|it(?:'s| is) anyone'?s guess"
)
_THING = (
    r"(?:country|city|town|place|element|capital|currency|person|thing|one|nation|state|island|symbol"
    r"|continent|word|name)"
)
_NOTHING = (
    rf"(?:there (?:is|are|was|were"
    rf"|exists?) )?no such (?!thing as\b)(?:\w+ ){{0,2}}{_THING}s?(?: (?:exists?|is known|by that name|called"
    r"\b.{0,60}))?[.!]?$"
    rf"|(?:there (?:is|are|was|exists?) )?no (?:(?:real|actual|known|recorded|official|existing) )?{_THING}"
    r" (?:called|named|known as|by (?:that|this|the) name|of (?:that|this) name|with (?:that|this"
    r"|the) (?:name|symbol))\b"
    r"|there (?:is|are|was|were) no (?:such|record|recorded|official|information|data|evidence"
    r"|answer)\b(?! thing as| .{0,40}\b(?:than|but|except)\b)"
    r"|there (?:isn'?t|is not|aren'?t|doesn'?t|does not) (?:exist )?(?:any|an?|such)\b(?!.{0,60}\b(?:than"
    r"|but|except)\b)"
    r"|(?:it|this|that|the answer|the question)(?: is|'s) (?:\w+ )?(?:unknown|not known|unanswerable"
    r"|not answerable|unclear|not applicable|undetermined)"
    r"|[^.!?]{1,120} (?:does not|doesn'?t|do not|don'?t) (?:actually |really )?exist\b"
    r"|[^.!?]{1,120} (?:is|are) (?:not a real|not real|a fictional|fictional|an? (?:fictitious|imaginary"
    r"|made-up|invented|nonexistent|non-existent)|fictitious|imaginary|made up|nonexistent|non-existent"
    r"|unknown[.!]?$|unknown to me|not known\b(?! (?:as|for|to)\b)|unclear\b)"
    r"|(?:unknown|unanswerable|not known|no answer|n/?a|none known|not applicable|unclear|undetermined"
    r"|cannot (?:answer|determine)"
    r"|can'?t (?:answer|determine)|cannot be determined|information (?:is )?(?:not available|unavailable"
    r"|missing))[.!]?$"
)
_OTHERS = (
    # French, Spanish, Portuguese, Italian, Romanian
    r"je (?:ne )?(?:le )?sais pas|je n'en sais rien|je l'ignore|je ne (?:connais|peux|suis|trouve"
    r"|dispose) pas\b|je n'ai (?:pas|aucune)"
    r"|aucune idée|(?:le|ce) (?:texte|passage|document) ne [^.!?]{0,30}pas|(?:il est )?impossible (?:de"
    r"|à) (?:le )?(?:dire|déterminer|savoir)"
    r"|(?:cela|ce|ceci|l'information)? ?n'est pas (?:mentionn|précis|indiqu|connu)"
    r"|(?:désolé[^,]{0,10}, )(?:mais )?je ne|inconnue?[.!]?$"
    r"|(?:yo )?no (?:lo )?s[ée]\b(?=[.,!]|$| (?:la|cu[aá]l|qu[eé]|si|cómo))|ni idea"
    r"|no tengo (?:ni )?(?:idea|información|datos|la respuesta)"
    r"|(?:lo )?desconozco|no estoy seguro|se desconoce|no se (?:menciona|especifica|sabe|indica|puede)"
    r"|el (?:texto|pasaje) no|desconocid[oa][.!]?$"
    r"|no puedo (?:responder|determinar|decir)|lo siento,? (?:pero )?no"
    r"|(?:eu )?(?:não|nao) (?:sei|faço ideia|tenho (?:ideia|certeza|informaç|a resposta)|posso responder"
    r"|é (?:mencionado|possível)|consta)"
    r"|desconheço|o (?:texto|trecho) não|desconhecid[oa][.!]?$"
    r"|(?:io )?non (?:lo |ne )?(?:so\b|ho idea|saprei|sono sicur|conosco|è (?:specificato|noto|possibile"
    r"|menzionato)|posso rispondere)"
    r"|il (?:testo|brano) non|sconosciut[oa][.!]?$|nu (?:știu|stiu|ştiu)|no ho sé"
    # German, Dutch, Scandinavian, Finnish, Hungarian
    r"|(?:leider )?(?:das )?(?:ich )?wei(?:ß|ss) (?:ich )?(?:es |das |die antwort |leider |darauf "
    r"|auch )*nicht|keine ahnung"
    r"|(?:da )?bin ich (?:mir )?nicht sicher|ich bin (?:mir )?(?:da )?nicht sicher|ich kann (?:das|es"
    r"|die frage|diese frage|dazu)"
    r"|(?:das|dies|es|davon|darüber|dazu) (?:steht|findet sich) (?:leider |da |hier )?(?:nicht|nichts)"
    r"|(?:dazu|darüber) (?:gibt es|habe ich|steht) (?:keine|nichts)"
    r"|(?:das|dies|es) lässt sich [^.!?]{0,40}nicht"
    r"|(?:das|dies|es) (?:ist|wird) (?:mir )?(?:leider )?nicht (?:bekannt|angegeben|erwähnt|möglich|klar)"
    r"|(?:der text|die passage|der abschnitt)"
    r" (?:sagt|erwähnt|nennt|gibt|enthält)[^.!?]{0,40}\b(?:nicht|keine?n?)\b|nicht (?:bekannt|angegeben"
    r"|erwähnt)|unbekannt[.!]?$|ich habe keine"
    r"|(?:dat )?weet ik (?:het )?niet|ik weet (?:het |dat )?niet|geen idee|onbekend[.!]?$|(?:jag|jeg"
    r"|eg) (?:vet|ved) (?:inte|ikke|ikkje|det ikke|ej)"
    r"|vet (?:inte|ej|ikke)|ved ikke|ingen (?:aning|anelse)|en tiedä|nem tudom"
    # Slavic, Greek, Turkish
    r"|(?:я )?(?:не знаю|не могу (?:сказать|ответить|определить)|не уверен|понятия не имею)|(?:это "
    r"|мне )?неизвестно|в тексте [^.!?]{0,30}не"
    r"|(?:об этом )?(?:нет (?:информации|данных)|не (?:указано|сказано|упоминается))|(?:я )?не знам"
    r"|невідомо|мені невідомо"
    r"|(?:ja )?nie (?:wiem|mam pojęcia|wiadomo|jestem pewien)|(?:já )?nev[ií]m|netuším|ne znam|neviem|ne vem"
    r"|δεν (?:ξέρω|γνωρίζω)|bilmiyorum|(?:bundan )?emin değilim|(?:hiçbir )?fikrim yok|bilinmiyor"
    r"|metinde [^.!?]{0,40}(?:belirtilm|yok)"
    # Vietnamese, Indonesian, Swahili
    r"|(?:tôi )?không (?:biết|rõ|chắc|có thông tin)|(?:saya |aku )?(?:tidak|kurang|nggak|tak) (?:tahu"
    r"|yakin|diketahui|pasti)|sijui"
    # Arabic, Persian, Hebrew, Hindi, Bengali
    r"|(?:أنا )?(?:لا أعرف|لا أعلم|لا أدري|لست متأكد)|(?:هذا )?غير (?:معروف|مذكور|محدد)|لا يذكر|لم يذكر"
    r"|لا (?:توجد|يوجد) معلومات|لا يمكن تحديد"
    r"|(?:من )?نمی[ \u200c]?دانم|(?:אני )?לא יודעת?|אין לי מושג"
    r"|(?:मुझे |मैं )?(?:नहीं पता|पता नहीं|नहीं मालूम|मालूम नहीं|नहीं जानत|इसका उत्तर नहीं)|अज्ञात[।.]?$|(?:আমি )?জানি না"
)
_ANYWHERE = (
    r"(?:我|俺|这个|這個)?(?:不知道|不清楚|不太清楚|不确定|不確定|不了解|没有答案|不晓得)|(?:无法|無法|不能)(?:确定|確定|回答|得知|判断|判斷|知道|提供)"
    r"|(?:没有|沒有|未|并未|並未)(?:提到|提及|说明|說明|给出|給出|指出|明确|相关信息|相關信息|足够的信息)|^(?:未知|不明|不详|不詳)[。.]?$"
    r"|(?:わか|分か|判|解)(?:りません|らない|りかねます)|知りません|知らない|存じません|不明です|記載(?:されていません|がありません|はありません)"
    r"|(?:書かれて|述べられて|言及されて)いません|答えられません|判断できません|確認できません|特定できません"
    r"|모르겠|모릅니다|몰라요|모른다|잘 모르|^모름|알 수 없|확실하지 않|언급(?:되지|이 없|하지 않)"
    r"|나와 ?있지 ?않"
    r"|정보가 없"
    r"|ไม่(?:ทราบ|รู้|แน่ใจ|ได้กล่าวถึง|ได้ระบุ)"
)
ABSTAINS = re.compile(
    rf"{_OPENING}(?:{_KNOW}|{_NOT_TOLD}|{_NOBODY}|{_NOTHING}|{_OTHERS})|{_ANYWHERE}", re.IGNORECASE
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
    r"|;\s+|,?\sso\s(?=(?:the|it|its|he|she|they|this|that)\b[^.!?]{0,60}\b(?:is|was|are|were)\s(?!no\b|not\b))|[，、,]\s?(?:但是?|でも|しかし)",
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
ASKS = re.compile(
    r"(?:can|could|would|will|do|does|did|is|are|was|were|what|which|who|where|when|why|how|any|anything|may|shall"
    r"|should|have|need|want|ok|okay|right|really|sorry|pardon|huh|hm+|no|yes|please)\b",
    re.IGNORECASE,
)
"""How a question begins that asks for something; a name with a question mark ("Paris?") is a guess."""
