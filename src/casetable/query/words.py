"""Words as PubMed's index has them: no case, no accents, no punctuation; and the words that it leaves out."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode's decomposition does not take apart.
_PLAIN = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
}


class _Folding(dict[int, str]):
    """What each character becomes in a word, found once a character: `É` becomes e, a hyphen a space."""

    def __missing__(self, code: int) -> str:
        folded = ""
        for character in unicodedata.normalize("NFKD", chr(code)).casefold():
            category = unicodedata.category(character)
            if character.isalnum() or category == "Mc":
                folded += _PLAIN.get(character, character)
            elif category not in {"Mn", "Me"}:
                folded += " "
        self[code] = folded
        return folded


_FOLDING = _Folding()
_WORD = re.compile("[^ ]+")
_ASCII = {code: _FOLDING[code] for code in range(128)}  # a plain dict is much faster, where it is enough

# PubMed's help, "Stopwords".
_STOP = """
a about again all almost also although always among an and another any are as at be because been before being between
both but by can could did do does done due during each either enough especially etc for found from further had has have
having here how however i if in into is it its itself just kg km made mainly make may mg might ml mm most mostly must
nearly neither no nor obtained of often on our overall perhaps pmid quite rather really regarding seem seen several
should show showed shown shows significantly since so some such than that the their theirs them then there therefore
these they this those through thus to upon use used using various very was we were what when which while with within
without would
"""
STOP_WORDS = frozenset(_STOP.split())

# MeSH's abbreviations of its subheadings.
_ABBREVIATED = """
aa analogs & derivatives; ab abnormalities; ad administration & dosage; ae adverse effects; ag agonists;
ah anatomy & histology; ai antagonists & inhibitors; an analysis; bi biosynthesis; bl blood; bs blood supply;
cf cerebrospinal fluid; ch chemistry; ci chemically induced; cl classification; cn congenital; co complications;
cs chemical synthesis; cy cytology; de drug effects; df deficiency; dg diagnostic imaging; dh diet therapy; di diagnosis;
dt drug therapy; ec economics; ed education; eh ethnology; em embryology; en enzymology; ep epidemiology; es ethics;
et etiology; ge genetics; gd growth & development; hi history; im immunology; in injuries; ip isolation & purification;
ir innervation; lj legislation & jurisprudence; me metabolism; mi microbiology; mo mortality; mt methods; nu nursing;
og organization & administration; pa pathology; pc prevention & control; pd pharmacology; ph physiology;
pk pharmacokinetics; po poisoning; pp physiopathology; ps parasitology; px psychology; py pathogenicity;
ra radiation effects; rh rehabilitation; sc secondary; sd supply & distribution; sn statistics & numerical data;
st standards; su surgery; td trends; th therapy; tm transmission; to toxicity; tr transplantation; tu therapeutic use;
ul ultrastructure; ur urine; ve veterinary; vi virology
"""
# Languages by the codes that records carry.
_SPOKEN = """
afr afrikaans; alb albanian; ara arabic; arm armenian; aze azerbaijani; bos bosnian; bul bulgarian; cat catalan;
chi chinese; cze czech; dan danish; dut dutch; eng english; epo esperanto; est estonian; fin finnish; fre french;
geo georgian; ger german; gla scottish gaelic; gre greek, modern; heb hebrew; hin hindi; hrv croatian; hun hungarian;
ice icelandic; ind indonesian; ita italian; jpn japanese; kin kinyarwanda; kor korean; lat latin; lav latvian;
lit lithuanian; mac macedonian; mal malayalam; mao maori; may malay; mul multiple languages; nor norwegian; per persian;
pol polish; por portuguese; pus pushto; rum romanian; rus russian; san sanskrit; slo slovak; slv slovenian; spa spanish;
srp serbian; swe swedish; tha thai; tur turkish; ukr ukrainian; und undetermined; urd urdu; vie vietnamese; wel welsh
"""


def _table(text: str) -> dict[str, str]:
    return {code: name for code, _, name in (row.strip().partition(" ") for row in text.split(";"))}


_SUBHEADINGS = _table(_ABBREVIATED)
LANGUAGES = _table(_SPOKEN)


def words_of(text: str) -> list[str]:
    """Returns the words of a text in their order; hyphens, apostrophes and all punctuation part them."""
    if text.isascii():
        return text.translate(_ASCII).split()
    return text.translate(_FOLDING).split()


def placed_words(text: str) -> list[tuple[str, int, int]]:
    """Returns the words of a text as `words_of` does, each with the place of its characters: `text[start:end]`.

    Accents that stand apart from their letter belong to its word; of `1½`, both words, 11 and 2, end with the same
    character.
    """
    if text.isascii():
        return [(found[0], found.start(), found.end()) for found in _WORD.finditer(text.translate(_ASCII))]
    pieces = [_FOLDING[ord(character)] for character in text]
    owners = [at for at, piece in enumerate(pieces) for _ in piece]
    words = []
    for found in _WORD.finditer("".join(pieces)):
        end = owners[found.end() - 1] + 1
        while end < len(pieces) and not pieces[end]:
            end += 1
        words.append((found[0], owners[found.start()], end))
    return words


@lru_cache(maxsize=1 << 16)
def key_of(text: str) -> str:
    """Returns a whole value as it is compared: its words with one space between."""
    return " ".join(words_of(text))


@lru_cache(maxsize=1 << 12)
def subheading_key(text: str) -> str:
    """Returns a subheading as it is compared: in full, and `&` as good as `and`."""
    key = key_of(text)
    return " ".join(word for word in words_of(_SUBHEADINGS.get(key, key)) if word != "and")
