//! Words of names and of what people write: parted where separators stand or letters change their
//! case, and reduced to a stem, so that `DBInstances`, `db-instance` and `a DB instance` meet.

/// What is read of a text; the rest says nothing new.
const MOST_BYTES: usize = 1_000;
const MOST_WORDS: usize = 48;

/// Words that look as if they were two.
const WHOLE: [&str; 8] =
    ["dynamodb", "graphql", "ipv4", "ipv6", "iot", "oauth", "saml", "quicksight"];
/// Words whose ending is none.
const AS_THEY_ARE: [&str; 12] = [
    "finding",
    "setting",
    "meeting",
    "listing",
    "string",
    "during",
    "kinesis",
    "redis",
    "alias",
    "analysis",
    "synthesis",
    "atlas",
];

/// A word as it stands in a text, in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    /// Nothing, or no more than a hyphen or an underscore, parts it from the word before.
    pub tight: bool,
    /// A colon stands behind it.
    pub colon: bool,
}

/// The words of a text, at most 48 of its first 1,000 bytes. Options of command lines, with their
/// values, are left out.
pub(super) fn of_text(text: &str) -> Vec<Word> {
    let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or_default();
    let mut words = Vec::new();
    let mut option = false;
    for written in text.split_whitespace() {
        let value = option;
        option = written.starts_with("--") && written.len() > 2 && !written.contains('=');
        if !value && !written.starts_with("--") && !is_region(written) {
            of_name(written, &mut words);
        }
        if words.len() >= MOST_WORDS {
            break;
        }
    }
    words.truncate(MOST_WORDS);
    words
}

/// Whether it is a region's name, `eu-central-1`, which tells where and not what.
fn is_region(written: &str) -> bool {
    let mut parts = written.trim_end_matches(|c: char| !c.is_alphanumeric()).rsplit('-');
    let number = parts.next().is_some_and(|part| matches!(part.as_bytes(), [b'0'..=b'9']));
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase());
    number
        && matches!(written.as_bytes(), [_, _, b'-', ..])
        && parts.clone().count() >= 2
        && parts.all(letters)
}

/// The words of a name, or of whatever stands between two spaces.
pub(super) fn of_name(name: &str, words: &mut Vec<Word>) {
    let mut tight = false;
    for run in name.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let separator = run.chars().next_back().filter(|c| !c.is_alphanumeric());
        let run = run.trim_end_matches(|c: char| !c.is_alphanumeric());
        let mut rest = run;
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(first_part(rest));
            words.push(Word { text: part.to_lowercase(), tight, colon: false });
            tight = true;
            rest = behind;
        }
        tight = tight && matches!(separator, Some('-' | '_'));
        if let Some(last) = words.last_mut().filter(|_| separator == Some(':')) {
            last.colon = true;
        }
    }
}

/// The length of the first part of a run of letters and digits.
fn first_part(run: &str) -> usize {
    let begins = |whole: &&&str| {
        run.get(..whole.len()).is_some_and(|start| start.eq_ignore_ascii_case(whole))
    };
    if let Some(whole) = WHOLE.iter().find(begins) {
        let plural = run.get(whole.len()..).is_some_and(|rest| rest == "s");
        return whole.len() + usize::from(plural);
    }
    let letters: Vec<(usize, char)> = run.char_indices().collect();
    for (before, window) in letters.windows(2).enumerate() {
        let [(_, one), (at, other)] = *window else { continue };
        let next = letters.get(before + 2).map(|(_, c)| *c);
        if !other.is_uppercase() {
            continue;
        }
        if !one.is_uppercase() {
            return at;
        }
        // `DBInstance` ends before its `I`, `ELBs` does not end before its `B`.
        let after = letters.get(before + 3).map(|(_, c)| *c);
        let plural = next == Some('s') && after.is_none_or(char::is_uppercase);
        if next.is_some_and(char::is_lowercase) && !plural {
            return at;
        }
        if plural {
            return letters.get(before + 3).map_or(run.len(), |(at, _)| *at);
        }
    }
    run.len()
}

/// Whether a word in small letters reads as more than one.
pub(super) fn is_plural(word: &str) -> bool {
    word.len() > 3
        && word.ends_with('s')
        && !word.ends_with("ss")
        && !word.ends_with("us")
        && !word.ends_with("is")
        && !AS_THEY_ARE.contains(&word)
}

