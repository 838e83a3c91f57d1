//! Names are compared as people write them: in any letter case, and with spaces, hyphens and
//! underscores left out, so that `StartInstances`, `start-instances` and `start_instances` are one,
//! and so are `Cost Explorer` and `cost-explorer`. Nothing is allocated: lookups come with each call.

use std::cmp::Ordering;

/// Whether two names are the same name.
pub(crate) fn same(one: &str, other: &str) -> bool {
    compare(one, other) == Ordering::Equal
}

/// The order in which the catalog is sorted.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    letters(one).cmp(letters(other))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|b| !matches!(b, b' ' | b'-' | b'_')).map(|b| b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_as_people_write_them() {
        for name in ["StartInstances", "start-instances", "start_instances", "START INSTANCES"] {
            assert!(same("StartInstances", name), "{name}");
        }
        assert!(same("Cost Explorer", "cost-explorer"));
        assert!(!same("runtime.lex", "runtimelex"));
        assert!(!same("StartInstance", "StartInstances"));
        assert!(!same("", "s3"));
        assert_eq!(compare("list-b", "ListA"), Ordering::Greater);
    }
}
