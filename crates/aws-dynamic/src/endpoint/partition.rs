//! Partitions of AWS: which one a region is of, and what its hosts end in (Smithy, "AWS rules engine
//! library functions", `aws.partition`).

use std::borrow::Cow;
use std::fmt;

use super::label::{Labels, is_host};
use super::value::Value;

/// The partition of regions that no other one claims.
const FALLBACK: &str = "aws";

/// The longest region that is looked at, in bytes. A longer one could not stand in a host.
const LONGEST: usize = 63;

/// All partitions.
#[derive(Clone, Debug, Default)]
pub struct Partitions<'r> {
    pub(super) all: Vec<Partition<'r>>,
}

/// A partition. What its name is to a region that it does not list, its pattern tells.
#[derive(Clone, Debug)]
pub(super) struct Partition<'r> {
    pub(super) name: Cow<'r, str>,
    pub(super) dns_suffix: Cow<'r, str>,
    pub(super) dual_stack_dns_suffix: Cow<'r, str>,
    pub(super) implicit_global_region: Cow<'r, str>,
    pub(super) supports_fips: bool,
    pub(super) supports_dual_stack: bool,
    pub(super) regions: Vec<Cow<'r, str>>,
    pub(super) pattern: Pattern<'r>,
}

/// A part of a partition that rules ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartitionPart {
    Name,
    DnsSuffix,
    DualStackDnsSuffix,
    SupportsFips,
    SupportsDualStack,
    ImplicitGlobalRegion,
}

/// A regular expression of the few forms that AWS's partitions have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern<'r>(Vec<Piece<'r>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'r> {
    Text(Cow<'r, str>),
    /// `(one|other)`
    Either(Vec<Cow<'r, str>>),
    /// `\w+`
    Word,
    /// `\d+`
    Digits,
}

impl<'r> Partitions<'r> {
    /// The partition of a region: the one that lists it, else the one whose pattern it matches, else
    /// the partition `aws`. None if there is no such partition either.
    pub(super) fn of(&self, region: &str) -> Option<&Partition<'r>> {
        self.known(region).or_else(|| self.all.iter().find(|p| p.name == FALLBACK))
    }

    /// The partition that lists a region, else the one whose pattern it matches.
    fn known(&self, region: &str) -> Option<&Partition<'r>> {
        let lists = |p: &&Partition<'_>| p.regions.iter().any(|listed| *listed == region);
        let all = || self.all.iter();
        all()
            .find(lists)
            .or_else(|| all().find(|p| region.len() <= LONGEST && p.pattern.matches(region)))
    }

    /// These, with the regions that a newer list adds to them; and what of it is left out. A
    /// partition's name, suffixes and pattern are never a newer list's to say: a suffix decides what
    /// is a host of AWS.
    pub fn with_regions_of(&self, newer: &Self) -> (Self, Vec<String>) {
        let (mut joined, mut left_out) = (self.clone(), Vec::new());
        for theirs in &newer.all {
            let Some(ours) = joined.all.iter_mut().find(|ours| ours.name == theirs.name) else {
                left_out.push(format!("partition {}: it is not known here", theirs.name));
                continue;
            };
            let suffixes =
                |p: &Partition<'_>| [p.dns_suffix.to_string(), p.dual_stack_dns_suffix.to_string()];
            if suffixes(ours) != suffixes(theirs) {
                let name = &theirs.name;
                left_out.push(format!("partition {name}: it has other DNS suffixes than here"));
                continue;
            }
            for region in &theirs.regions {
                let is_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                let fits = region.len() <= LONGEST && region.bytes().all(is_label);
                let claimed = self.all.iter().find(|p| {
                    p.regions.contains(region) || (p.name != ours.name && p.pattern.matches(region))
                });
                match claimed {
                    Some(_) if ours.regions.contains(region) => {}
                    None if fits => ours.regions.push(region.clone()),
                    Some(_) | None => {
                        left_out.push(format!("region {region:?}: it is not of {}", theirs.name));
                    }
                }
            }
        }
        (joined, left_out)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The name of a region's partition (`aws`, `aws-cn`, ...), by the rules that `aws.partition` has.
    pub fn name_of(&self, region: &str) -> Option<&str> {
        self.of(region).map(|partition| &*partition.name)
    }

    /// Whether a text is a region that can be of the same partition as another.
    pub fn is_region_beside(&self, text: &str, region: &str) -> bool {
        let name = self.known(text).map(|partition| &partition.name);
        name.is_some() && name == self.of(region).map(|partition| &partition.name)
    }

    /// What stands before the region in the name of a host of AWS: `a.b` of
    /// `a.b.eu-west-1.amazonaws.com`. None of any other host: the name must be lower case, have all
    /// its labels, and end as those of the region's own partition do.
    pub fn before_region<'h>(&self, host: &'h str, region: &str) -> Option<&'h str> {
        let partition = self.of(region)?;
        let before = [&partition.dns_suffix, &partition.dual_stack_dns_suffix]
            .into_iter()
            .find_map(|end| host.strip_suffix(&**end)?.strip_suffix('.'))?
            .strip_suffix(region)?
            .strip_suffix('.')?;
        let is_lower = !before.bytes().any(|byte| byte.is_ascii_uppercase());
        let is_region = is_host(region, Labels::One);
        (is_lower && is_region && is_host(before, Labels::Many)).then_some(before)
    }
}

