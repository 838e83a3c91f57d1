use super::*;

fn first(search: &Search<'_>, text: &str) -> String {
    let hits = search.find(&Query { text, service: None, effect: None, limit: 1 });
    hits.first().map_or(String::new(), |hit| hit.operation.name().to_owned())
}

#[test]
fn descriptions_are_searched_and_count_less_than_names() {
    let index = Index::get().unwrap();
    let search = Search::of(index).unwrap().with_descriptions([
        ("braket", "GetDevice", "Tells of the flabbergast of a quantum computer."),
        ("braket", "GetJob", "Speaks of buckets, and of buckets again."),
        ("nowhere", "GetNothing", "flabbergast"),
        ("braket", "GetNothing", "flabbergast"),
    ]);
    assert_eq!(first(&Search::of(index).unwrap(), "flabbergast"), "");
    assert_eq!(first(&search, "flabbergast"), "GetDevice");
    assert_eq!(first(&search, "buckets"), "ListBuckets");
}

#[test]
fn a_search_is_small() {
    let search = Search::get().unwrap();
    let size = search.table.size() + search.members.size() + search.vocabulary.size();
    assert!(size < 8 << 20, "{size}");
}
