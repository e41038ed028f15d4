"""Terms, tags and dates that PubMed rewrites or ignores without a word."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from casetable.problems import Severity, did_you_mean, shown
from casetable.query.dates import span_of
from casetable.query.evaluate import LEAST_TRUNCATED, is_stop_word, pmids_of
from casetable.query.lint.finding import Edit, Finding, Subject, ends_of, places_of, rule, several
from casetable.query.tags import TAG_NAMES, Field, Kind, Tag
from casetable.query.tree import Chain, Group, Node, Range, Term, walk
from casetable.query.words import words_of

L102 = rule(
    "L102",
    "unknown-tag",
    Severity.ERROR,
    summary="a tag is none of PubMed's",
    why="PubMed ignores a tag that it does not know, maps the term by itself and searches all fields, without a warning.",
    fix="Write one of PubMed's tags, as [tiab], [ti], [mh] or [au].",
    good="tocilizumab[tiab]",
    bad="tocilizumab[tiabb]",
    message="PubMed knows no tag [tiabb] and ignores it; expected one of its tags, as [tiab] or [mh]",
)
L103 = rule(
    "L103",
    "tag-on-group",
    Severity.ERROR,
    summary="a tag stands behind a group",
    why="PubMed ignores it, maps each term of the group by itself and searches all fields, without a warning.",
    fix="Put the tag behind each term of the group.",
    good="(asthma[tiab] OR copd[tiab])",
    bad="(asthma OR copd)[tiab]",
    message="the tag [tiab] stands behind a group, where PubMed ignores it; expected it behind each term",
)
L104 = rule(
    "L104",
    "ignored-modifier",
    Severity.ERROR,
    summary="a tag has a modifier that its field does not take",
    why="PubMed ignores it without a warning: 'noexp' is for [mh] and [majr], '~N' for [ti], [tiab] and [ad].",
    fix="Remove the modifier, or choose a field that takes it.",
    good="asthma[ti]",
    bad="asthma[ti:noexp]",
    message="[ti] takes no ':noexp', and PubMed ignores it; expected [ti]",
)
L105 = rule(
    "L105",
    "ignored-proximity",
    Severity.ERROR,
    summary="a proximity search is not one",
    why="PubMed ignores ':~N' without a warning where the words have no quotes, where there is one word, or where one ends in '*'.",
    fix="Put two or more whole words in quotes before the tag.",
    good='"asthma control"[tiab:~2]',
    bad="asthma control[tiab:~2]",
    message="PubMed ignores ':~2' behind words without quotes; expected \"asthma control\"[tiab:~2]",
)
L107 = rule(
    "L107",
    "short-truncation",
    Severity.ERROR,
    summary=f"a truncated word has fewer than {LEAST_TRUNCATED} characters before '*'",
    why="PubMed does not truncate it, and searches for the beginning as a whole word.",
    fix="Write the words out, joined by OR.",
    good="(lung[tiab] OR lungs[tiab])",
    bad="lun*[tiab]",
    message="'lun*' has 3 characters before '*'; expected 4 or more, or the words written out",
)
L108 = rule(
    "L108",
    "misplaced-asterisk",
    Severity.ERROR,
    summary="'*' stands elsewhere than at the end of a term",
    why="PubMed truncates at the end of a word only, and in a phrase only its last word.",
    fix="Write the forms out, joined by OR.",
    good="(tumor*[tiab] OR tumour*[tiab])",
    bad="tumo*r[tiab]",
    message="'*' stands within 'tumo*r'; expected it at the end of the term, or the forms written out",
)
L109 = rule(
    "L109",
    "foreign-wildcard",
    Severity.ERROR,
    summary="a wildcard of another database stands in a term",
    why="PubMed knows '*' alone; it drops '?', '$' and '#', and searches for what is left.",
    fix="Write the forms out, joined by OR.",
    good="(behavior[tiab] OR behaviour[tiab])",
    bad="behavio?r[tiab]",
    message="'?' in 'behavio?r' is no wildcard of PubMed; expected the forms written out, or '*' at the end",
)
L110 = rule(
    "L110",
    "stop-word",
    Severity.ERROR,
    summary="a stop word is searched by itself",
    why="PubMed does not index stop words: with a tag the term finds nothing, and what AND joins to it finds nothing either.",
    fix="Remove the term, or search for a phrase that holds it.",
    good="asthma[tiab] AND care[tiab]",
    bad="asthma[tiab] AND the[tiab]",
    message="'the' is a stop word, which PubMed does not index; expected another word, or a phrase",
)
L112 = rule(
    "L112",
    "hyphen-without-tag",
    Severity.WARNING,
    summary="a hyphenated term has neither quotes nor a tag",
    why="PubMed takes it for a phrase; if its index has no such phrase the term finds nothing, without a warning.",
    fix="Give it a tag, and add the form with a blank and the form in one word, joined by OR.",
    good='("RP-ILD"[tiab] OR RPILD[tiab])',
    bad='("RP-ILD"[tiab] OR anti-MDA5 OR RPILD[tiab] OR MDA5[tiab])',
    message="'anti-MDA5' has neither quotes nor a tag: it finds nothing where PubMed's index has no such phrase;"
    " expected a tag, and the form with a blank beside it",
)
L113 = rule(
    "L113",
    "phrase-without-quotes",
    Severity.NOTE,
    summary="words that are meant as a phrase have no quotes",
    why="PubMed parts words without quotes if its index has no such phrase, and maps all but the last by itself.",
    fix="Put the phrase in quotes.",
    good='"patient education"[tiab]',
    bad="patient education[tiab]",
    message="without quotes PubMed may part 'patient education[tiab]'; expected quotes",
)
L138 = rule(
    "L138",
    "hyphen-alone",
    Severity.NOTE,
    summary="a hyphenated term has no other form beside it",
    why="PubMed takes it for a phrase; if its index has no such phrase it finds nothing, without a warning. Authors write"
    " the words with a blank or in one, too.",
    fix="Add the form with a blank and the form in one word, joined by OR.",
    good='Lip-reading[tiab] OR "lip reading"[tiab]',
    bad="Lip-reading[tiab] OR lips[tiab]",
    message="'Lip-reading[tiab]' finds nothing where PubMed's index has no such phrase; expected the other forms beside it,"
    ' as "lip reading" or lipreading',
)
L114 = rule(
    "L114",
    "half-a-range",
    Severity.ERROR,
    summary="a range of dates has one end",
    why="PubMed does not fill in the other: the range finds nothing or limits nothing.",
    fix="Give both ends; 3000 stands for an open end.",
    good="2019:3000[dp]",
    bad="2019:[dp]",
    message="the range has no end; expected both ends, as 2019:3000[dp]",
)
L115 = rule(
    "L115",
    "faulty-date",
    Severity.ERROR,
    summary="a date is none, a range runs backwards, or has no tag",
    why="PubMed finds nothing by it, or searches for its digits as words.",
    fix="Write dates as 2019, 2019/05 or 2019/05/31, a range as 2019:2021[dp].",
    good="2019:2021[dp]",
    bad="2019-2021[dp]",
    message="'2019-2021' is no date that PubMed reads; expected 2019, 2019/05 or 2019/05/31, or a range as 2019:2021[dp]",
)
L116 = rule(
    "L116",
    "empty-term",
    Severity.ERROR,
    summary="a tag or quotes stand without a word",
    why="There is nothing to search for, so it finds nothing.",
    fix="Write the term, or remove what is left of it.",
    good='asthma[tiab] OR "copd"[tiab]',
    bad='asthma[tiab] OR ""[tiab]',
    message="'\"\"[tiab]' holds no word; expected a term before the tag",
)
L120 = rule(
    "L120",
    "tag-forgotten",
    Severity.WARNING,
    summary="a term has no tag where most others have one",
    why="PubMed maps it by itself and searches all fields, which changes with PubMed.",
    fix="Give the term its tag; if the mapping is wanted, say so in the strategy's purpose.",
    good="asthma[tiab] OR copd[tiab] OR wheeze[tiab]",
    bad="asthma[tiab] OR copd[tiab] OR wheeze",
    message="'wheeze' has no tag, where most terms have one; expected a tag, as wheeze[tiab]",
)
L121 = rule(
    "L121",
    "mapped-by-pubmed",
    Severity.NOTE,
    summary="terms have no tag, so that PubMed maps them by itself, or seeks them in all fields",
    why="What they are mapped to changes with PubMed, so that the search cannot be repeated.",
    fix="Give each term a tag, and write the headings and synonyms out that PubMed would add.",
    good="asthma[tiab] AND tocilizumab[tiab]",
    bad="asthma AND tocilizumab",
    message="PubMed maps 'asthma' and 'tocilizumab' by itself, as they have no tag; expected tags, and the synonyms written out",
)

# Tags that are meant for one of PubMed's and are none.
_MEANT = {
    "ab": "tiab",
    "abstract": "tiab",
    "ti,ab": "tiab",
    "ti/ab": "tiab",
    "ti ab": "tiab",
    "ab,ti": "tiab",
    "title,abstract": "tiab",
    "title and abstract": "tiab",
    "title abstract": "tiab",
    "title/abstracts": "tiab",
    "abstract/title": "tiab",
    "author identifier": "auid",
    "mesh heading": "mh",
    "mesh headings": "mh",
    "mesh major": "majr",
    "major topic": "majr",
    "kw": "ot",
    "keyword": "ot",
    "keywords": "ot",
    "all field": "all",
    "all text": "all",
    "publication types": "pt",
    "date": "dp",
    "year": "dp",
    "py": "dp",
    "so": "ta",
}
_FILTERS = frozenset({"hasabstract"})  # understood without a tag
_SURE = {"tiab", "auid", "mh"}  # what a fix may write in their place, but for [ab], which says less than [tiab]
_FULL_WIDTH = re.compile("[！-～]")
_SOME_DAY = dt.date(2000, 1, 1)
_FOREIGN = re.compile(r"(?<=\w)([?$#])(?=\w)|(?<=\w\w\w)([$])(?!\w)")
_UNTAGGED_RANGE = re.compile(
    r"[12][0-9]{3}(?:/[0-9]{1,2}){0,2} ?: ?[12][0-9]{3}(?:/[0-9]{1,2}){0,2}|[12][0-9]{3} ?: ?3000"
)


def _all_tags(subject: Subject) -> Iterator[tuple[Node, Tag]]:
    for node in subject.nodes:
        if isinstance(node, Group) and node.tag is not None:
            yield node, node.tag
        for term in ends_of(node):
            if term.tag is not None:
                yield term, term.tag


def tags(subject: Subject) -> Iterator[Finding]:
    for node, tag in _all_tags(subject):
        field = tag.field
        if field is None:
            meant = _MEANT.get(tag.name, "")
            wanted = f"[{meant}]" if meant else "one of its tags, as [tiab] or [mh]"
            message = f"PubMed knows no tag [{tag.text[:40]}] and ignores it; expected {wanted}"
            hint = "" if meant else did_you_mean(tag.name, TAG_NAMES)
            is_sure = meant in _SURE and tag.name not in {"ab", "abstract"} and not tag.modifier
            edits = (Edit(start=tag.start, end=tag.end, text=f"[{meant}]"),) if is_sure else ()
            yield Finding(rule=L102, start=tag.start, end=tag.end, message=message, hint=hint, edits=edits)
        elif tag.is_modifier_ignored:
            yield _ignored_modifier(node, tag, field)
        if isinstance(node, Group):
            yield _on_group(node, tag)


def _ignored_modifier(node: Node, tag: Tag, field: Field) -> Finding:
    """Tells of a modifier that PubMed ignores; where it is clear what was meant, what to write for it."""
    base = tag.text.partition(":")[0].strip()
    number = re.search(r"[0-9]{1,4}", tag.modifier)
    meant, is_sure = f"[{base}]", False
    if field.takes_noexp and re.fullmatch(r"no[ -]?exp\w*", tag.modifier):
        meant, is_sure = f"[{base}:noexp]", True
    elif field.takes_near and number and re.fullmatch(r"[ ~]*[0-9]{1,4}", tag.modifier):
        meant, is_sure = f"[{base}:~{number[0]}]", isinstance(node, Term) and node.is_quoted
    elif number and tag.modifier.startswith("~"):
        meant = f"[{base}], or [tiab:~{number[0]}] behind words in quotes"
    elif tag.modifier == "noexp":
        is_sure = True  # there are no narrower words to leave out
    message = f"[{base}] takes no ':{tag.modifier[:20]}', and PubMed ignores it; expected {meant}"
    edits = (Edit(start=tag.start, end=tag.end, text=meant),) if is_sure else ()
    return Finding(rule=L104, start=tag.start, end=tag.end, message=message, edits=edits)


def _on_group(group: Group, tag: Tag) -> Finding:
    message = f"the tag [{tag.text[:40]}] stands behind a group, where PubMed ignores it; expected it behind each term"
    inside: list[Term] = []
    edits: tuple[Edit, ...] = ()
    for node in walk(group.inner):
        if isinstance(node, Term) and node.tag is None:
            inside.append(node)
        elif not isinstance(node, Chain) and not (isinstance(node, Group) and node.tag is None):
            break  # another tag stands within
    else:
        if tag.field is not None:
            each = tuple(Edit(start=node.end, end=node.end, text=f"[{tag.text}]") for node in inside)
            edits = (*each, Edit(start=tag.start, end=tag.end, text=""))
    return Finding(rule=L103, start=tag.start, end=tag.end, message=message, edits=edits)


def proximity(subject: Subject) -> Iterator[Finding]:
    for term in subject.terms:
        if term.tag is None or term.tag.near is None or term.near is not None:
            continue
        tag, edits = term.tag, tuple[Edit, ...]()
        modifier = f":~{tag.near}"
        base = tag.text.partition(":")[0].strip()
        if "*" in term.text:
            told = f"PubMed ignores '{modifier}' where there is a '*'; expected whole words"
        elif " " not in term.text:
            told = f"PubMed ignores '{modifier}' behind one word; expected two or more in quotes, or [{base}]"
            edits = (Edit(start=tag.start, end=tag.end, text=f"[{base}]"),)
        else:
            told = f"PubMed ignores '{modifier}' behind words without quotes; expected \"{term.text[:60]}\"[{tag.text}]"
            words = subject.text[term.start : tag.start].rstrip()
            if words.split() == term.text.split():
                end = term.start + len(words)
                edits = (Edit(start=term.start, end=term.start, text='"'), Edit(start=end, end=end, text='"'))
        yield Finding(rule=L105, start=tag.start, end=tag.end, message=told, edits=edits)


def truncation(subject: Subject) -> Iterator[Finding]:
    for term in subject.terms:
        text = term.text
        stripped = text.rstrip("*").rstrip()
        if term.is_truncated:
            letters = sum(map(len, words_of(text)))
            if letters < LEAST_TRUNCATED:
                sign = " (a hyphen is none)" if "-" in text else ""
                message = (
                    f"{shown(text)} has {letters} {'character' if letters == 1 else 'characters'} before '*'{sign};"
                    f" expected {LEAST_TRUNCATED} or more, or the words written out"
                )
                yield Finding(rule=L107, start=term.start, end=term.end, message=message)
        if "*" in stripped:
            message = f"'*' stands within {shown(text)}; expected it at the end of the term, or the forms written out"
            yield Finding(rule=L108, start=term.start, end=term.end, message=message)
        if term.field is None or term.field.kind is Kind.WORDS:
            for found in _FOREIGN.finditer(text):
                sign = found[1] or found[2]
                word = next((word for word in text.split() if sign in word), text)
                message = f"{shown(sign)} in {shown(word)} is no wildcard of PubMed; expected the forms written out, or '*' at the end"
                yield Finding(rule=L109, start=term.start, end=term.end, message=message)
                break


def empty(subject: Subject) -> Iterator[Finding]:
    for term in subject.terms:
        words = words_of(term.text)
        if not words:
            message = f"{subject.written(term)} holds no word; expected a term before the tag"
            if term.tag is None:
                message = f"{subject.written(term)} holds no word; expected a term"
            yield Finding(rule=L116, start=term.start, end=term.end, message=message)
        elif is_stop_word(words) and not term.is_truncated and term.field is not None and term.field.kind is Kind.WORDS:
            message = (
                f"{shown(term.text)} is a stop word, which PubMed does not index; expected another word, or a phrase"
            )
            yield Finding(rule=L110, start=term.start, end=term.end, message=message)


def phrases(subject: Subject) -> Iterator[Finding]:
    loose = [
        term
        for term in subject.terms
        if not term.is_quoted
        and term.field is not None
        and term.field.kind is Kind.WORDS
        and not term.is_truncated
        and re.search(r"\w \w", term.text)
        and (term.tag is None or term.tag.near is None)
        and not subject.is_told(term)
    ]
    if loose and not subject.faults:
        told = several((shown(subject.text[term.start : term.end]) for term in loose), "or")
        message = f"without quotes PubMed may part {told}; expected quotes"
        yield Finding(rule=L113, start=loose[0].start, end=loose[0].end, message=message, also=places_of(loose))


def hyphens(subject: Subject) -> Iterator[Finding]:
    there = {" ".join(words_of(term.text)) for term in subject.terms if "-" not in term.text}
    there |= {form.replace(" ", "") for form in there}
    alone: list[Term] = []
    for term in subject.terms:
        hyphenated = next((word for word in term.text.split() if re.search(r"\w-\w", word)), "")
        if not hyphenated or term.is_quoted or term.is_truncated or subject.is_told(term):
            continue
        if term.tag is None:
            message = (
                f"{shown(hyphenated)} has neither quotes nor a tag: it finds nothing where PubMed's index has no such phrase;"
                " expected a tag, and the form with a blank beside it"
            )
            yield Finding(rule=L112, start=term.start, end=term.end, message=message)
        elif term.field is not None and term.field.kind is Kind.WORDS and " " not in term.text:
            words = words_of(term.text)
            if not {" ".join(words), "".join(words)} & there:
                alone.append(term)
    if alone:
        told = several(subject.written(term) for term in alone)
        first = " ".join(words_of(alone[0].text))
        message = (
            f"{told} {'finds' if len({term.text for term in alone}) == 1 else 'find'} nothing where PubMed's index has no such"
            f' phrase; expected the other forms beside it, as "{first}" or {first.replace(" ", "")}'
        )
        yield Finding(rule=L138, start=alone[0].start, end=alone[0].end, message=message, also=places_of(alone))


def dates(subject: Subject) -> Iterator[Finding]:
    for node in subject.nodes:
        if isinstance(node, Range):
            yield from _range(node, subject)
        elif isinstance(node, Term) and node.field is not None and node.field.kind is Kind.DATE:
            if words_of(node.text) and span_of(node.text, _SOME_DAY) is None:
                yield _no_date(node, node.text)
        elif isinstance(node, Term) and node.tag is None and _UNTAGGED_RANGE.fullmatch(node.text):
            message = f"{shown(node.text)} has no tag, so PubMed searches for the numbers; expected a tag, as [dp]"
            yield Finding(rule=L115, start=node.start, end=node.end, message=message)


def _range(node: Range, subject: Subject) -> Iterator[Finding]:
    field = node.field
    if not node.low.text.strip() or not node.high.text.strip():
        side, example = (
            ("end", f"{node.low.text}:3000") if node.low.text.strip() else ("begin", f"1800:{node.high.text}")
        )
        if not (node.low.text.strip() or node.high.text.strip()):
            side, example = "begin and no end", "2019:2021"
        tag = f"[{node.tag.text}]" if node.tag is not None else ""
        message = f"the range has no {side}; expected both ends, as {example}{tag}"
        yield Finding(rule=L114, start=node.start, end=node.end, message=message)
        return
    if field is None or field.kind is not Kind.DATE:
        if field is None or not field.takes_range:
            message = f"{subject.written(node)} is a range of no date; expected a date's tag, as [dp]"
            yield Finding(rule=L115, start=node.start, end=node.end, message=message)
        return
    low, high = span_of(node.low.text, _SOME_DAY), span_of(node.high.text, _SOME_DAY)
    for end, span in ((node.low, low), (node.high, high)):
        if span is None:
            yield _no_date(end, end.text)
    if low and high and low[0] > high[1]:
        message = (
            f"the range {shown(f'{node.low.text}:{node.high.text}')} runs backwards; expected the earlier date first"
        )
        yield Finding(rule=L115, start=node.start, end=node.end, message=message)


def _no_date(node: Term, text: str) -> Finding:
    message = (
        f"{shown(text)} is no date that PubMed reads; expected 2019, 2019/05 or 2019/05/31, or a range as 2019:2021[dp]"
    )
    return Finding(rule=L115, start=node.start, end=node.end, message=message)


def untagged(subject: Subject) -> Iterator[Finding]:
    tagged = [term for term in subject.terms if term.tag is not None]
    plain = [
        term
        for term in subject.terms
        if term.tag is None
        and words_of(term.text)
        and not pmids_of(term)
        and not _UNTAGGED_RANGE.fullmatch(term.text)
        and term.text.lower() not in _FILTERS
        and not _FULL_WIDTH.search(term.text)
        and term.start not in subject.in_tagged_groups
        and not subject.is_told(term)
    ]
    if not plain:
        return
    start, end = plain[0].start, plain[0].end
    names = [subject.written(term) for term in plain]
    if len(tagged) > len(plain):
        first = subject.text[start:end]
        have = "has" if len(plain) == 1 else "have"
        message = f"{several(names)} {have} no tag, where most terms have one; expected a tag, as {first[:40]}[tiab]"
        yield Finding(rule=L120, start=start, end=end, message=message, also=places_of(plain))
        return
    # Quotes and truncation keep PubMed from mapping a term.
    mapped = [term for term in plain if not term.is_quoted and not term.is_truncated]
    have = "it has" if len(plain) == 1 else "they have"
    does = (
        f"maps {several(map(subject.written, mapped))} by itself" if mapped else f"seeks {several(names)} in all fields"
    )
    message = f"PubMed {does}, as {have} no tag; expected tags{', and the synonyms written out' if mapped else ''}"
    told = mapped or plain
    yield Finding(rule=L121, start=told[0].start, end=told[0].end, message=message, also=places_of(told))


RULES = (L102, L103, L104, L105, L107, L108, L109, L110, L112, L113, L114, L115, L116, L120, L121, L138)
CHECKS = (tags, proximity, truncation, empty, dates)
LAST_CHECKS = (hyphens, phrases, untagged)