impl Partition<'_> {
    pub(super) fn part(&self, part: PartitionPart) -> Value<'_> {
        Value::Text(Cow::Borrowed(match part {
            PartitionPart::Name => &self.name,
            PartitionPart::DnsSuffix => &self.dns_suffix,
            PartitionPart::DualStackDnsSuffix => &self.dual_stack_dns_suffix,
            PartitionPart::ImplicitGlobalRegion => &self.implicit_global_region,
            PartitionPart::SupportsFips => return Value::Bool(self.supports_fips),
            PartitionPart::SupportsDualStack => return Value::Bool(self.supports_dual_stack),
        }))
    }
}

impl<'r> Pattern<'r> {
    /// Reads an expression; none if it has a form that no partition has had so far.
    pub(super) fn parse(expression: Cow<'r, str>) -> Option<Self> {
        let mut rest = expression.strip_prefix('^')?.strip_suffix('$')?;
        let mut pieces = Vec::new();
        let owned = |text: &str| Cow::Owned(text.to_owned());
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("\\w+") {
                pieces.push(Piece::Word);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("\\d+") {
                pieces.push(Piece::Digits);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("\\-") {
                pieces.push(Piece::Text(Cow::Borrowed("-")));
                rest = after;
            } else if let Some(after) = rest.strip_prefix('(') {
                let (inner, after) = after.split_once(')')?;
                if !inner.split('|').all(is_plain) {
                    return None;
                }
                pieces.push(Piece::Either(inner.split('|').map(owned).collect()));
                rest = after;
            } else {
                let end = rest.find(['\\', '(']).unwrap_or(rest.len());
                let (text, after) = rest.split_at_checked(end)?;
                if !is_plain(text) {
                    return None;
                }
                pieces.push(Piece::Text(owned(text)));
                rest = after;
            }
        }
        Some(Self(pieces))
    }

    fn matches(&self, text: &str) -> bool {
        matches(&self.0, text)
    }
}

/// The expression, as it was read.
impl fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("^")?;
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(&text.replace('-', "\\-"))?,
                Piece::Either(all) => write!(f, "({})", all.join("|"))?,
                Piece::Word => f.write_str("\\w+")?,
                Piece::Digits => f.write_str("\\d+")?,
            }
        }
        f.write_str("$")
    }
}

