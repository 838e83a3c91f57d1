//! Reads a service of botocore: `service-2.json`, `paginators-1.json`, `waiters-2.json`, and the
//! additions of `*.sdk-extras.json`. It knows every key that botocore's models have, and stops at one
//! that it does not know; `LEFT_OUT` names those that are not taken over: documentation, examples,
//! and what is never sent.
//!
//! What botocore says wrongly is mended as it is read; `CORRECTIONS` names each such fact.
//!
//! Two things that botocore repeats are taken once, and checked: an error's facts beside an operation
//! are those of its shape, and the first of a service's protocols is its protocol.

mod correction;
mod left_out;
mod object;
mod operation;
mod shape;
mod waiter;

use serde_json::Value;

pub use correction::{CORRECTIONS, Corrected, Correction, is_no_token};
pub use left_out::{LEFT_OUT, Place};

use self::object::Object;
use super::facts::Service;
use crate::model::terms::{AuthScheme, BodyHash, ContextType, Http2, Protocol, SignatureVersion};

/// A model that this importer cannot read whole, with the place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

type Result<T> = std::result::Result<T, Unreadable>;

/// The files of one service and version.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// service-2.json.
    pub model: Vec<u8>,
    /// service-2.sdk-extras.json.
    pub model_additions: Option<Vec<u8>>,
    /// paginators-1.json.
    pub paginators: Option<Vec<u8>>,
    /// paginators-1.sdk-extras.json.
    pub paginator_additions: Option<Vec<u8>>,
    /// waiters-2.json.
    pub waiters: Option<Vec<u8>>,
}

/// The facts of a service, under the name that the catalog has for it.
pub fn service(name: &str, files: &Files) -> Result<Service> {
    let model = parsed("service-2", Some(&files.model))?;
    let model = with_additions(model, "service-2", files.model_additions.as_ref())?;
    let paginators = parsed("paginators-1", files.paginators.as_ref())?;
    let paginators =
        with_additions(paginators, "paginators-1", files.paginator_additions.as_ref())?;
    let waiters = parsed("waiters-2", files.waiters.as_ref())?;
    let mut service = of_model(name, Object::new("service-2", model)?)?;
    operation::add_paginators(&mut service, Object::new("paginators-1", paginators)?)?;
    waiter::add(&mut service, Object::new("waiters-2", waiters)?)?;
    correction::apply(&mut service);
    Ok(service)
}

/// A file's content; an empty object if there is none.
fn parsed(file: &str, content: Option<&Vec<u8>>) -> Result<Value> {
    let Some(content) = content else { return Ok(Value::Object(serde_json::Map::new())) };
    serde_json::from_slice(content).map_err(|error| Unreadable(format!("{file}: {error}")))
}

fn with_additions(mut base: Value, file: &str, content: Option<&Vec<u8>>) -> Result<Value> {
    let file = format!("{file}.sdk-extras");
    let mut additions = Object::new(&file, parsed(&file, content)?)?;
    if let Some(more) = additions.value("merge") {
        merge(&mut base, more);
    }
    additions.end(Place::Extras)?;
    Ok(base)
}

/// Objects are merged, anything else is replaced.
fn merge(base: &mut Value, more: Value) {
    match (base, more) {
        (Value::Object(base), Value::Object(more)) => {
            for (key, value) in more {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, more) => *base = more,
    }
}

fn of_model(name: &str, mut model: Object) -> Result<Service> {
    let Some(mut about) = model.object("metadata")? else {
        return Err(model.wrong("metadata", "is missing"));
    };
    let shapes = model.object("shapes")?;
    let Some(shapes) = shapes else { return Err(model.wrong("shapes", "is missing")) };
    let operations = operation::all(model.named("operations")?, &shapes)?;
    let protocol = about.term("protocol", Protocol::of_word)?;
    let mut protocols = about.terms("protocols", Protocol::of_word)?;
    match protocol {
        Some(protocol) if protocols.is_empty() => protocols.push(protocol),
        Some(protocol) if protocols.first() == Some(&protocol) => {}
        Some(_) | None => return Err(about.wrong("protocol", "is not the first of protocols")),
    }
    let service = Service {
        name: name.to_owned(),
        id: about.needed("serviceId")?,
        full_name: about.needed("serviceFullName")?,
        abbreviation: about.text("serviceAbbreviation")?,
        api_version: about.needed("apiVersion")?,
        endpoint_prefix: about.needed("endpointPrefix")?,
        signing_name: about.text("signingName")?,
        global_endpoint: about.text("globalEndpoint")?,
        target_prefix: about.text("targetPrefix")?,
        json_version: about.text("jsonVersion")?,
        xml_namespace: about.text("xmlNamespace")?,
        protocols,
        signature_version: about
            .term("signatureVersion", SignatureVersion::of_word)?
            .ok_or_else(|| about.wrong("signatureVersion", "is missing"))?,
        auth: about.terms("auth", AuthScheme::of_word)?,
        http2: http2(&mut about)?,
        body_hash: about.term("checksumFormat", BodyHash::of_word)?,
        is_query_compatible: about.value("awsQueryCompatible").is_some(),
        is_deprecated: model.flag("deprecated")?,
        client_context: client_context(&mut model)?,
        operations,
        shapes: shape::all(shapes.all()?)?,
        waiters: Default::default(),
    };
    about.end(Place::Metadata)?;
    model.end(Place::Model)?;
    Ok(service)
}

fn http2(about: &mut Object) -> Result<Option<Http2>> {
    let Some(mut settings) = about.object("protocolSettings")? else { return Ok(None) };
    let http2 = settings.term("h2", Http2::of_word)?;
    settings.end(Place::ProtocolSettings)?;
    Ok(http2)
}

fn client_context(model: &mut Object) -> Result<Vec<(String, ContextType)>> {
    let read = |(name, mut setting): (String, Object)| {
        let kind = setting.term("type", ContextType::of_word)?;
        let kind = kind.ok_or_else(|| setting.wrong("type", "is missing"))?;
        setting.end(Place::ClientContext)?;
        Ok((name, kind))
    };
    model.named("clientContextParams")?.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests;
