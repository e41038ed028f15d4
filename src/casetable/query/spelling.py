"""American and British spellings of words that clinicians search for."""

from __future__ import annotations

import re
from functools import cache

# Pairs of beginnings, American and British: what follows is the same in both.
_BEGINNINGS = """
anemi anaemi; anesth anaesth; apne apnoe; behavior behaviour; cecum caecum; celiac coeliac; cesarean caesarean;
color colour; colonoscop colonoscop; counsel counsel; cyanos cyanos; diarrhe diarrhoe; dyspne dyspnoe; edema oedema;
esophag oesophag; estrogen oestrogen; etiolog aetiolog; favor favour; fecal faecal; feces faeces; fetal foetal;
fetus foetus; fiber fibre; glycemi glycaemi; gynecolog gynaecolog; hematolog haematolog; hematom haematom;
hematuri haematuri; hemodialys haemodialys; hemodynamic haemodynamic; hemoglobin haemoglobin; hemolys haemolys;
hemolytic haemolytic; hemophil haemophil; hemorrhag haemorrhag; hemorrhoid haemorrhoid; hemosta haemosta;
hyperglycemi hyperglycaemi; hyperlipidemi hyperlipidaemi; hypoglycemi hypoglycaemi; hypoxemi hypoxaemi;
ischemi ischaemi; labor labour; leukemi leukaemi; leukocyt leucocyt; leukopeni leucopeni; neighbor neighbour;
odor odour; orthopedic orthopaedic; pediatric paediatric; septicemi septicaemi; bacteremi bacteraemi;
hyperferritinemi hyperferritinaemi; hemophagocyt haemophagocyt; rumor rumour; sulfasalazin sulphasalazin; sulfat sulphat;
thalassemi thalassaemi; tumor tumour; uremi uraemi; viremi viraemi; hypercalcemi hypercalcaemi; hyponatremi hyponatraemi;
hyperkalemi hyperkalaemi; hypokalemi hypokalaemi; acidemi acidaemi; toxemi toxaemi; anorexi anorexi; center centre;
liter litre; meter metre; program programme; practicing practising; analyz analys; catheteriz catheteris;
characteriz characteris; hospitaliz hospitalis; immuniz immunis; organiz organis; randomiz randomis; randomization randomisation;
sensitiz sensitis; steriliz sterilis; utiliz utilis; visualiz visualis; standardiz standardis; generaliz generalis;
localiz localis; minimiz minimis; mobiliz mobilis; optimiz optimis; penaliz penalis; prioritiz prioritis;
recogniz recognis; stabiliz stabilis; summariz summaris; vocaliz vocalis; categoriz categoris; neutraliz neutralis;
maximiz maximis; revasculariz revascularis; labeled labelled; labeling labelling; modeling modelling; traveler traveller;
counseling counselling; counselor counsellor; signaling signalling; enrollment enrolment; fulfill fulfil; aging ageing;
gray grey; mold mould; plow plough; pretense pretence; defense defence; license licence; skeptic sceptic; artifact artefact
"""
_PAIRS = [pair.split() for pair in _BEGINNINGS.replace("\n", " ").split(";")]
_OTHER: dict[str, str] = {}
for _american, _british in _PAIRS:
    if _american != _british:
        _OTHER[_american] = _british
        _OTHER[_british] = _american
_LONGEST = max(map(len, _OTHER))
# British words that are another word's American spelling, or the same in both.
_WHOLE_ONLY = frozenset(
    {"program", "programme", "analys", "analyz", "meter", "metre", "center", "centre", "liter", "litre"}
)
_ANALYSIS = re.compile(r"analys[ie]s|analyst.*")


@cache
def variants_of(word: str) -> tuple[str, ...]:
    """Returns the other spelling of a word (lower case), or nothing where there is none.

    The longest beginning counts: `haematology` is `hematology`. What differs elsewhere in a compound is not looked for.
    """
    if _ANALYSIS.fullmatch(word):
        return ()
    for length in range(min(len(word), _LONGEST), 3, -1):
        other = _OTHER.get(word[:length])
        if other is None:
            continue
        rest = word[length:]
        if word[:length] in _WHOLE_ONLY and rest not in {"", "s", "es", "ed", "ing"}:
            return ()
        return (other + rest,)
    return ()
