//! Where one request goes: the endpoint's rules are told what the configuration, the model and the
//! input say, and a host prefix is put before what they answer.
//!
//! The account's id, which comes with credentials, is told only if whoever made the client says it:
//! credentials are not asked for before a request is sure to be sent. Rules that can do without it,
//! DynamoDB's, give the regional endpoint.

use aws_types::SdkConfig;
use serde_json::{Map, Value};

use super::error::CallError;
use super::settings::{EndpointSettings, custom_endpoint};
use super::special;
use crate::endpoint::{Argument, BuiltIn, Endpoint, Partitions, Rules};
use crate::expression::Expression;
use crate::model::Operation;

/// An endpoint with the URL that requests go to.
#[derive(Debug)]
pub(super) struct Destination {
    pub endpoint: Endpoint,
    /// With the operation's host prefix.
    pub url: String,
    pub origin: Origin,
}

/// Who says where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// AWS's rules.
    Rules,
    /// The user's own configuration.
    User,
}

impl Destination {
    pub fn of(
        config: &SdkConfig,
        settings: &EndpointSettings,
        operation: Operation<'_>,
        input: &Map<String, Value>,
    ) -> Result<Self, CallError> {
        let service = operation.service();
        let rules = Rules::get().map_err(|broken| CallError::Broken(broken.clone()))?;
        let set = rules.of(service.name()).map_err(|broken| CallError::Broken(broken.clone()))?;
        let set = set.ok_or_else(|| CallError::Service(service.name().to_owned()))?;
        let custom = custom_endpoint(config, service);
        let context = context(operation, input);
        let lists: Vec<Vec<&str>> = context.iter().map(|(_, value)| texts(value)).collect();
        let origin = if custom.is_some() { Origin::User } else { Origin::Rules };
        let mut parameters = settings.tell(config, custom.as_deref(), service)?;
        if special::is_path_style(operation, input, origin, settings) {
            parameters = parameters.built_in(BuiltIn::S3ForcePathStyle, true);
        }
        for ((name, value), list) in context.iter().zip(&lists) {
            parameters = match value {
                Value::String(text) => parameters.named(name, text.as_str()),
                Value::Bool(value) => parameters.named(name, *value),
                Value::Array(_) => parameters.named(name, Argument::List(list)),
                Value::Null | Value::Number(_) | Value::Object(_) => parameters,
            };
        }
        let endpoint = set.resolve(&parameters, rules.partitions()).map_err(CallError::Endpoint)?;
        let member = special::endpoint_member(operation).filter(|_| origin == Origin::Rules);
        if let Some(member) = member {
            let url = named(config, rules.partitions(), member, input)?;
            return Ok(Self { endpoint, url, origin });
        }
        let prefix = host_prefix(operation, input, &endpoint)?;
        let port = endpoint.port().map(|port| format!(":{port}")).unwrap_or_default();
        let (scheme, host, path) = (endpoint.scheme(), endpoint.host(), endpoint.path());
        let url = format!("{scheme}://{prefix}{host}{port}{path}");
        Ok(Self { endpoint, url, origin })
    }

    /// The same with another host, which the caller has checked.
    pub fn at(&self, host: &str) -> Self {
        let (endpoint, origin) = (self.endpoint.clone(), self.origin);
        Self { endpoint, url: format!("https://{host}"), origin }
    }

    /// The headers that the rules add to requests.
    pub fn headers(&self) -> Vec<(String, String)> {
        let headers = self.endpoint.headers().iter();
        headers.map(|(name, values)| (name.clone(), values.join(", "))).collect()
    }
}

/// The endpoint that the input names: a host of the service's own in the client's region, by https and
/// with nothing else in its URL. No other text of an input becomes a host.
fn named(
    config: &SdkConfig,
    partitions: &Partitions<'_>,
    (member, parent): (&'static str, &str),
    input: &Map<String, Value>,
) -> Result<String, CallError> {
    let region = config.region().map(AsRef::as_ref).unwrap_or_default();
    let url = input.get(member).and_then(Value::as_str).unwrap_or_default();
    let host = url.strip_prefix("https://").map(|host| host.strip_suffix('/').unwrap_or(host));
    let before = host.and_then(|host| partitions.before_region(host, region));
    let own = before.and_then(|before| before.strip_suffix(parent)?.strip_suffix('.'));
    match (host, own) {
        (Some(host), Some(_)) => Ok(format!("https://{host}")),
        (Some(_) | None, Some(_) | None) => Err(CallError::Host {
            named_by: member,
            expected: format!(
                "https:// and a host below {parent}.{region}, such as GetMLModel answers"
            ),
        }),
    }
}

/// The context parameters of a call, the weakest first.
fn context<'a>(operation: Operation<'a>, input: &Map<String, Value>) -> Vec<(&'a str, Value)> {
    let mut context: Vec<(&str, Value)> = operation.static_context().collect();
    // The input may hold a large body, and few operations have any.
    let mut expressions = operation.operation_context().peekable();
    if expressions.peek().is_some() {
        let whole = Value::Object(input.clone());
        for (name, path) in expressions {
            // Rules that cannot do without one that finds nothing say so.
            let found = Expression::read(path).ok();
            if let Some(found) = found.as_ref().and_then(|found| found.find(&whole)) {
                context.push((name, found.into_owned()));
            }
        }
    }
    for member in operation.input().into_iter().flat_map(|shape| shape.members()) {
        if let (Some(name), Some(value)) = (member.context_parameter(), input.get(member.name())) {
            context.push((name, value.clone()));
        }
    }
    context
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What stands before the host: `{AccountId}.` with the input's own values. An address takes none.
fn host_prefix(
    operation: Operation<'_>,
    input: &Map<String, Value>,
    endpoint: &Endpoint,
) -> Result<String, CallError> {
    let host = endpoint.host();
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let mut rest = operation.host_prefix().unwrap_or_default();
    if is_address || special::is_prefix_of_rules(operation) {
        return Ok(String::new());
    }
    let mut prefix = String::new();
    while let Some((plain, (member, after))) =
        rest.split_once('{').and_then(|(plain, label)| Some((plain, label.split_once('}')?)))
    {
        let label = input.get(member).and_then(Value::as_str).unwrap_or_default();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if label.is_empty() || label.len() > 63 || !label.bytes().all(fits) {
            return Err(CallError::HostLabel(member.to_owned()));
        }
        prefix.push_str(plain);
        prefix.push_str(label);
        rest = after;
    }
    prefix.push_str(rest);
    Ok(prefix)
}

#[cfg(test)]
mod tests;
