"""Drugs and countries that are written in more than one way, under one name."""

from __future__ import annotations

import re
import unicodedata


def plain(text: str) -> str:
    """Returns a text for comparison: lower case, without accents and signs, words apart by one blank; other scripts stay."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", letters))


# --- drugs ------------------------------------------------------------------------------------------------------------

# One drug under several names: the international name first, then abbreviations, brands and other spellings.
_DRUGS = """\
cyclophosphamide: ctx, cyc, cy, cytoxan, endoxan, ivcy, ivcyc
methylprednisolone: mp, mpsl, medrol, solu medrol, solumedrol, ivmp, mpred
prednisolone: prednisone, pred, psl, pdn, deltasone
dexamethasone: dex, decadron
hydrocortisone: cortisol, solu cortef
immunoglobulin: ivig, intravenous immunoglobulin, intravenous immune globulin, gammaglobulin, gamma globulin, immune globulin, privigen, octagam
tacrolimus: fk506, tac, prograf
cyclosporine: ciclosporin, cyclosporin, cyclosporine a, csa, cya, neoral, sandimmune
mycophenolate: mmf, mycophenolate mofetil, mycophenolic acid, cellcept, myfortic
azathioprine: aza, imuran, imurek
methotrexate: mtx, rheumatrex, trexall
hydroxychloroquine: hcq, plaquenil
rituximab: rtx, mabthera, rituxan
tocilizumab: tcz, actemra, roactemra
tofacitinib: xeljanz
baricitinib: olumiant
ruxolitinib: jakafi, jakavi
infliximab: ifx, remicade
adalimumab: ada, humira
etanercept: enbrel
anakinra: kineret
canakinumab: ilaris
abatacept: orencia
eculizumab: soliris
plasma exchange: plex, pe, plasmapheresis, tpe, therapeutic plasma exchange
sulfamethoxazole: tmp smx, cotrimoxazole, co trimoxazole, bactrim, trimethoprim sulfamethoxazole, smz
acetaminophen: paracetamol, tylenol
acyclovir: aciclovir, zovirax
imatinib: gleevec, glivec
trastuzumab: herceptin
bevacizumab: avastin
nivolumab: opdivo
pembrolizumab: keytruda
ipilimumab: yervoy
levetiracetam: keppra
valproate: valproic acid, vpa, depakine, depakote
carbamazepine: cbz, tegretol
lamotrigine: ltg, lamictal
pirfenidone: esbriet
nintedanib: ofev
warfarin: coumadin
enoxaparin: lovenox, clexane
epinephrine: adrenaline
norepinephrine: noradrenaline
filgrastim: g csf, gcsf, neupogen
thalidomide: thalomid
lenalidomide: revlimid
bortezomib: velcade
vancomycin: vancocin
meropenem: merrem
"""
_DRUG = {
    plain(name): line.partition(":")[0]
    for line in _DRUGS.splitlines()
    for name in (line.partition(":")[0], *line.partition(":")[2].split(","))
}
# Words beside a drug's name that say how it was given.
_BESIDE = re.compile(
    r"\b(?:pulse|pulses|therapy|treatment|oral|intravenous|iv|po|sc|subcutaneous|high|low|dose|sodium|acetate|succinate|"
    r"tablets?|injections?|infusions?|\d+(?:mg|g|ml|kg|d)?|mg|g|kg|day|daily|weekly)\b"
)


def drug_of(text: str) -> str:
    """Returns the international name of a drug where the table has it, else the text for comparison."""
    words = plain(text)
    if words in _DRUG:
        return _DRUG[words]
    bare = " ".join(_BESIDE.sub(" ", words).split())
    return _DRUG.get(bare, bare or words)


def drugs_in(text: str) -> tuple[str, ...]:
    """Returns the drugs that a text lists, one behind another by commas, semicolons, plus signs, "and" or "then"."""
    pieces = re.split(r"[,;+/→\n]|\b(?:and|then|followed by|plus|with)\b", text.casefold())
    return tuple(dict.fromkeys(drug for piece in pieces if (drug := drug_of(piece)) and len(drug) > 1))


# --- countries --------------------------------------------------------------------------------------------------------

_COUNTRIES = """\
United States: usa, us, united states of america, u s a, u s, america
United Kingdom: uk, great britain, england, scotland, wales, northern ireland, britain
China: pr china, p r china, people s republic of china, mainland china, prc, 中国
South Korea: korea, republic of korea
Japan: 日本
Netherlands: the netherlands, holland
Germany: deutschland
Spain: espana
Turkey: turkiye
Iran: islamic republic of iran
Russia: russian federation
Czechia: czech republic
Taiwan: taiwan roc
Brazil: brasil
Vietnam: viet nam
"""
_COUNTRY = {
    plain(name): line.partition(":")[0]
    for line in _COUNTRIES.splitlines()
    for name in (line.partition(":")[0], *line.partition(":")[2].split(","))
}


def country_of(text: str) -> str:
    """Returns a country under the name that most write, where it has several; else as it is written."""
    return _COUNTRY.get(plain(text), " ".join(text.split()))
