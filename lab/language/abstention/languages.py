"""Regular expressions for "I don't know" and "the text does not say" in languages other than English.

Each string holds the expressions of one language or language group. Expressions of scripts with spaces must
match at the beginning of a sentence, after at most a few words of its subject ("Bu bilgi metinde yok"). An
answer before a comma ("Paris, mais je ne sais pas") is not part of such a subject. Expressions of scripts
without spaces may match anywhere in a sentence.
"""

from __future__ import annotations

_POLITE = (
    r"(?:(?:je suis )?désolée?|pardon|lo siento|perdón|desculpe|sinto muito|lamento|mi dispiace|scusa"
    r"|leider"
    r"|(?:es )?tut mir leid|entschuldigung|helaas|sorry|tyvärr|beklager|undskyld|desværre|dessverre"
    r"|valitettavasti"
    r"|извините|простите|к сожалению|вибачте|на жаль|przepraszam|niestety|bohužel|promiňte|sajnos"
    r"|λυπάμαι|üzgünüm"
    r"|maalesef|maaf|xin lỗi|rất tiếc|آسف|عذرا|عذرًا|متأسفم|סליחה|מצטער|क्षमा करें|माफ़ कीजिए|দুঃখিত"
    r"|samahani|pahoittelen)"
    r"[,.!،]?\s(?:mais |pero |mas |ma |aber |maar |men |но |але |ale |ama |tapi |tetapi |nhưng |لكن "
    r"|ولكن )?"
)
_SPACED = (
    # French
    r"(?:le|ce) (?:texte|passage|document|paragraphe) ne [^.!?]{0,30}pas|je (?:ne )?(?:le "
    r"|la )?sais pas|j'sais pas|je n'en sais rien|je l'ignore|aucune idée|pas la moindre idée"
    r"|je ne (?:connais|peux|suis|trouve|dispose|pourrais|saurais|vois|possède) pas\b|je n'ai (?:pas"
    r"|aucune)"
    r"|(?:ne|n')\s?(?:le |la |l')?(?:est|sont|dit|précise|mentionne|indique|donne|figure|contient"
    r"|fournit|permet)"
    r" (?:pas|rien|aucune?)\b(?! seulement)|impossible (?:de|à) (?:le |la )?(?:dire|déterminer|savoir"
    r"|répondre)"
    r"|on (?:ne|n'en) (?:le )?sait (?:pas|rien)|pas (?:assez|suffisamment) d'informations?"
    r"|pas d'information"
    r"|inconnue?s?[.!]?$|(?:cela|ce|ceci) n'existe pas|nul ne (?:le )?sait",
    # Spanish, Catalan
    r"no (?:lo )?s[ée](?=[.,!]|$| (?:la|cu[aá]l|qu[eé]|si|cómo|esto|eso|nada))|ni idea"
    r"|no tengo (?:ni )?(?:la menor )?"
    r"(?:idea|(?:esa |la |suficiente |ninguna )?información|(?:esos )?datos|(?:la )?respuesta"
    r"|conocimiento)|no (?:lo )?sabemos"
    r"|(?:lo )?desconozco|no estoy (?:muy )?segur[oa]|se desconoce|no (?:se )?(?:menciona|especifica"
    r"|sabe|indica|dice)\b"
    r"|no se (?:puede|proporciona)|no (?:puedo|podría) (?:responder|determinar|decir|contestar)"
    r"|no hay (?:suficiente |ninguna )?"
    r"(?:información|datos)|no está (?:mencionad|especificad|indicad|clar)[oa]|(?:el|este) (?:texto"
    r"|pasaje|documento) no"
    r"|desconocid[oa][.!]?$|no existe\b|nadie (?:lo )?sabe|no ho sé|no ho sabem",
    # Portuguese
    r"(?:não|nao) (?:o )?(?:sei|sabemos|faço (?:a menor )?ideia|tenho (?:ideia|certeza"
    r"|(?:essa )?informaç|a resposta|dados)"
    r"|posso (?:responder|dizer|determinar)|é (?:mencionad|possível|especificad|dito|inform)|consta"
    r"|está (?:mencionad|especificad"
    r"|no texto|claro)|há (?:informaç|dados|como)|existe\b|(?:se )?(?:menciona|informa|especifica|diz)\b)"
    r"|não há (?:\w+ )?informaç|desconheço|(?:o|este) (?:texto|trecho|documento) não"
    r"|desconhecid[oa][.!]?$|ninguém sabe",
    # Italian, Romanian
    r"non (?:lo |ne |la )?(?:so\b|ho (?:idea|la minima|informazioni|dati)|saprei|sappiamo|sono sicur"
    r"|conosco|posso (?:rispondere|dire"
    r"|determinare)|è (?:specificat|not[oa]\b|possibile|menzionat|indicat|chiaro|dett)"
    r"|viene (?:specificat|menzionat|indicat|dett)"
    r"|si sa\b|ci sono (?:abbastanza )?informazioni|c'è (?:alcuna )?informazione|esiste\b)|nessuna idea"
    r"|(?:il|questo) (?:testo|brano"
    r"|documento) non|sconosciut[oa][.!]?$|nessuno lo sa|nu (?:știu|stiu|ştiu)|nu am (?:idee"
    r"|informații)|habar n-am"
    r"|(?:nu )?(?:este|e) (?:necunoscut|menționat nicăieri)|textul nu",
    # German
    r"(?:das )?(?:ich )?wei(?:ß|ss) (?:ich )?(?:es |das |die antwort |leider |darauf |auch "
    r"|wirklich )*nicht|keine ahnung"
    r"|(?:da |dessen )?bin ich (?:mir )?(?:\w+ )?nicht sicher"
    r"|ich bin (?:mir )?(?:da )?(?:\w+ )?nicht sicher|ich bin (?:mir )?unsicher"
    r"|(?:ich )?kann (?:ich )?(?:leider )?(?:das|es|die frage|diese frage"
    r"|dazu)?\s?(?:ich )?(?:leider )?(?:nicht|nichts|keine)\b"
    r"|(?:das|dies|dazu|darauf|darüber|es) (?:kann|weiß|könnte|konnte) (?:ich|man) (?:\w+ )?(?:nicht"
    r"|nichts|keine)\b"
    r"|(?:das|dies|es|davon|darüber|dazu) (?:steht|findet sich|geht) (?:\w+ )?(?:da |hier "
    r"|im text )?(?:nicht|nichts)\b"
    r"|(?:dazu|darüber|hierzu)? ?(?:gibt es|liegen) (?:\w+ )?(?:keine|nichts)[^.!?]{0,40}(?:information"
    r"|angabe|daten|hinweis|antwort|vor\b)"
    r"|(?:keine|nicht genug|nicht genügend|zu wenig)e? (?:information|angabe|daten)|(?:das|dies"
    r"|es) lässt sich [^.!?]{0,40}nicht"
    r"|(?:\w+ ){0,4}(?:ist|sind|wird|werden|wurde) (?:mir |uns |im text |hier "
    r"|leider ){0,3}nicht (?:\w+ )?(?:bekannt|angegeben|erwähnt"
    r"|möglich|klar|genannt|gesagt|zu (?:entnehmen|beantworten|ermitteln))"
    r"|(?:der|dieser|die|diese|das) (?:text|passage|abschnitt|artikel|dokument)[^.!?]{0,60}\b(?:nicht"
    r"|keine?n?)\b"
    r"|nicht (?:bekannt|angegeben|erwähnt|genannt)|unbekannt[.!]?$|ich habe (?:\w+ )?keine|niemand weiß"
    r"|(?:das )?wissen wir nicht"
    r"|im text (?:steht|wird)[^.!?]{0,40}(?:nicht|nichts)|gibt es nicht[.!]?$|existiert nicht",
    # Dutch
    r"(?:dat )?weet ik (?:het |helaas )?niet|ik weet (?:het |dat |helaas )*niet"
    r"|(?:ik heb )?geen (?:flauw )?idee|onbekend[.!]?$"
    r"|(?:dat |dit )?(?:staat|wordt|is) [^.!?,]{0,30}?niet (?:in de|vermeld|genoemd|bekend|duidelijk"
    r"|gegeven)|(?:er is |er zijn )?"
    r"(?:geen|onvoldoende|niet genoeg) (?:informatie|gegevens)|ik ben (?:er )?niet zeker|ik kan (?:dat"
    r"|het|deze vraag)[^.!?]{0,30}niet"
    r"|de tekst [^.!?]{0,40}niet|bestaat niet|niemand weet",
    # Swedish, Norwegian, Danish, Finnish
    r"(?:det )?(?:jag|jeg|eg)? ?(?:vet|ved|veit)(?: (?:jag|jeg|eg))?(?: det| faktiskt)? (?:inte|ikke"
    r"|ikkje|ej)|(?:har )?ingen (?:aning"
    r"|anelse|idé|information)|(?:jag|jeg) (?:är|er) (?:inte|ikke) (?:säker|sikker)|(?:det )?(?:framgår"
    r"|nämns|står|nevnes|nævnes|fremgår"
    r"|oppgis|anges) (?:inte|ikke|ej)|okänt[.!]?$|ukjent[.!]?$|ukendt[.!]?$|(?:texten"
    r"|teksten) [^.!?]{0,40}(?:inte|ikke)"
    r"|det finns ingen information|(?:jag|jeg) kan (?:inte|ikke)|en tiedä|en ole varma"
    r"|ei (?:ole )?(?:tietoa|mainita|tiedossa|kerrota)"
    r"|ei aavistustakaan|tekst(?:issä|i) ei|tuntematon[.!]?$",
    # Hungarian, Estonian, Latvian, Lithuanian
    r"nem tudom|nem tudjuk|fogalmam sincs|nem (?:vagyok biztos|ismert|derül ki|említi|szerepel)"
    r"|nincs (?:információ|adat)|ismeretlen[.!]?$"
    r"|(?:ma )?ei tea|(?:es )?nezinu|(?:aš )?nežinau",
    # Russian, Ukrainian, Bulgarian, Serbian
    r"(?:не|ни) (?:знаю|знаем|могу (?:сказать|ответить|определить|знать)|уверен|указан|сказан"
    r"|упоминается|упомянут|известн|говорится)"
    r"|понятия не имею|неизвестно|информации (?:\w+ )?(?:недостаточно|нет)|(?:недостаточно|нет"
    r"|мало) (?:информации|данных)|никто не знает"
    r"|(?:в|из) (?:этом )?текст[еа] [^.!?]{0,40}\bне|текст не|(?:нельзя|невозможно) (?:сказать"
    r"|определить|ответить|узнать)|не существует"
    r"|(?:я )?не знам|не (?:сам|съм) сигур|нямам представа|немам појма|не е (?:посочено|известно)"
    r"|невідомо|(?:немає|недостатньо|бракує)"
    r" (?:інформації|даних)|гадки не маю|не впевнен|не (?:вказано|зазначено|згадується|можу)|(?:у"
    r"|в) тексті [^.!?]{0,40}не|неизвестен"
    r"|няма (?:информация|данни)|nije (?:navedeno|poznato)",
    # Polish, Czech, Slovak, Croatian, Slovenian
    r"(?:ja )?nie (?:wiem|wiemy|mam (?:zielonego )?pojęcia|wiadomo|jestem (?:pewien|pewna|pewny)|podano"
    r"|mogę (?:odpowiedzieć|określić)"
    r"|ma (?:\w+ )?(?:informacji|danych)|istnieje)|brak (?:informacji|danych|odpowiedzi)"
    r"|tekst (?:tego )?nie|nikt nie wie|nieznan[yea][.!]?$"
    r"|(?:w tekście |tego )?nie (?:wspomniano|określono|podano)|(?:já |to )?nev[ií]m(?:e)?\b|netuším"
    r"|nemám (?:tušení|informace)|není (?:uvedeno"
    r"|známo|jasné)|neviem|nie je (?:uvedené|známe)|ne znam|nemam pojma|nije (?:navedeno|poznato)"
    r"|ne vem|ni (?:navedeno|znano)|text (?:to )?neuvádí",
    # Greek, Turkish, Azerbaijani
    r"δεν (?:το )?(?:ξέρω|γνωρίζω|ξέρουμε|γνωρίζουμε|αναφέρεται|είμαι (?:σίγουρ|βέβαι)|υπάρχ|μπορώ|λέει"
    r"|διευκρινίζεται)|άγνωστο[.!]?$"
    r"|δεν έχω (?:ιδέα|πληροφορ)|(?:το )?κείμενο δεν|καμία ιδέα"
    r"|[^.!?,]{0,50}?(?:bilmiyorum|bilmiyoruz|bilemiyorum|emin değilim|fikrim yok|bilinmiyor"
    r"|belirtilmemiş|belirtilmiyor|bahsedilmiyor"
    r"|söylenmiyor|yer almıyor|mevcut değil|(?:metinde|bilgim|bilgi) (?:\w+ )?yok|cevap veremem"
    r"|söyleyemem|bilmirəm)",
    # Vietnamese, Indonesian, Malay, Filipino, Swahili
    r"(?:tôi |mình |chúng tôi )?(?:không|chưa|chẳng) (?:biết|rõ|chắc|có (?:\w+ ){0,2}(?:thông tin"
    r"|dữ liệu|câu trả lời)|thể (?:xác định|trả lời)"
    r"|được (?:đề cập|nêu|nhắc))|(?:văn bản|đoạn văn)[^.!?]{0,20} không|không (?:đủ|tồn tại)"
    r"|(?:saya |aku |kami |kita |itu |ini |hal (?:itu|ini) |informasi (?:itu|ini) )?(?:tidak|kurang"
    r"|nggak|gak|tak|belum) (?:tahu|yakin|diketahui"
    r"|pasti|disebutkan|ada (?:informasi|data|jawaban)|dijelaskan|dinyatakan|dapat (?:menjawab"
    r"|ditentukan|menentukan)|bisa (?:menjawab|menentukan)"
    r"|memiliki (?:informasi|cukup)|cukup informasi|jelas)|(?:teks|bacaan)(?: ini| tersebut)? tidak"
    r"|saya tidak punya (?:informasi|ide)"
    r"|(?:informasi|jawabannya) tidak|hindi ko (?:alam|po alam)|ewan ko|walang (?:impormasyon"
    r"|nakakaalam)|sijui|sina (?:uhakika|habari)|haijulikani",
    # Arabic, Persian, Urdu, Hebrew
    r"(?:أنا )?(?:لا|لم|لست) (?:أعرف|أعلم|أدري|متأكد|نعرف|نعلم|أملك|أستطيع|يمكنني|يمكن (?:تحديد|معرفة"
    r"|الإجابة)|يذكر|يُذكر|تذكر|يرد|توجد|يوجد)"
    r"|(?:[^.!?،]{0,30} )?غير (?:معروف|مذكور|محدد|متوفر|واضح|معلوم)|ليس (?:لدي|عندي|هناك"
    r"|مذكور)[^.!?]{0,30}|لا (?:فكرة|معلومات)|النص لا|(?:ليست|ليس) لدي"
    r"|[^.!?،]{0,50}?(?:نمی[ \u200c]?دانم|نمی[ \u200c]?دونم|مطمئن نیستم|مشخص نیست|معلوم نیست|ذکر نشده"
    r"|اطلاعاتی ندارم|(?:اطلاعاتی|اطلاعات کافی) (?:\w+ )?(?:نیست|وجود ندارد))"
    r"|[^.!?،۔]{0,50}?(?:نہیں (?:معلوم|جانت|پتا|پتہ|بتایا)|معلوم نہیں|پتہ نہیں|پتا نہیں|علم نہیں)"
    r"|(?:אני |אנחנו )?(?:לא|איני|אינני) (?:יודע|בטוח|ידוע|מצוין|נאמר|מוזכר|ניתן|צוין)|אין (?:לי"
    r"|מספיק) (?:מושג|מידע|תשובה)|אין מידע",
    # Hindi, Marathi, Nepali, Bengali, Tamil, Telugu, Punjabi, Gujarati
    r"[^.!?,।]{0,60}?(?:नहीं (?:पता|मालूम|जानत|जानती|बता(?:या)?|कह|दिया|दी गई|है कि|हूँ कि|दे सकत)"
    r"|पता नहीं|मालूम नहीं|जानकारी (?:\w+ )?नहीं|उल्लेख नहीं|माहित नाही|थाहा छैन)"
    r"|(?:मुझे |मैं )?(?:निश्चित नहीं|इसका उत्तर नहीं)|अज्ञात[।.]?$"
    r"|[^.!?,।]{0,60}?(?:জানি না|জানা নেই|নিশ্চিত নই|উল্লেখ (?:করা হয়নি|নেই)|তথ্য নেই|বলা (?:হয়নি|নেই))"
    r"|[^.!?,]{0,60}?(?:தெரியாது|தெரியவில்லை|குறிப்பிடப்படவில்லை|తెలియదు|ਪਤਾ ਨਹੀਂ|ખબર નથી|അറിയില്ല|ಗೊತ್ತಿಲ್ಲ)",
)
_SUBJECT = (
    r"(?:(?:je|ich|yo|eu|io|jag|jeg|я|ja|já|ik|es|das|dat|det|dit|это|об этом|мне|мені|to|ez|ezt|azt|αυτό) )?"
)
SPACED = rf"(?:{_POLITE})?{_SUBJECT}(?:{'|'.join(_SPACED)})"
"""At a sentence's beginning."""
UNSPACED = (
    # Chinese
    r"(?:我|俺|这个|這個)?(?:不知道|不清楚|不太清楚|不确定|不確定|不了解|不晓得|不曉得|没有答案"
    r"|沒有答案|没听说过)|(?:无法|無法|不能|难以|難以)"
    r"(?:确定|確定|回答|得知|判断|判斷|知道|提供|得出|推断|推斷|获知|作答)|(?:没有|沒有|未|并未|並未|没"
    r"|沒)(?:有)?(?:提到|提及|说明|說明|说|說|给出|給出|指出"
    r"|明确|明確|告诉|提供|写|寫|(?:任何|足够的?|足夠的?|相关的?|相關的?)*(?:信息|資訊|资讯|資料|资料"
    r"|数据|數據|线索))|(?:信息|資訊|资料|資料|数据|數據)不(?:足|够|夠|详|明)"
    r"|(?:没有|沒有|没)人知道|(?:并不|不)存在|^(?:未知|不明|不详|不詳|不知|不晓得)[。.]?$"
    # Japanese
    r"|(?:わか|分か|判|解)(?:りません|らない|らん|りかねます)|知りません|知らない|存じません|不明です"
    r"|(?:答え|お答え|回答|判断|確認|特定|断定|説明)(?:られ|でき|し)"
    r"(?:ません|ない|かねます)|(?:記載|記述|言及|情報|説明|データ|手がかり)(?:は|が"
    r"|も)?(?:され(?:ていません|ていない)|ありません|ない|不足)|(?:書かれて|述べられて|言及されて"
    r"|触れられて|示されて|載って|存在して)(?:は)?い(?:ません|ない)|存在しません|自信が(?:ありません|ない)"
    # Korean
    r"|모르겠|모릅니다|몰라요|몰라\b|모른다|모르는|잘 모르|^모름|알 수 (?:없|가 없)|알지 못|확실하지 않"
    r"|확실치 않|언급(?:되|이 없|하지 않|되어 있지)|나와 ?있지 ?않|나오지 않"
    r"|(?:정보|자료|내용)(?:가|이|는)? ?(?:없|부족|충분하지)|(?:답|대답|판단|확인)할 수 (?:없|가 없)"
    r"|존재하지 않"
    # Thai, Lao, Khmer, Burmese
    r"|ไม่(?:ทราบ|รู้|แน่ใจ|มีข้อมูล|สามารถ(?:ตอบ|ระบุ|บอก)|ได้(?:กล่าวถึง|ระบุ|บอก|พูดถึง)|มีใครรู้|ปรากฏ)|บอกไม่ได้"
    r"|ບໍ່ຮູ້|មិនដឹង|မသိ"
)
"""Anywhere in a sentence."""
