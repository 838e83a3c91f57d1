//! Evaluation: from parameters, by rules, to an endpoint. Rules are tried in their order; a condition
//! that is unset or false ends its rule (Smithy, "Rules engine specification").

use std::borrow::Cow;
use std::rc::Rc;

use super::arn::Arn;
use super::function::{End, Function, split, substring, uri_encode};
use super::label::{Labels, is_bucket, is_host};
use super::parameters::{BuiltIn, Parameters};
use super::partition::Partitions;
use super::resolved::{AuthScheme, Endpoint, EndpointError, Property};
use super::tree::{Expression, Keep, Rule, RuleSet, Scheme, Shape, Target, Then};
use super::url::{Url, UrlPart};
use super::value::{List, Step, Value};

type Result<T> = std::result::Result<T, EndpointError>;

impl<'r> RuleSet<'r> {
    /// The endpoint for these parameters.
    ///
    /// Most rules put a region into a host without looking at it, so this looks: a region must be
    /// labels of a host name, and nothing but the user's own endpoint may bring to the host part of
    /// the URL what does not belong to a name.
    pub fn resolve(
        &self,
        parameters: &Parameters<'_>,
        partitions: &Partitions<'_>,
    ) -> Result<Endpoint> {
        let mut evaluation = Evaluation { set: self, partitions, stack: self.bind(parameters)? };
        match evaluation.walk(&self.rules) {
            Ok(Some(endpoint)) => evaluation.has_region().map(|()| endpoint),
            Ok(None) => Err(EndpointError::NoRule),
            // No URL, because the region is none.
            Err(EndpointError::Url) => evaluation.has_region().and(Err(EndpointError::Url)),
            Err(error) => Err(error),
        }
    }

    fn bind<'a>(&'a self, parameters: &Parameters<'a>) -> Result<Vec<Value<'a>>> {
        // Room for the variables of most rules.
        let mut stack = Vec::with_capacity(self.parameters.len() + 12);
        for parameter in &self.parameters {
            let value = parameters.of(parameter).or_else(|| parameter.default());
            stack.push(match value {
                Some(value) if value.kind() == parameter.kind => value.into(),
                Some(_) => {
                    return Err(EndpointError::Kind {
                        parameter: parameter.name.clone().into_owned(),
                        expected: parameter.kind,
                    });
                }
                None if parameter.required => {
                    return Err(EndpointError::Missing(parameter.name.clone().into_owned()));
                }
                None => Value::Unset,
            });
        }
        Ok(stack)
    }
}

struct Evaluation<'a> {
    set: &'a RuleSet<'a>,
    partitions: &'a Partitions<'a>,
    /// The parameters, then the variables of the rule at hand and of those above it.
    stack: Vec<Value<'a>>,
}

