//! One payload of an operation, as small as makes sense: what is required, and in what is required
//! something rather than nothing. It is valid by `validate` and by the schema; whether it makes sense to
//! the service, nobody knows before it is asked.

use serde_json::{Map, Number, Value};

use super::pattern;
use super::text::{likely, name_of};
use crate::model::terms::{Kind, Location};
use crate::model::{Member, Operation, Shape};
use crate::validate::{regex, words};

/// How many values are looked at before the search for a payload ends.
const FUEL: usize = 20_000;

/// How many entries a list or map may have to have.
const ENTRIES: u64 = 1_000;

/// An input with what is required, with values as they typically are.
pub fn example(operation: Operation<'_>) -> Value {
    let service = operation.service();
    let mut maker = Maker { service: service.signing_name(), inside: Vec::new(), fuel: FUEL };
    let made = operation.input().and_then(|shape| maker.structure(shape));
    made.unwrap_or_else(|| Map::new().into())
}

/// A payload in the making. Each of its functions gives none where there is no end: a shape inside
/// itself, or bounds that contradict each other.
#[derive(Debug)]
struct Maker<'a> {
    service: &'a str,
    /// The rows of the structures around.
    inside: Vec<usize>,
    fuel: usize,
}

impl<'a> Maker<'a> {
    fn structure(&mut self, shape: Shape<'a>) -> Option<Value> {
        let is_inside = self.inside.contains(&shape.row());
        if is_inside || self.fuel == 0 {
            return None;
        }
        self.inside.push(shape.row());
        let made = if shape.kind() == Kind::Union { self.one(shape) } else { self.required(shape) };
        self.inside.pop();
        made.map(Value::Object)
    }

    /// One member of a union, a plain one if there is any.
    fn one(&mut self, shape: Shape<'a>) -> Option<Map<String, Value>> {
        let (plain, other): (Vec<_>, Vec<_>) = shape.members().partition(|m| is_plain(*m));
        let made = plain.into_iter().chain(other).find_map(|member| {
            let value = self.member(member)?;
            Some((member.name().to_owned(), value))
        });
        Some(Map::from_iter([made?]))
    }

    fn required(&mut self, shape: Shape<'a>) -> Option<Map<String, Value>> {
        let mut made = Map::new();
        for member in shape.members().filter(|m| m.is_required() && !m.is_idempotency_token()) {
            made.insert(member.name().to_owned(), self.member(member)?);
        }
        // Nothing is required of the input itself, or there is something already.
        if self.inside.len() == 1 || !made.is_empty() {
            return Some(made);
        }
        let usual = |member: &Member<'a>| !member.is_deprecated() && !member.is_idempotency_token();
        let (plain, other): (Vec<_>, Vec<_>) =
            shape.members().filter(usual).partition(|member| is_plain(*member));
        // A key without its value would say little.
        let is_key =
            |member: &Member<'a>| ["key", "name"].contains(&&*member.name().to_lowercase());
        let count = if plain.first().is_some_and(is_key) { 2 } else { 1 };
        for member in plain.into_iter().take(count) {
            if let Some(value) = self.member(member) {
                made.insert(member.name().to_owned(), value);
            }
        }
        // Of several structures one is probably meant to be chosen; a single one is an option.
        if made.is_empty() && other.len() > 1 {
            let first = other.into_iter().find_map(|m| Some((m.name(), self.member(m)?)));
            made.extend(first.map(|(name, value)| (name.to_owned(), value)));
        }
        Some(made)
    }

    fn member(&mut self, member: Member<'a>) -> Option<Value> {
        self.value(member, member.name())
    }

    fn value(&mut self, member: Member<'a>, name: &'a str) -> Option<Value> {
        self.fuel = self.fuel.checked_sub(1)?;
        let shape = member.shape();
        if member.is_json_value() {
            return Some(Map::from_iter([("key".to_owned(), "value".into())]).into());
        }
        match shape.kind() {
            Kind::Structure | Kind::Union => self.structure(shape),
            Kind::Document => Some(Map::new().into()),
            Kind::List => self.list(shape, name),
            Kind::Map => self.map(shape, name),
            Kind::String | Kind::Character => self.text(shape, member, name).map(Value::from),
            Kind::Boolean => Some(false.into()),
            Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => {
                integer(shape)
            }
            Kind::Float | Kind::Double | Kind::BigDecimal => Some(number(shape).into()),
            Kind::Timestamp => Some("2026-01-31T12:00:00Z".into()),
            Kind::Blob => Some(bytes(shape)),
        }
    }

