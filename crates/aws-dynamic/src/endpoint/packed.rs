//! The packed form of the rules, and its decoding. What is written once for each service and differs
//! little from one to the next compresses best as it stands, so there is no table of texts.
//!
//! The file: `AWSE` and a version byte; the length of the payload (4 bytes, little endian); the sum of
//! the bytes after it (8 bytes); the payload as one zstd frame. A count is a varint, a text its length
//! and its bytes, a list its length and its items. The payload:
//! 1. a text: sources, as they are shown;
//! 2. a list of partitions: name, DNS suffix, that of dual-stack hosts, implicit global region and
//!    pattern as texts, a byte (1 FIPS, 2 dual-stack), the list of regions;
//! 3. a list of services, sorted: name, length of the rules in bytes;
//! 4. the rules of each service: a list of parameters, a list of rules.
//!
//! A parameter is its name, a byte for its kind, one for its built-in (counted from 1, or 0), one that
//! is 1 if it is required, and its default: 0 none, 1 false, 2 true, 3 a text, which follows.
//! A rule is a list of conditions (a byte that is 1 if the value is kept, an expression), and a byte: 0
//! and an endpoint, 1 and an expression for an error, 2 and a list of rules.
//! The first byte of an expression: 0 a text, 1 false, 2 true, 3 an integer, 4 a template, 5 a part (an
//! expression, a list of steps), 6 a call (the function, a list of arguments), 64 and more a variable.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::function::Function;
use super::parameters::{BuiltIn, Default, Kind, Parameter};
use super::partition::{Partition, Partitions, Pattern};
use super::rules::{Rules, Service};
use super::tree::{
    Condition, DEEPEST, Expression, Keep, Rule, RuleSet, Scheme, Shape, Target, Then,
};
use super::value::{STEPS, Step};
use crate::bytes::{Bytes, sum, unpack};
use crate::catalog::Broken;

type Result<T> = std::result::Result<T, Broken>;

pub(super) const HEAD: &[u8] = b"AWSE\x01";
/// The first byte of an expression that is a variable.
pub(super) const VARIABLES: u8 = 64;
/// Some times today's payload; bounds what a damaged length makes us allocate.
const MOST: usize = 4 << 20;

/// What is packed, unpacked but not read.
#[derive(Debug)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// Unpacks packed rules. Fails, and does no more than that, on whatever is not that.
    pub fn unpack(packed: &[u8]) -> Result<Self> {
        let mut packed = Bytes(packed);
        if packed.take(HEAD.len())? != HEAD {
            return Err(broken("do not begin as those of this version do"));
        }
        let length = packed.array().map(u32::from_le_bytes)? as usize;
        if length > MOST {
            return Err(broken("have no plausible length"));
        }
        let expected = packed.array().map(u64::from_le_bytes)?;
        if sum(packed.0) != expected {
            return Err(broken("have a wrong sum"));
        }
        unpack(packed.0, length).map(Self).map_err(|error| error.of("the endpoint rules"))
    }
}

/// Reads sources, partitions and the list of services.
pub(super) fn read(payload: &Payload) -> Result<Rules<'_>> {
    let mut reader = Reader::new(&payload.0);
    let sources = reader.text()?;
    let partitions = Partitions { all: reader.list(Reader::partition)? };
    let mut services =
        reader.list(|reader| Ok((reader.text()?, reader.bytes.varint()?)))?.into_iter();
    let services =
        services.try_fold(Vec::<Service<'_>>::new(), |mut services, (name, length)| {
            if services.last().is_some_and(|last| last.name >= name) {
                return Err(broken("are not sorted"));
            }
            let body = reader.bytes.take(length)?;
            services.push(Service { name, body, rules: OnceLock::new() });
            Ok(services)
        })?;
    reader.ended()?;
    Ok(Rules { sources, partitions, services })
}

/// Reads the rules of one service.
pub(super) fn rule_set(body: &[u8]) -> Result<RuleSet<'_>> {
    let mut reader = Reader::new(body);
    let parameters = reader.list(Reader::parameter)?;
    reader.variables = parameters.len();
    let rules = reader.list(Reader::rule)?;
    reader.ended()?;
    Ok(RuleSet { parameters, rules })
}

fn broken(what: &str) -> Broken {
    Broken::new(&format!("the endpoint rules {what}"))
}

struct Reader<'p> {
    bytes: Bytes<'p>,
    /// How many parameters and variables there are where it stands.
    variables: usize,
    depth: usize,
}

impl<'p> Reader<'p> {
    fn new(bytes: &'p [u8]) -> Self {
        Self { bytes: Bytes(bytes), variables: 0, depth: 0 }
    }

    fn ended(&self) -> Result<()> {
        if self.bytes.0.is_empty() { Ok(()) } else { Err(broken("have something left over")) }
    }