/// A text that means itself in a regular expression.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Tries every way to read a text as these pieces: at most its length to the power of the pieces
/// that repeat, which are two.
fn matches(pieces: &[Piece<'_>], text: &str) -> bool {
    let Some((piece, later)) = pieces.split_first() else { return text.is_empty() };
    let after = |piece: &str| text.strip_prefix(piece).is_some_and(|rest| matches(later, rest));
    match piece {
        Piece::Text(piece) => after(piece),
        Piece::Either(all) => all.iter().any(|one| after(one)),
        Piece::Word => {
            runs(text, |c| c.is_ascii_alphanumeric() || c == '_').any(|rest| matches(later, rest))
        }
        Piece::Digits => runs(text, |c| c.is_ascii_digit()).any(|rest| matches(later, rest)),
    }
}

/// What follows one, two, ... leading characters of a class.
fn runs(text: &str, class: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let ends = text.char_indices().take_while(move |(_, c)| class(*c));
    ends.filter_map(|(at, c)| text.get(at + c.len_utf8()..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_regular_expressions_do() {
        let check = |pattern: &'static str, text: &str, expected| {
            let expression = pattern;
            let pattern = Pattern::parse(Cow::Borrowed(expression)).unwrap();
            assert_eq!(pattern.to_string(), expression);
            assert_eq!(pattern.matches(text), expected, "{text:?}");
        };
        let aws = r"^(us|eu|mx)\-\w+\-\d+$";
        for (text, expected) in [
            ("us-east-1", true),
            ("mx-any_thing9-12345", true),
            ("eu-1-1", true),
            ("", false),
            ("us", false),
            ("us-east", false),
            ("us-east-", false),
            ("us--1", false),
            ("us-east-1a", false),
            ("us-east-1\n", false),
            ("xus-east-1", false),
            ("us-gov-east-1", false),
            ("us-é-1", false),
            ("us-east-１", false),
        ] {
            check(aws, text, expected);
        }
        check(r"^eusc\-(de)\-\w+\-\d+$", "eusc-de-east-1", true);
        check(r"^eusc\-(de)\-\w+\-\d+$", "eusc-fr-east-1", false);
        check(r"^\w+\d+$", "a11", true);
        check(r"^\w+\d+$", "11", true);
        check(r"^\w+\d+$", "1", false);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for pattern in
            ["", "us", "^us", "us$", "^u.$", "^(a|b$", "^(a|)$", r"^\s+$", "^[a]$", "^a*$", r"^\w$"]
        {
            assert_eq!(Pattern::parse(Cow::Borrowed(pattern)), None, "{pattern}");
        }
    }

    fn partition(
        name: &'static str,
        region: &'static str,
        pattern: &'static str,
    ) -> Partition<'static> {
        let text = Cow::Borrowed;
        Partition {
            name: text(name),
            dns_suffix: text("a"),
            dual_stack_dns_suffix: text("b"),
            implicit_global_region: text("c"),
            supports_fips: true,
            supports_dual_stack: false,
            regions: vec![text(region)],
            pattern: Pattern::parse(text(pattern)).unwrap(),
        }
    }

    #[test]
    fn a_newer_list_adds_regions_and_nothing_else() {
        let known = Partitions {
            all: vec![
                partition("aws", "us-listed-1", r"^(us|eu)\-\w+\-\d+$"),
                partition("aws-x", "x-global", r"^x\-\w+\-\d+$"),
            ],
        };
        let mut newer = known.clone();
        let add = |partition: &mut Partition<'static>, regions: &[&'static str]| {
            partition.regions.extend(regions.iter().map(|region| Cow::Borrowed(*region)));
        };
        // One is new; the others are another partition's, or could not be in a host.
        add(&mut newer.all[0], &["us-new-1", "x-other-1", "x-global", "evil.example/"]);
        newer.all[1].dns_suffix = Cow::Borrowed("evil.example");
        add(&mut newer.all[1], &["x-new-1"]);
        newer.all.push(partition("aws-new", "new-1", r"^new\-\d+$"));
        let (joined, left_out) = known.with_regions_of(&newer);
        let regions: Vec<_> = joined.all.iter().map(|p| p.regions.join(" ")).collect();
        assert_eq!(regions, ["us-listed-1 us-new-1", "x-global"]);
        assert_eq!(joined.all[1].dns_suffix, "a");
        assert_eq!(left_out.len(), 5, "{left_out:?}");
    }

    #[test]
    fn a_list_counts_more_than_a_pattern() {
        let mut partitions = Partitions {
            all: vec![
                partition("aws-x", "x-global", r"^us\-\w+\-\d+$"),
                partition("aws", "us-listed-1", r"^(us|eu)\-\w+\-\d+$"),
            ],
        };
        let check = |partitions: &Partitions<'_>, region: &str, expected: Option<&str>| {
            assert_eq!(partitions.name_of(region), expected);
        };
        check(&partitions, "us-listed-1", Some("aws"));
        check(&partitions, "us-other-1", Some("aws-x"));
        check(&partitions, "x-global", Some("aws-x"));
        check(&partitions, "eu-any-1", Some("aws"));
        check(&partitions, "nowhere", Some("aws"));
        let endless = format!("us-{}-1", "a".repeat(1 << 20));
        check(&partitions, &endless, Some("aws"));
        partitions.all.pop();
        check(&partitions, "nowhere", None);
    }

    #[test]
    fn a_region_is_of_its_partition_or_of_none() {
        let partitions = Partitions {
            all: vec![
                partition("aws-x", "x-global", r"^us\-\w+\-\d+$"),
                partition("aws", "eu-listed-1", r"^(eu)\-\w+\-\d+$"),
            ],
        };
        let check = |text: &str, region: &str, expected: bool| {
            assert_eq!(partitions.is_region_beside(text, region), expected, "{text:?}");
        };
        check("us-east-1", "us-west-2", true);
        check("x-global", "us-west-2", true);
        check("us-east-1", "eu-listed-1", false);
        check("eu-listed-1", "eu-any-1", true);
        // What no partition knows is not of the one that everything falls back to.
        for text in
            ["", "nowhere", "eu-west-1.evil.example", "eu-west-1/", "evil.example#eu-west-1"]
        {
            check(text, "eu-any-1", false);
        }
    }

    #[test]
    fn a_host_of_a_region_is_nothing_else() {
        let mut one = partition("aws", "eu-listed-1", r"^(eu)\-\w+\-\d+$");
        one.dns_suffix = Cow::Borrowed("amazonaws.com");
        one.dual_stack_dns_suffix = Cow::Borrowed("api.aws");
        let partitions = Partitions { all: vec![one] };
        let check = |host: &str, region: &str, expected: Option<&str>| {
            assert_eq!(partitions.before_region(host, region), expected, "{host:?}");
        };
        check("a.b.eu-any-1.amazonaws.com", "eu-any-1", Some("a.b"));
        check("a.eu-any-1.api.aws", "eu-any-1", Some("a"));
        for host in [
            "",
            "evil.example",
            "eu-any-1.amazonaws.com",
            ".eu-any-1.amazonaws.com",
            "a..b.eu-any-1.amazonaws.com",
            "a.eu-any-2.amazonaws.com",
            "a.xeu-any-1.amazonaws.com",
            "a.eu-any-1.xamazonaws.com",
            "a.eu-any-1.amazonaws.com.",
            "a.eu-any-1.amazonaws.com.evil.example",
            "a.eu-any-1.amazonaws.com:443",
            "a.eu-any-1.amazonaws.com/",
            "u@a.eu-any-1.amazonaws.com",
            "evil.example/.eu-any-1.amazonaws.com",
            "evil.example?.eu-any-1.amazonaws.com",
            "evil.example#.eu-any-1.amazonaws.com",
            "evil.example\\.eu-any-1.amazonaws.com",
            "a%2f.eu-any-1.amazonaws.com",
            "A.eu-any-1.amazonaws.com",
            "é.eu-any-1.amazonaws.com",
            "a\n.eu-any-1.amazonaws.com",
            "-a.eu-any-1.amazonaws.com",
            "a.eu-any-1.amazonaws.com\n",
        ] {
            check(host, "eu-any-1", None);
        }
        check("a..amazonaws.com", "", None);
        check("a.b.c.amazonaws.com", "b.c", None);
    }
}
