"""One record out of several: which one gives which field, blind to their order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from casetable.dedup import merge
from casetable.model.article import Article, Extent, Person, Section

DOE = Person(last="Doe", fore="Anna", initials="A")
PLAIN = Article(
    extent=Extent.EXPORT,
    pmid="",
    title="Zebra fever in a foal",
    authors=(DOE,),
    journal="Annals of Invented Medicine",
    volume="7",
    pages="11-15",
    published="2020",
    doi="10.1234/one",
    abstract=(Section(text="A foal was treated. " * 20),),
    keywords=("fever",),
)


def test_one_record_is_itself() -> None:
    merged = merge([PLAIN])
    assert (merged.article, merged.base, dict(merged.origins), merged.differing) == (PLAIN, 0, {}, ())


def test_what_the_fullest_lacks_another_gives() -> None:
    other = Article(extent=Extent.EXPORT, pmid="11111111", title=PLAIN.title, issue="2", pmcid="PMC1")
    full = replace(PLAIN, pmid="11111111")
    merged = merge([other, full])
    assert merged.base == 1
    assert merged.article == replace(full, issue="2", pmcid="PMC1")
    assert merged.origins == {"issue": (0,), "pmcid": (0,)}
    assert merged.differing == ()


def test_what_lost_something_gives_way() -> None:
    lost = replace(
        PLAIN,
        title="ZEBRA FEVER IN A FOAL",
        journal="Ann. Invent. Med.",
        pages="11-Mar",
        abstract=(Section(text="A foal was"),),
        authors=(Person(last="Doe", fore="A.", initials="A"),),
        publisher="Zebra",
        issue="2",
        languages=("en",),
        keywords=("fever", "zebra"),
    )
    merged = merge([lost, PLAIN])
    assert merged.base == 0
    assert merged.article == replace(PLAIN, publisher="Zebra", issue="2", languages=("en",), keywords=lost.keywords)
    assert sorted(merged.origins) == ["abstract", "authors", "journal", "pages", "title"]


def test_pubmeds_record_stands_where_it_says_something() -> None:
    pubmed = Article(pmid="11111111", title="Zebra fever.", authors=(DOE,), doi="10.1234/two", volume="8")
    merged = merge([PLAIN, pubmed])
    assert merged.base == 1
    assert (merged.article.title, merged.article.doi, merged.article.volume) == ("Zebra fever.", "10.1234/two", "8")
    assert merged.article.abstract == PLAIN.abstract
    assert {"title", "doi", "volume"} <= set(merged.differing)


def test_the_doi_is_the_one_that_most_records_have() -> None:
    wrong = replace(PLAIN, doi="10.1234/wrong", publisher="Zebra", issue="2")
    merged = merge([wrong, PLAIN, replace(PLAIN, volume="")])
    assert (merged.base, merged.article.doi) == (0, "10.1234/one")
    assert "doi" in merged.differing


def test_keywords_of_all_are_put_together_but_for_pubmeds() -> None:
    other = replace(PLAIN, keywords=("Fever", "zebra"), publisher="Zebra")
    merged = merge([PLAIN, other])
    assert set(map(str.lower, merged.article.keywords)) == {"fever", "zebra"}
    pubmed = replace(PLAIN, extent=Extent.FULL)
    assert merge([pubmed, other]).article.keywords == ("fever",)


def test_a_record_of_the_format_that_is_written_is_the_base_and_pubmeds_values_stand() -> None:
    pubmed = Article(pmid="11111111", title="Zebra fever.", authors=(DOE,), doi="10.1234/two")
    merged = merge([pubmed, PLAIN], favored=[1])
    assert merged.base == 1
    assert (merged.article.title, merged.article.pmid, merged.article.volume) == ("Zebra fever.", "11111111", "7")


def test_what_says_the_same_stays_the_base_s_own() -> None:
    pubmed = Article(pmid="11111111", title=PLAIN.title, authors=(DOE,), volume="7", published="2020")
    assert sorted(merge([pubmed, PLAIN], favored=[1]).origins) == ["pmid"]


def test_a_list_of_authors_cut_short_gives_way_to_a_whole_one() -> None:
    cut = replace(PLAIN, is_author_list_complete=False, issue="2", publisher="Zebra")
    whole = replace(PLAIN, authors=(DOE, Person(last="Roe", fore="Bo", initials="B")))
    merged = merge([cut, whole])
    assert (merged.base, merged.article.authors, merged.article.is_author_list_complete) == (0, whole.authors, True)


PARTS = st.builds(
    Article,
    extent=st.sampled_from([Extent.EXPORT, Extent.FULL]),
    pmid=st.sampled_from(["", "1", "2"]),
    title=st.sampled_from(["", "Zebra", "ZEBRA", "[Zebra]", "Zeb..."]),
    doi=st.sampled_from(["", "10.1234/a", "10.1234/b"]),
    authors=st.sampled_from([(), (DOE,), (DOE, DOE)]),
    journal=st.sampled_from(["", "Ann Med", "Ann. Med.", "ANNALS"]),
    pages=st.sampled_from(["", "1", "1-2", "02-Jan"]),
    published=st.sampled_from(["", "2020", "2020-03", "2021"]),
    volume=st.sampled_from(["", "7"]),
    keywords=st.sampled_from([(), ("a",), ("a", "b")]),
    abstract=st.sampled_from([(), (Section(text="a" * 300),), (Section(text="b" * 90),)]),
)


@given(st.lists(PARTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_merging_is_blind_to_order_and_says_where_each_field_is_from(articles: list[Article], random: object) -> None:
    merged = merge(articles)
    shuffled = list(articles)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled).article == merged.article
    base = articles[merged.base]
    for name in ("title", "doi", "pmid", "journal", "pages", "published", "volume", "abstract", "authors"):
        value = getattr(merged.article, name)
        assert value == getattr(articles[merged.origins[name][0]] if name in merged.origins else base, name)
        assert bool(value) == any(getattr(article, name) for article in articles)
    if base.extent is Extent.EXPORT:
        assert set(merged.article.keywords) == {word for article in articles for word in article.keywords}
    assert merge([merged.article]).article == merged.article
