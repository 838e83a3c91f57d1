//! What a function of the rules takes and gives.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use super::arn::{Arn, ArnPart};
use super::parameters::Argument;
use super::partition::{Partition, PartitionPart};
use super::url::{Url, UrlPart};

/// A value while rules are evaluated. Texts are borrowed where they can be: cloning is cheap.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Unset,
    Bool(bool),
    Integer(i64),
    Text(Cow<'a, str>),
    List(List<'a>),
    /// Shared, as an ARN is, because values are moved often and these are large.
    Url(Rc<Url<'a>>),
    Arn(Rc<Arn<'a>>),
    Partition(&'a Partition<'a>),
}

/// A list of texts.
#[derive(Clone, Debug)]
pub(super) enum List<'a> {
    Given(&'a [&'a str]),
    Made(Vec<Cow<'a, str>>),
    /// What stands between two separators in a text.
    Split(Cow<'a, str>, [char; 2]),
}

/// A step into a value. The names of all parts differ, so that a name tells what it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Url(UrlPart),
    Arn(ArnPart),
    Partition(PartitionPart),
    /// A place in a list, from its end if it is negative.
    Place(i64),
}

/// Every named step, in the order in which they are packed.
pub(super) const STEPS: [(&str, Step); 16] = [
    ("scheme", Step::Url(UrlPart::Scheme)),
    ("authority", Step::Url(UrlPart::Authority)),
    ("path", Step::Url(UrlPart::Path)),
    ("normalizedPath", Step::Url(UrlPart::NormalizedPath)),
    ("isIp", Step::Url(UrlPart::IsIp)),
    ("partition", Step::Arn(ArnPart::Partition)),
    ("service", Step::Arn(ArnPart::Service)),
    ("region", Step::Arn(ArnPart::Region)),
    ("accountId", Step::Arn(ArnPart::AccountId)),
    ("resourceId", Step::Arn(ArnPart::ResourceId)),
    ("name", Step::Partition(PartitionPart::Name)),
    ("dnsSuffix", Step::Partition(PartitionPart::DnsSuffix)),
    ("dualStackDnsSuffix", Step::Partition(PartitionPart::DualStackDnsSuffix)),
    ("supportsFIPS", Step::Partition(PartitionPart::SupportsFips)),
    ("supportsDualStack", Step::Partition(PartitionPart::SupportsDualStack)),
    ("implicitGlobalRegion", Step::Partition(PartitionPart::ImplicitGlobalRegion)),
];

/// A part of a text, borrowed if the text is.
pub(super) fn cut<'a>(text: &Cow<'a, str>, range: Range<usize>) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => text.get(range).map(Cow::Borrowed),
        Cow::Owned(text) => text.get(range).map(|part| Cow::Owned(part.to_owned())),
    }
}

impl<'a> Value<'a> {
    /// Whether a condition of this value holds: neither unset nor false.
    pub(super) fn holds(&self) -> bool {
        !matches!(self, Self::Unset | Self::Bool(false))
    }

    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        let Self::Text(text) = self else { return None };
        Some(text.clone())
    }

    pub(super) fn bool(&self) -> Option<bool> {
        let Self::Bool(value) = self else { return None };
        Some(*value)
    }

    pub(super) fn integer(&self) -> Option<i64> {
        let Self::Integer(value) = self else { return None };
        Some(*value)
    }

    /// What a step leads to; unset if this value has no such part.
    pub(super) fn step(&self, step: Step) -> Self {
        match (step, self) {
            (Step::Url(part), Self::Url(url)) => url.part(part),
            (Step::Arn(part), Self::Arn(arn)) => arn.part(part),
            (Step::Partition(part), Self::Partition(partition)) => partition.part(part),
            (Step::Place(place), Self::List(list)) => {
                list.get(place).map_or(Self::Unset, Self::Text)
            }
            (Step::Url(_) | Step::Arn(_) | Step::Partition(_) | Step::Place(_), _) => Self::Unset,
        }
    }
}

impl<'a> From<Argument<'a>> for Value<'a> {
    fn from(argument: Argument<'a>) -> Self {
        match argument {
            Argument::Text(text) => Self::Text(Cow::Borrowed(text)),
            Argument::Bool(value) => Self::Bool(value),
            Argument::List(list) => Self::List(List::Given(list)),
        }
    }
}

impl<'a> List<'a> {
    pub(super) fn get(&self, place: i64) -> Option<Cow<'a, str>> {
        let place = match usize::try_from(place) {
            Ok(place) => place,
            Err(_) => self.len().checked_sub(usize::try_from(place.unsigned_abs()).ok()?)?,
        };
        match self {
            Self::Given(list) => list.get(place).map(|text| Cow::Borrowed(*text)),
            Self::Made(list) => list.get(place).cloned(),
            Self::Split(text, separators) => {
                let part = text.split(separators).nth(place)?;
                // Where the part begins is where what follows the parts before it begins.
                let start = text.split(separators).take(place).map(|part| part.len() + 1).sum();
                cut(text, start..start + part.len())
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Given(list) => list.len(),
            Self::Made(list) => list.len(),
            Self::Split(text, separators) => text.split(separators).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_from_both_ends() {
        let made = ["a", "", "c"].map(Cow::Borrowed).to_vec();
        let lists = [
            List::Given(&["a", "", "c"]),
            List::Made(made),
            List::Split(Cow::Borrowed("a:/c"), [':', '/']),
            List::Split(Cow::Owned("a//c".to_owned()), [':', '/']),
        ];
        for list in lists {
            let at = |place| list.get(place).map(Cow::into_owned);
            assert_eq!([at(0), at(1), at(2)].map(Option::unwrap), ["a", "", "c"], "{list:?}");
            assert_eq!([at(-3), at(-1)].map(Option::unwrap), ["a", "c"], "{list:?}");
            for place in [3, -4, i64::MAX, i64::MIN] {
                assert_eq!(at(place), None, "{list:?} {place}");
            }
        }
    }

    #[test]
    fn a_part_that_is_not_there_is_unset() {
        let url = Value::Url(Rc::new(Url::parse(Cow::Borrowed("https://a.b")).unwrap()));
        for (name, step) in STEPS {
            let holds = !matches!(url.step(step), Value::Unset);
            assert_eq!(holds, matches!(step, Step::Url(_)), "{name}");
            assert!(!Value::Unset.step(step).holds(), "{name}");
        }
        assert!(!url.step(Step::Place(0)).holds());
    }
}