impl<'a> Evaluation<'a> {
    fn walk(&mut self, rules: &'a [Rule<'a>]) -> Result<Option<Endpoint>> {
        for rule in rules {
            let height = self.stack.len();
            if self.holds(rule)? {
                return match &rule.then {
                    Then::Endpoint(target) => self.endpoint(target).map(Some),
                    Then::Error(words) => Err(EndpointError::Rule(self.text(words)?.into_owned())),
                    // A rule whose conditions held is the one: its siblings have no say any more.
                    Then::Rules(below) => self.walk(below),
                };
            }
            self.stack.truncate(height);
        }
        Ok(None)
    }

    fn holds(&mut self, rule: &'a Rule<'a>) -> Result<bool> {
        for condition in &rule.conditions {
            let value = self.value(&condition.value)?;
            if !value.holds() {
                return Ok(false);
            }
            match condition.keep {
                Keep::Yes => self.stack.push(value),
                Keep::No => {}
            }
        }
        Ok(true)
    }

    fn value(&self, expression: &'a Expression<'a>) -> Result<Value<'a>> {
        Ok(match expression {
            Expression::Text(text) => Value::Text(Cow::Borrowed(text)),
            Expression::Bool(value) => Value::Bool(*value),
            Expression::Integer(value) => Value::Integer(*value),
            Expression::Variable(_) => self.look(expression)?.into_owned(),
            Expression::Template(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    text.push_str(&self.text(piece)?);
                }
                Value::Text(Cow::Owned(text))
            }
            Expression::Part(of, steps) => {
                let start = self.look(of)?;
                steps.iter().fold(start, |value, step| Cow::Owned(value.step(*step))).into_owned()
            }
            Expression::Call(function, arguments) => self.call(*function, arguments)?,
        })
    }

    /// A value that may stay where it is.
    fn look(&self, expression: &'a Expression<'a>) -> Result<Cow<'_, Value<'a>>> {
        match expression {
            Expression::Variable(place) => {
                Ok(self.stack.get(*place).map_or(Cow::Owned(Value::Unset), Cow::Borrowed))
            }
            Expression::Text(_)
            | Expression::Bool(_)
            | Expression::Integer(_)
            | Expression::Template(_)
            | Expression::Part(_, _)
            | Expression::Call(_, _) => self.value(expression).map(Cow::Owned),
        }
    }

    fn text(&self, expression: &'a Expression<'a>) -> Result<Cow<'a, str>> {
        let text = self.look(expression)?.text();
        text.ok_or(EndpointError::Broken("a text is needed where none is"))
    }

    fn call(&self, function: Function, arguments: &'a [Expression<'a>]) -> Result<Value<'a>> {
        let value = |place: usize| match arguments.get(place) {
            Some(argument) => self.look(argument),
            None => Ok(Cow::Owned(Value::Unset)),
        };
        let text = |place| Ok(value(place)?.text());
        let flag = |place| Ok(value(place)?.bool() == Some(true));
        let labels = |place| Ok(if flag(place)? { Labels::Many } else { Labels::One });
        Ok(match function {
            Function::BooleanEquals => {
                let both = value(0)?.bool().zip(value(1)?.bool());
                Value::Bool(both.is_some_and(|(one, other)| one == other))
            }
            Function::StringEquals => {
                let both = text(0)?.zip(text(1)?);
                Value::Bool(both.is_some_and(|(one, other)| one == other))
            }
            Function::IsSet => Value::Bool(!matches!(*value(0)?, Value::Unset)),
            Function::Not => Value::Bool(!value(0)?.holds()),
            Function::Coalesce => {
                for argument in arguments {
                    let value = self.value(argument)?;
                    if !matches!(value, Value::Unset) {
                        return Ok(value);
                    }
                }
                Value::Unset
            }
            Function::Ite => value(if flag(0)? { 1 } else { 2 })?.into_owned(),
            Function::IsValidHostLabel => {
                let labels = labels(1)?;
                Value::Bool(text(0)?.is_some_and(|text| is_host(&text, labels)))
            }
            Function::IsVirtualHostableS3Bucket => {
                let labels = labels(1)?;
                Value::Bool(text(0)?.is_some_and(|text| is_bucket(&text, labels)))
            }
            Function::ParseArn => {
                text(0)?.and_then(Arn::parse).map_or(Value::Unset, |arn| Value::Arn(Rc::new(arn)))
            }
            Function::ParseUrl => {
                text(0)?.and_then(Url::parse).map_or(Value::Unset, |url| Value::Url(Rc::new(url)))
            }
            Function::Partition => {
                let partition = text(0)?.and_then(|region| self.partitions.of(&region));
                partition.map_or(Value::Unset, Value::Partition)
            }
            Function::Split => match (text(0)?, text(1)?, value(2)?.integer()) {
                (Some(text), Some(delimiter), Some(limit)) => split(&text, &delimiter, limit)
                    .map_or(Value::Unset, |parts| Value::List(List::Made(parts))),
                (_, _, _) => Value::Unset,
            },
            Function::Substring => {
                let end = if flag(3)? { End::Back } else { End::Start };
                match (text(0)?, value(1)?.integer(), value(2)?.integer()) {
                    (Some(text), Some(start), Some(stop)) => {
                        substring(&text, start, stop, end).map_or(Value::Unset, Value::Text)
                    }
                    (_, _, _) => Value::Unset,
                }
            }
            Function::UriEncode => text(0)?.map_or(Value::Unset, |t| Value::Text(uri_encode(t))),
        })
    }

    fn endpoint(&self, target: &'a Target<'a>) -> Result<Endpoint> {
        let all = |values: &'a [Expression<'a>]| {
            values.iter().map(|v| self.text(v).map(Cow::into_owned)).collect::<Result<Vec<_>>>()
        };
        let mut headers = Vec::with_capacity(target.headers.len());
        for (name, values) in &target.headers {
            let values = all(values)?;
            // What could begin another header (RFC 9110, section 5.5).
            if values.iter().any(|value| value.chars().any(char::is_control)) {
                return Err(EndpointError::Header(name.clone().into_owned()));
            }
            headers.push((name.clone().into_owned(), values));
        }
        let scheme = |scheme: &'a Scheme<'a>| {
            let one = |value: &'a Option<Expression<'a>>| {
                value.as_ref().map(|v| self.text(v).map(Cow::into_owned)).transpose()
            };
            Ok(AuthScheme {
                name: scheme.name.clone().into_owned(),
                signing_name: one(&scheme.signing_name)?,
                signing_region: one(&scheme.signing_region)?,
                signing_region_set: all(&scheme.signing_region_set)?,
                disable_double_encoding: scheme.disable_double_encoding,
                disable_normalize_path: scheme.disable_normalize_path,
            })
        };
        Ok(Endpoint {
            url: self.url(&target.url)?,
            headers,
            auth_schemes: target.schemes.iter().map(scheme).collect::<Result<_>>()?,
            properties: self.properties(&target.properties)?,
        })
    }

    fn properties(
        &self,
        shapes: &'a [(Cow<'a, str>, Shape<'a>)],
    ) -> Result<Vec<(String, Property)>> {
        let property = |(name, shape): &'a (Cow<'a, str>, Shape<'a>)| {
            Ok((name.clone().into_owned(), self.property(shape)?))
        };
        shapes.iter().map(property).collect()
    }

    fn property(&self, shape: &'a Shape<'a>) -> Result<Property> {
        Ok(match shape {
            Shape::Value(Expression::Bool(value)) => Property::Bool(*value),
            Shape::Value(value) => Property::Text(self.text(value)?.into_owned()),
            Shape::List(list) => Property::List(
                list.iter().map(|shape| self.property(shape)).collect::<Result<_>>()?,
            ),
            Shape::Map(map) => Property::Map(self.properties(map)?),
        })
    }

    fn url(&self, expression: &'a Expression<'a>) -> Result<Url<'static>> {
        let pieces = match expression {
            Expression::Template(pieces) => pieces,
            one => std::slice::from_ref(one),
        };
        let mut url = String::with_capacity(80);
        for piece in pieces {
            let text = self.text(piece)?;
            if !self.is_own(piece) && !has_host(&url) && !text.bytes().all(is_of_host) {
                return Err(EndpointError::Host(text.into_owned()));
            }
            url.push_str(&text);
        }
        Url::parse(Cow::Owned(url)).map(Url::into_owned).ok_or(EndpointError::Url)
    }

    /// Whether a piece of a URL is the rules' own, or of the user's own endpoint.
    fn is_own(&self, piece: &Expression<'_>) -> bool {
        match piece {
            Expression::Text(_) => true,
            Expression::Part(_, steps) => matches!(
                steps.last(),
                Some(Step::Url(
                    UrlPart::Scheme | UrlPart::Authority | UrlPart::Path | UrlPart::NormalizedPath
                ))
            ),
            Expression::Variable(place) => {
                let parameter = self.set.parameters.get(*place);
                parameter.is_some_and(|parameter| parameter.built_in == Some(BuiltIn::Endpoint))
            }
            Expression::Bool(_)
            | Expression::Integer(_)
            | Expression::Template(_)
            | Expression::Call(_, _) => false,
        }
    }

    /// Fails if there is a region that could not be part of a host.
    fn has_region(&self) -> Result<()> {
        for (parameter, value) in self.set.parameters.iter().zip(&self.stack) {
            if parameter.built_in == Some(BuiltIn::Region)
                && let Value::Text(region) = value
                && !is_host(region, Labels::Many)
            {
                return Err(EndpointError::Region(region.clone().into_owned()));
            }
        }
        Ok(())
    }
}

/// Whether a URL so far is beyond its host.
fn has_host(url: &str) -> bool {
    url.split_once("://").is_some_and(|(_, rest)| rest.contains('/'))
}

/// Whether a byte can stand in a name of a host.
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests;
