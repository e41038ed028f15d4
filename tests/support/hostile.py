"""A review, as files, in which every text that a person or a source may write is one given text: a harmless one, or an attack."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from hashlib import sha256
from xml.sax.saxutils import escape

import yaml

from casetable.curation.files import read_strategy
from casetable.formats.logs import search_id, write_notices, write_records, write_search
from casetable.model import Record, Search
from casetable.model.notice import NoticeLog
from casetable.review import strategy_hash
from tests.conftest import SEARCHED

HARMLESS = "Harmless"
ATTACK = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)></textarea></title></select></pre><svg/onload=alert(1)>"
    "<a href=javascript:alert(1)>x</a><iframe srcdoc='<b>'></iframe>{{7*7}}{% raw %}${7*7}\u202e\u2066&lt;b&gt;]]>--><!--"
)
LINK = "javascript:alert(1)//https://x.example"
REPORT = "doe-2020"


def hostile_files(text: str, link: str = "", letter: str = "Doe") -> dict[str, bytes]:
    """Returns the files. `link` is added where an address might be made of a text."""
    who = text[:90]
    day = {"by": who, "when": "2026-01-15"}

    def cell(value: str, **more: object) -> dict[str, object]:
        return {"value": value, "reported": text, "where": text, "note": text, **more}

    values: dict[str, object] = {
        "review.yaml": {
            "title": text,
            "question": text,
            "eligibility": {"include": [text], "exclude": [text]},
            "exclusion_reasons": {"other-drug": text, "no-case": text},
            "screeners": "2",
            "max_search_age_days": "365",
            "accepts": [{"rule": "C101", "field": "false-claim", "reason": text, **day}],
        },
        "queries/main.yaml": {"source": "PubMed", "purpose": text, "strategy": "invented AND case", "must_find": ["pmid:11"]},
        "queries/own.yaml": {
            "method": "own report", "source": text, "purpose": text,
            "records": [{"title": text, "id": "r1", "authors": [text], "journal": text, "doi": f"10.1234/{link or 'x'}", "year": "2019"}],
        },
        "curated/screening.yaml": {
            "decisions": [
                {"record": "pmid:11", "stage": "reports", "decision": "include", "note": text, **day},
                {"record": "pmid:11", "stage": "reports", "decision": "include", "note": text, "by": "B. Curator", "when": "2026-01-16"},
                {"record": "pmid:12", "stage": "records", "decision": "include", "note": text, **day},
                {"record": "pmid:12", "stage": "records", "decision": "exclude", "reason": "other-drug", "note": text,
                 "by": "B. Curator", "when": "2026-01-16"},
                {"record": "pmid:13", "stage": "reports", "decision": "include", "note": text, "settles": "yes", **day},
                {"record": "pmid:14", "stage": "reports", "decision": "include", "note": text, "settles": "yes", **day},
            ]
        },
        "curated/duplicates.yaml": {"same": [], "different": [{"records": ["pmid:11", "pmid:12"], "note": text, **day}]},
        "curated/overlaps.yaml": {
            "rulings": [{"cases": [f"{REPORT}/1", "roe-2021/1"], "verdict": "different", "note": text, **day}]
        },
        "curated/claims.yaml": {
            "claims": [
                {"name": "false-claim", "text": text, "sql": "SELECT count(*) FROM cases", "expected": "99", "note": text},
                {"name": "no-claim", "text": text, "sql": text, "expected": "1"},
                {"name": "listed", "text": text, "sql": "SELECT city FROM cases", "expected": "none"},
            ]
        },
        "curated/form.yaml": {
            "fields": {
                "age": {"label": text, "group": text, "type": "number", "unit": "year", "help": text},
                "sex": {"label": text, "group": text, "type": "choice", "choices": {text: [], "male": []}, "required": "no"},
                "signs": {"label": text, "group": text, "type": "choices", "choices": {"one": [], text: []}, "required": "no"},
                "city": {"label": text, "type": "text", "required": "no", "help": text},
                "marker": {"label": text, "type": "number", "unit": "ng/ml", "series": "yes", "required": "no"},
                "drug": {"label": text, "type": "courses", "drug": text, "required": "no"},
            },
            "table": {"columns": ["age", "sex", {"field": "city", "label": text, "note": text}, "marker", "drug"], "title": text},
        },
    }  # fmt: skip
    case = {
        "eligible": "yes", "note": text, "questions": [{"question": text, "answer": text}, {"question": text}],
        "age": cell("18", unit="month"), "sex": text, "signs": [text, "one"], "city": cell(text),
        "marker": [cell("900", when=text), cell("not reported", when="day 9"),
                   {"conflicting": [cell("3"), cell("4")], "when": "day 11", "note": text}],
        "drug": [{"drug": text, "dose": "8", "unit": "mg/kg", "route": "iv", "start": text, "reported": text, "where": text, "note": text}],
    }  # fmt: skip
    for name, key in ((REPORT, "pmid:11"), ("roe-2021", "pmid:13")):
        values[f"curated/reports/{name}.yaml"] = {
            "report": key, "access": "full text", "extracted": day, "cases_in_report": "2", "eligible_cases": "1", "note": text,
            "questions": [{"question": text}],
            "cases": [{"case": "1", **case}, {"case": "2", "eligible": "no", "reason": "no-case", "note": text}],
        }  # fmt: skip
    files = {
        name: yaml.safe_dump({"schema": 1, **value}, sort_keys=False, width=100_000).encode()
        for name, value in values.items()
        if isinstance(value, dict)
    }
    files |= _searched(files, text, link, letter)
    files[f".casetable/texts/{REPORT}.txt"] = f"{text}\n\nAn invented text of {text}.\n".encode()
    files[f".casetable/texts/{REPORT}.html"] = (
        f"<html><body><h2>{escape(text)}</h2><p>{escape(text)}</p></body></html>".encode()
    )
    return files


def _searched(files: dict[str, bytes], text: str, link: str, letter: str) -> dict[str, bytes]:
    """The logs, and the cache with abstracts."""
    listed = [
        Record(
            key=f"pmid:{pmid}", origin="PubMed", title=f"{text} {pmid}", authors=(f"{letter}{text} A", text), journal=text,
            year="2020", volume=text, pages=text, pmid=str(pmid), doi=f"10.1234/{link}{pmid}", publication_types=(text,),
            headings=(text,), notices=("RetractionIn pmid:123",) if pmid == 12 else (),
        )
        for pmid in range(11, 17)
    ]  # fmt: skip
    listed[5] = replace(listed[4], key="pmid:16", pmid="16", doi="", volume="")
    records, searches = list(listed), b""
    for name in ("main", "own"):
        path = f"queries/{name}.yaml"
        strategy, problems = read_strategy(path, name, files[path])
        assert strategy is not None, problems
        keys = tuple(each.key for each in listed) if name == "main" else tuple(each.key for each in strategy.records)
        records += strategy.records
        search = Search(
            id="", previous="", strategy=name, method=strategy.method, source=strategy.source, when=SEARCHED,
            strategy_hash=strategy_hash(strategy), count=len(keys), added=keys, removed=(), tool="casetable 0",
            translation=text, warnings={text: (text,)}, term=text,
        )  # fmt: skip
        searches += write_search(replace(search, id=search_id(search)))
    answer = "".join(
        f'<PubmedArticle><MedlineCitation><PMID Version="1">{each.pmid}</PMID><Article><Journal><Title>{escape(text)}</Title></Journal>'
        f"<ArticleTitle>Invented case {escape(each.title)}</ArticleTitle><Abstract>"
        f'<AbstractText Label="{escape(text, {chr(34): "&quot;"})}">An invented case {escape(text)}</AbstractText>'
        f"<AbstractText>{escape(text)} case</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
        for each in listed[:3]
    )
    body = f"<PubmedArticleSet>{answer}</PubmedArticleSet>".encode()
    name = sha256(body).hexdigest()
    index = {"answer": name, "when": SEARCHED, "pmids": [each.pmid for each in listed[:3]]}
    return {
        "queries/records.jsonl": write_records(records),
        "queries/searches.jsonl": searches,
        "queries/notices.jsonl": write_notices(NoticeLog(asked={})),
        f".casetable/answers/{name[:2]}/{name}.xml.gz": gzip.compress(body, mtime=0),
        ".casetable/answers/index.jsonl": json.dumps(index).encode() + b"\n",
    }