/// What is left of a word in small letters without the endings of number, tense and deed.
pub(super) fn stem(word: &str) -> String {
    let mut stem = singular(word);
    if AS_THEY_ARE.contains(&stem.as_str()) || !stem.is_ascii() {
        return stem;
    }
    for ending in ["ing", "ed"] {
        let rest = stem.strip_suffix(ending).unwrap_or_default();
        if rest.len() >= 3 && rest.contains(['a', 'e', 'i', 'o', 'u', 'y']) {
            stem.truncate(rest.len());
            let mut letters = stem.bytes().rev();
            let doubled = letters.next().filter(|last| letters.next() == Some(*last));
            if doubled.is_some_and(|b| !b"lsz".contains(&b)) {
                stem.pop();
            }
            break;
        }
    }
    let deed = stem.strip_suffix("ion").filter(|rest| rest.len() >= 4);
    if let Some(rest) = deed.filter(|rest| rest.ends_with(['t', 's'])) {
        stem.truncate(rest.len());
    }
    if stem.len() > 3 && stem.ends_with('e') {
        stem.pop();
    }
    stem
}

fn singular(word: &str) -> String {
    if !is_plural(word) {
        return word.to_owned();
    }
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| rest.len() > 1) {
        return format!("{rest}y");
    }
    let hissing = ["sses", "xes", "ches", "shes", "zzes"];
    let ending = if hissing.iter().any(|ending| word.ends_with(ending)) { 2 } else { 1 };
    word.get(..word.len() - ending).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parted_as_they_are_read() {
        let check = |name: &str, expected: &str| {
            let words: Vec<_> = of_text(name).into_iter().map(|word| word.text).collect();
            assert_eq!(words.join(" "), expected, "{name}");
        };
        check("DescribeDBInstances", "describe db instances");
        check("describe-db-instances", "describe db instances");
        check("s3:ListBuckets", "s3 list buckets");
        check("ListHostedZonesByVPC", "list hosted zones by vpc");
        check("SwapEnvironmentCNAMEs", "swap environment cnames");
        check("list ELBs, please", "list elbs please");
        check("GetIPv6PoolCidrs", "get ipv6 pool cidrs");
        check("EC2Instance", "ec2 instance");
        check("ListFindingsV2", "list findings v2");
        check("DynamoDB", "dynamodb");
        check("instances of us-gov-west-1 or eu-central-1?", "instances of or");
        check("m5-large-1 ec2-1 s3-a-1", "m5 large 1 ec2 1 s3 a 1");
        check("aws s3 ls --region eu-west-1 --debug", "aws s3 ls");
        check("GROSSE Straße 山", "grosse straße 山");
        check(" -- :: - ", "");
    }

    #[test]
    fn words_know_what_binds_them() {
        let words = of_text("s3:list-buckets now");
        let tight: Vec<_> = words.iter().map(|word| word.tight).collect();
        assert_eq!(tight, [false, false, true, false]);
        assert!(words[0].colon && !words[1].colon);
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["policy", "policies"][..],
            &["instance", "instances"],
            &["delete", "deletes", "deleted", "deleting", "deletion"],
            &["tag", "tags", "tagged", "tagging"],
            &["rotate", "rotation", "rotating"],
            &["encrypt", "encryption", "encrypted"],
            &["patch", "patches"],
            &["index", "indexes"],
            &["execute", "execution", "executions"],
            &["finding", "findings"],
            &["process", "processes"],
            &["kubernetes"],
        ] {
            for form in forms {
                assert_eq!(stem(form), stem(forms[0]), "{form}");
            }
        }
        for (one, other) in [("finding", "find"), ("setting", "set"), ("status", "state")] {
            assert_ne!(stem(one), stem(other), "{one}");
        }
    }

    #[test]
    fn what_is_read_is_bounded() {
        assert_eq!(of_text(&"ä".repeat(50_000)).len(), 1);
        assert_eq!(of_text(&"a ".repeat(50_000)).len(), MOST_WORDS);
        assert!(of_text(&"aB".repeat(50_000)).len() <= MOST_WORDS);
    }
}
