//! Rules and partitions as AWS publishes them: JSON, the same in botocore's files and in Smithy models.
//! What is not known here is an error: a rule that was half understood would send a request, and its
//! signature, to the wrong place.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use super::function::Function;
use super::parameters::{BuiltIn, Default, Kind, Parameter};
use super::partition::{Partition, Partitions, Pattern};
use super::tree::{
    Condition, DEEPEST, Expression, Keep, Rule, RuleSet, Scheme, Shape, Target, Then,
};
use super::value::{STEPS, Step};

/// Why published rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

type Result<T> = std::result::Result<T, Unreadable>;

impl<'r> RuleSet<'r> {
    /// Reads a rule set of version 1.0 or 1.1.
    pub fn of_json(json: &'r Value) -> Result<Self> {
        let set = object(json, &["version", "parameters", "rules", "serviceId"])?;
        match text(field(set, "version")?)? {
            "1.0" | "1.1" => {}
            version => return wrong(format!("rules of version {version:?}")),
        }
        let parameters = entries(field(set, "parameters")?)?;
        let parameters = parameters
            .into_iter()
            .map(|(name, json)| parameter(name, json))
            .collect::<Result<Vec<_>>>()?;
        let names = parameters.iter().map(|parameter| parameter.name.clone()).collect();
        let mut importer = Importer { names, depth: 0 };
        let rules = importer.list(field(set, "rules")?, Importer::rule)?;
        Ok(Self { parameters, rules })
    }
}

impl<'r> Partitions<'r> {
    /// Reads AWS's list of partitions.
    pub fn of_json(json: &'r Value) -> Result<Self> {
        let json = object(json, &["version", "partitions"])?;
        let all = array(field(json, "partitions")?)?.iter().map(partition);
        Ok(Self { all: all.collect::<Result<_>>()? })
    }
}

fn partition(json: &Value) -> Result<Partition<'_>> {
    let json = object(json, &["id", "outputs", "regionRegex", "regions"])?;
    let name = text(field(json, "id")?)?;
    let outputs = object(
        field(json, "outputs")?,
        &[
            "name",
            "dnsSuffix",
            "dualStackDnsSuffix",
            "implicitGlobalRegion",
            "supportsFIPS",
            "supportsDualStack",
        ],
    )?;
    let output = |name| text(field(outputs, name)?).map(Cow::Borrowed);
    if output("name")? != name {
        return wrong(format!("a name of partition {name} that is not its id"));
    }
    let mut regions = Vec::new();
    for (region, json) in entries(field(json, "regions")?)? {
        object(json, &["description"])?;
        regions.push(Cow::Borrowed(region));
    }
    let pattern = text(field(json, "regionRegex")?)?;
    Ok(Partition {
        name: Cow::Borrowed(name),
        dns_suffix: output("dnsSuffix")?,
        dual_stack_dns_suffix: output("dualStackDnsSuffix")?,
        implicit_global_region: output("implicitGlobalRegion")?,
        supports_fips: bool(field(outputs, "supportsFIPS")?)?,
        supports_dual_stack: bool(field(outputs, "supportsDualStack")?)?,
        regions,
        pattern: Pattern::parse(Cow::Borrowed(pattern))
            .ok_or_else(|| Unreadable(format!("unknown pattern of regions {pattern:?}")))?,
    })
}

fn parameter<'r>(name: &'r str, json: &'r Value) -> Result<Parameter<'r>> {
    let known = ["type", "builtIn", "required", "default", "documentation", "deprecated"];
    let json = object(json, &known)?;
    let kind = match text(field(json, "type")?)?.to_ascii_lowercase().as_str() {
        "string" => Kind::Text,
        "boolean" => Kind::Bool,
        "stringarray" => Kind::List,
        kind => return wrong(format!("parameter {name} of type {kind:?}")),
    };
    let built_in = |json| {
        let name = text(json)?;
        let known = BuiltIn::ALL.into_iter().find(|fact| fact.name() == name);
        known.ok_or_else(|| Unreadable(format!("unknown built-in {name:?}")))
    };
    let default = match (kind, json.get("default")) {
        (_, None) => None,
        (Kind::Text, Some(Value::String(text))) => Some(Default::Text(Cow::Borrowed(text))),
        (Kind::Bool, Some(Value::Bool(value))) => Some(Default::Bool(*value)),
        (_, Some(json)) => return wrong(format!("default {json} of parameter {name}")),
    };
    Ok(Parameter {
        name: Cow::Borrowed(name),
        kind,
        required: json.get("required").map(bool).transpose()?.unwrap_or(false),
        built_in: json.get("builtIn").map(built_in).transpose()?,
        default,
    })
}

struct Importer<'r> {
    /// Parameters, and the variables that there are where it stands.
    names: Vec<Cow<'r, str>>,
    depth: usize,
}