    fn text(&mut self) -> Result<&'p str> {
        let length = self.bytes.varint()?;
        std::str::from_utf8(self.bytes.take(length)?).map_err(|_| broken("are not UTF-8"))
    }

    fn cow(&mut self) -> Result<Cow<'p, str>> {
        self.text().map(Cow::Borrowed)
    }

    /// No room is made ahead: an item takes a byte at least, and it is their bytes that bound them.
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = self.bytes.varint()?;
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(item(self)?);
        }
        Ok(list)
    }

    fn flag(&mut self) -> Result<bool> {
        match self.bytes.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(broken("have an unknown flag")),
        }
    }

    /// One of a table.
    fn one_of<T: Copy>(&mut self, table: &[T]) -> Result<T> {
        let place = self.bytes.byte()?;
        table.get(usize::from(place)).copied().ok_or_else(|| broken("name what is not known"))
    }

    fn integer(&mut self) -> Result<i64> {
        let folded = i64::try_from(self.bytes.varint()?).map_err(|_| broken("have no integer"))?;
        Ok((folded >> 1) ^ -(folded & 1))
    }

    /// What may contain itself.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEEPEST {
            return Err(broken("are nested too deeply"));
        }
        self.depth += 1;
        let inner = inner(self);
        self.depth -= 1;
        inner
    }

    fn partition(&mut self) -> Result<Partition<'p>> {
        let [name, dns_suffix, dual_stack_dns_suffix, implicit_global_region, pattern] =
            [self.cow()?, self.cow()?, self.cow()?, self.cow()?, self.cow()?];
        let flags = self.bytes.byte()?;
        Ok(Partition {
            name,
            dns_suffix,
            dual_stack_dns_suffix,
            implicit_global_region,
            supports_fips: flags & 1 != 0,
            supports_dual_stack: flags & 2 != 0,
            regions: self.list(Self::cow)?,
            pattern: Pattern::parse(pattern)
                .ok_or_else(|| broken("have an unknown pattern of regions"))?,
        })
    }

    fn parameter(&mut self) -> Result<Parameter<'p>> {
        Ok(Parameter {
            name: self.cow()?,
            kind: self.one_of(&Kind::ALL)?,
            built_in: match self.bytes.byte()?.checked_sub(1) {
                None => None,
                Some(place) => Some(
                    *BuiltIn::ALL
                        .get(usize::from(place))
                        .ok_or_else(|| broken("have an unknown built-in"))?,
                ),
            },
            required: self.flag()?,
            default: match self.bytes.byte()? {
                0 => None,
                1 => Some(Default::Bool(false)),
                2 => Some(Default::Bool(true)),
                3 => Some(Default::Text(self.cow()?)),
                _ => return Err(broken("have an unknown default")),
            },
        })
    }

    fn rule(&mut self) -> Result<Rule<'p>> {
        let variables = self.variables;
        let rule = self.nested(|reader| {
            Ok(Rule { conditions: reader.list(Self::condition)?, then: reader.then()? })
        });
        self.variables = variables;
        rule
    }

    fn condition(&mut self) -> Result<Condition<'p>> {
        let keep = self.one_of(&[Keep::No, Keep::Yes])?;
        let value = self.expression()?;
        match keep {
            Keep::Yes => self.variables += 1,
            Keep::No => {}
        }
        Ok(Condition { value, keep })
    }

    fn then(&mut self) -> Result<Then<'p>> {
        Ok(match self.bytes.byte()? {
            0 => Then::Endpoint(Box::new(self.target()?)),
            1 => Then::Error(self.expression()?),
            2 => Then::Rules(self.list(Self::rule)?),
            _ => return Err(broken("have an unknown result")),
        })
    }

    fn target(&mut self) -> Result<Target<'p>> {
        Ok(Target {
            url: self.expression()?,
            headers: self.list(|r| Ok((r.cow()?, r.list(Self::expression)?)))?,
            schemes: self.list(Self::scheme)?,
            properties: self.list(|r| Ok((r.cow()?, r.shape()?)))?,
        })
    }

    fn scheme(&mut self) -> Result<Scheme<'p>> {
        Ok(Scheme {
            name: self.cow()?,
            signing_name: self.flag()?.then(|| self.expression()).transpose()?,
            signing_region: self.flag()?.then(|| self.expression()).transpose()?,
            signing_region_set: self.list(Self::expression)?,
            disable_double_encoding: self.flag()?,
            disable_normalize_path: self.flag()?,
        })
    }

    fn shape(&mut self) -> Result<Shape<'p>> {
        self.nested(|reader| {
            Ok(match reader.bytes.byte()? {
                0 => Shape::Value(reader.expression()?),
                1 => Shape::List(reader.list(Self::shape)?),
                2 => Shape::Map(reader.list(|r| Ok((r.cow()?, r.shape()?)))?),
                _ => return Err(broken("have an unknown property")),
            })
        })
    }

    fn expression(&mut self) -> Result<Expression<'p>> {
        self.nested(|reader| {
            Ok(match reader.bytes.byte()? {
                0 => Expression::Text(reader.cow()?),
                1 => Expression::Bool(false),
                2 => Expression::Bool(true),
                3 => Expression::Integer(reader.integer()?),
                4 => Expression::Template(reader.list(Self::expression)?),
                5 => Expression::Part(Box::new(reader.expression()?), reader.list(Self::step)?),
                6 => {
                    let function = reader.one_of(&Function::ALL)?;
                    let arguments = reader.list(Self::expression)?;
                    if !function.takes(arguments.len()) {
                        return Err(broken("call a function with a wrong number of arguments"));
                    }
                    Expression::Call(function, arguments)
                }
                first => match first.checked_sub(VARIABLES).map(usize::from) {
                    Some(place) if place < reader.variables => Expression::Variable(place),
                    Some(_) | None => return Err(broken("name a variable that is not there")),
                },
            })
        })
    }

    fn step(&mut self) -> Result<Step> {
        let place = usize::from(self.bytes.byte()?);
        match STEPS.get(place) {
            Some((_, step)) => Ok(*step),
            None if place == STEPS.len() => self.integer().map(Step::Place),
            None => Err(broken("name an unknown part")),
        }
    }
}

#[cfg(test)]
mod tests;