    fn list(&mut self, shape: Shape<'a>, name: &'a str) -> Option<Value> {
        let (min, max) = lengths(shape);
        let entry = match shape.element().filter(|_| max > 0) {
            Some(element) if self.inside.len() < 64 => self.value(element, name_of(element, name)),
            Some(_) | None => None,
        };
        match entry {
            Some(entry) if min <= ENTRIES => {
                Some(std::iter::repeat_n(entry, usize::try_from(min.max(1)).ok()?).collect())
            }
            Some(_) | None => (min == 0).then(|| Value::Array(Vec::new())),
        }
    }

    fn map(&mut self, shape: Shape<'a>, name: &'a str) -> Option<Value> {
        let (min, max) = lengths(shape);
        let mut made = Map::new();
        let value = match shape.value().filter(|_| max > 0) {
            Some(value) if min <= ENTRIES => self.value(value, name_of(value, name)),
            Some(_) | None => None,
        };
        if let Some((key, value)) = shape.key().zip(value) {
            let first = self.text(key.shape(), key, "key")?;
            let known = key.shape().enum_values().map(str::to_owned);
            let numbered = (1..=ENTRIES).map(|number| format!("{first}{number}"));
            let (_, longest) = lengths(key.shape());
            for key in std::iter::once(first.clone()).chain(known).chain(numbered) {
                if made.len() as u64 >= min.max(1) {
                    break;
                }
                if key.len() as u64 <= longest {
                    made.insert(key, value.clone());
                }
            }
        }
        (made.len() as u64 >= min).then(|| made.into())
    }

    fn text(&self, shape: Shape<'a>, member: Member<'a>, name: &'a str) -> Option<String> {
        let (least, most) = lengths(shape);
        let least = if member.location() == Some(Location::Uri) { least.max(1) } else { least };
        let fits_length = |text: &str| (least..=most).contains(&(text.chars().count() as u64));
        let known = member.enum_values().chain(shape.enum_values());
        if let Some(known) = known.into_iter().find(|text| fits_length(text)) {
            return Some(known.to_owned());
        }
        let pattern = shape.pattern();
        let read = pattern.and_then(regex);
        let fits = |text: &String| {
            fits_length(text) && read.as_ref().is_none_or(|regex| regex.is_match(text.as_bytes()))
        };
        let likely = likely(self.service, shape, name);
        if let Some(text) = likely.iter().find(|text| fits(text)) {
            return Some(text.clone());
        }
        let length = usize::try_from(least).ok()?;
        let from_pattern = pattern.map(|pattern| pattern::texts(pattern, length));
        if let Some(text) = from_pattern.into_iter().flatten().find(fits) {
            return Some(text);
        }
        // Nothing matches: then at least the length is right.
        let text = likely.into_iter().find(|text| fits_length(text));
        let padded = || (least <= 1 << 20 && least <= most).then(|| "a".repeat(length));
        text.or_else(padded)
    }
}

/// Whether a member is no structure, list or map.
fn is_plain(member: Member<'_>) -> bool {
    match member.shape().kind() {
        Kind::Structure | Kind::Union | Kind::List | Kind::Map | Kind::Document => false,
        Kind::String
        | Kind::Character
        | Kind::Boolean
        | Kind::Byte
        | Kind::Short
        | Kind::Integer
        | Kind::Long
        | Kind::BigInteger
        | Kind::Float
        | Kind::Double
        | Kind::BigDecimal
        | Kind::Timestamp
        | Kind::Blob => true,
    }
}

/// The bounds of a length.
fn lengths(shape: Shape<'_>) -> (u64, u64) {
    let bound = |bound: Option<Number>| bound.and_then(|bound| bound.as_u64());
    (bound(shape.min()).unwrap_or_default(), bound(shape.max()).unwrap_or(u64::MAX))
}

/// 1, or what is nearest to it.
fn integer(shape: Shape<'_>) -> Option<Value> {
    let whole = |bound: Number, up: f64| {
        // What is no whole number is beyond what an integer is compared with, or rounded inwards.
        bound.as_i64().or_else(|| bound.as_f64().map(|bound| (bound + up).floor() as i64))
    };
    let min = shape.min().and_then(|min| whole(min, 0.999_999)).unwrap_or(i64::MIN);
    let max = shape.max().and_then(|max| whole(max, 0.0)).unwrap_or(i64::MAX);
    (min <= max).then(|| 1_i64.clamp(min, max).into())
}

fn number(shape: Shape<'_>) -> Number {
    let one = Number::from(1);
    match (shape.min(), shape.max()) {
        (Some(min), _) if !words::at_most(&min, &one) => min,
        (_, Some(max)) if !words::at_most(&one, &max) => max,
        _ => one,
    }
}

fn bytes(shape: Shape<'_>) -> Value {
    let (min, max) = lengths(shape);
    let length = usize::try_from(min.max(7).min(max).min(1 << 20)).unwrap_or_default();
    let bytes: Vec<u8> = b"example".iter().copied().cycle().take(length).collect();
    aws_smithy_types::base64::encode(bytes).into()
}