impl<'r> Importer<'r> {
    fn list<T>(
        &mut self,
        json: &'r Value,
        item: impl Fn(&mut Self, &'r Value) -> Result<T>,
    ) -> Result<Vec<T>> {
        array(json)?.iter().map(|json| item(self, json)).collect()
    }

    /// What may contain itself.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEEPEST {
            return wrong("rules that are nested too deeply".to_owned());
        }
        self.depth += 1;
        let inner = inner(self);
        self.depth -= 1;
        inner
    }

    fn rule(&mut self, json: &'r Value) -> Result<Rule<'r>> {
        let known = ["type", "conditions", "documentation", "endpoint", "error", "rules"];
        let json = object(json, &known)?;
        let height = self.names.len();
        let rule = self.nested(|importer| {
            Ok(Rule {
                conditions: importer.list(field(json, "conditions")?, Self::condition)?,
                then: match text(field(json, "type")?)? {
                    "endpoint" => {
                        Then::Endpoint(Box::new(importer.target(field(json, "endpoint")?)?))
                    }
                    "error" => Then::Error(importer.expression(field(json, "error")?)?),
                    "tree" => Then::Rules(importer.list(field(json, "rules")?, Self::rule)?),
                    other => return wrong(format!("rule of type {other:?}")),
                },
            })
        });
        self.names.truncate(height);
        rule
    }

    fn condition(&mut self, json: &'r Value) -> Result<Condition<'r>> {
        let call = object(json, &["fn", "argv", "assign", "documentation"])?;
        let value = self.call(call)?;
        let Some(name) = call.get("assign") else { return Ok(Condition { value, keep: Keep::No }) };
        let name = text(name)?;
        if self.names.iter().any(|other| *other == name) {
            return wrong(format!("variable {name}, which is there already"));
        }
        self.names.push(Cow::Borrowed(name));
        Ok(Condition { value, keep: Keep::Yes })
    }

    fn target(&mut self, json: &'r Value) -> Result<Target<'r>> {
        let json = object(json, &["url", "headers", "properties"])?;
        let of = |name| json.get(name).map_or(Ok(Vec::new()), entries);
        let headers = of("headers")?
            .into_iter()
            .map(|(name, json)| Ok((Cow::Borrowed(name), self.list(json, Self::expression)?)))
            .collect::<Result<_>>()?;
        let mut schemes = Vec::new();
        let mut properties = Vec::new();
        for (name, json) in of("properties")? {
            match name {
                "authSchemes" => schemes = self.list(json, Self::scheme)?,
                name => properties.push((Cow::Borrowed(name), self.shape(json)?)),
            }
        }
        Ok(Target { url: self.expression(field(json, "url")?)?, headers, schemes, properties })
    }

    fn scheme(&mut self, json: &'r Value) -> Result<Scheme<'r>> {
        let mut scheme = Scheme::default();
        for (name, json) in entries(json)? {
            match name {
                "name" => scheme.name = Cow::Borrowed(text(json)?),
                "signingName" => scheme.signing_name = Some(self.expression(json)?),
                "signingRegion" => scheme.signing_region = Some(self.expression(json)?),
                "signingRegionSet" => {
                    scheme.signing_region_set = self.list(json, Self::expression)?;
                }
                "disableDoubleEncoding" => scheme.disable_double_encoding = bool(json)?,
                "disableNormalizePath" => scheme.disable_normalize_path = bool(json)?,
                other => return wrong(format!("property {other:?} of an authentication scheme")),
            }
        }
        if scheme.name.is_empty() {
            return wrong("authentication scheme without a name".to_owned());
        }
        Ok(scheme)
    }

    fn shape(&mut self, json: &'r Value) -> Result<Shape<'r>> {
        self.nested(|importer| {
            Ok(match json {
                Value::Array(_) => Shape::List(importer.list(json, Self::shape)?),
                Value::Object(_) => {
                    let all = entries(json)?.into_iter();
                    let all =
                        all.map(|(name, json)| Ok((Cow::Borrowed(name), importer.shape(json)?)));
                    Shape::Map(all.collect::<Result<_>>()?)
                }
                Value::Bool(_) | Value::String(_) => Shape::Value(importer.expression(json)?),
                Value::Null | Value::Number(_) => return wrong(format!("property {json}")),
            })
        })
    }

    fn expression(&mut self, json: &'r Value) -> Result<Expression<'r>> {
        self.nested(|importer| match json {
            Value::String(text) => importer.template(text),
            Value::Bool(value) => Ok(Expression::Bool(*value)),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Ok(Expression::Integer(number)),
                None => wrong(format!("number {number}")),
            },
            Value::Object(fields) if fields.contains_key("ref") => {
                importer.variable(text(field(object(json, &["ref"])?, "ref")?)?)
            }
            Value::Object(_) => importer.call(object(json, &["fn", "argv"])?),
            Value::Null | Value::Array(_) => wrong(format!("expression {json}")),
        })
    }

    fn call(&mut self, json: &'r Map<String, Value>) -> Result<Expression<'r>> {
        let name = text(field(json, "fn")?)?;
        let arguments = field(json, "argv")?;
        if name == "getAttr" {
            let [of, path] = array(arguments)? else {
                return wrong("getAttr's arguments".to_owned());
            };
            return Ok(Expression::Part(Box::new(self.expression(of)?), steps(text(path)?)?));
        }
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name)
        else {
            return wrong(format!("function {name:?}"));
        };
        let arguments = self.list(arguments, Self::expression)?;
        if !function.takes(arguments.len()) {
            return wrong(format!("{name} with {} arguments", arguments.len()));
        }
        Ok(Expression::Call(function, arguments))
    }

    fn variable(&self, name: &str) -> Result<Expression<'r>> {
        match self.names.iter().position(|other| other == name) {
            Some(place) => Ok(Expression::Variable(place)),
            None => wrong(format!("variable {name:?}")),
        }
    }

    /// A text with references in braces; a doubled brace is a brace.
    fn template(&self, text: &'r str) -> Result<Expression<'r>> {
        if !text.contains(['{', '}']) {
            return Ok(Expression::Text(Cow::Borrowed(text)));
        }
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            let (before, at) = rest.split_at(brace);
            plain.push_str(before);
            if let Some(after) = at.strip_prefix("{{").or_else(|| at.strip_prefix("}}")) {
                plain.extend(at.chars().next());
                rest = after;
                continue;
            }
            let Some((reference, after)) = at.strip_prefix('{').and_then(|at| at.split_once('}'))
            else {
                return wrong(format!("template {text:?}"));
            };
            if !plain.is_empty() {
                pieces.push(Expression::Text(Cow::Owned(std::mem::take(&mut plain))));
            }
            pieces.push(match reference.split_once('#') {
                Some((name, path)) => {
                    Expression::Part(Box::new(self.variable(name)?), steps(path)?)
                }
                None => self.variable(reference)?,
            });
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Expression::Text(Cow::Owned(plain)));
        }
        Ok(Expression::Template(pieces))
    }
}

/// The steps of a path: names with dots between, each perhaps with a place in brackets.
fn steps(path: &str) -> Result<Vec<Step>> {
    let unknown = || Unreadable(format!("unknown path {path:?}"));
    let mut steps = Vec::new();
    for part in path.split(['.', '#']) {
        let (name, place) = match part.split_once('[') {
            Some((name, place)) => (name, Some(place.strip_suffix(']').ok_or_else(unknown)?)),
            None => (part, None),
        };
        if !name.is_empty() || place.is_none() {
            let known = STEPS.iter().find(|(known, _)| *known == name);
            steps.push(known.map(|(_, step)| *step).ok_or_else(unknown)?);
        }
        if let Some(place) = place {
            steps.push(Step::Place(place.parse().map_err(|_| unknown())?));
        }
    }
    Ok(steps)
}

fn wrong<T>(what: String) -> Result<T> {
    Err(Unreadable(format!("not understood: {what}")))
}

/// An object that has no other than the known fields.
fn object<'r>(json: &'r Value, known: &[&str]) -> Result<&'r Map<String, Value>> {
    let Value::Object(fields) = json else { return wrong(format!("{json} for an object")) };
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => wrong(format!("field {name:?}")),
        None => Ok(fields),
    }
}

/// The fields of an object, sorted: what is packed must not depend on how JSON is kept.
fn entries(json: &Value) -> Result<Vec<(&str, &Value)>> {
    let Value::Object(fields) = json else { return wrong(format!("{json} for an object")) };
    let mut entries: Vec<_> = fields.iter().map(|(name, json)| (name.as_str(), json)).collect();
    entries.sort_by_key(|(name, _)| *name);
    Ok(entries)
}

fn field<'r>(fields: &'r Map<String, Value>, name: &str) -> Result<&'r Value> {
    fields.get(name).ok_or_else(|| Unreadable(format!("{name} is missing")))
}

fn array(json: &Value) -> Result<&[Value]> {
    match json {
        Value::Array(items) => Ok(items),
        json => wrong(format!("{json} for a list")),
    }
}

fn text(json: &Value) -> Result<&str> {
    match json {
        Value::String(text) => Ok(text),
        json => wrong(format!("{json} for a text")),
    }
}

fn bool(json: &Value) -> Result<bool> {
    match json {
        Value::Bool(value) => Ok(*value),
        json => wrong(format!("{json} for true or false")),
    }
}

#[cfg(test)]
mod tests;
