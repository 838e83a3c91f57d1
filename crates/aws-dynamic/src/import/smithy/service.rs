//! The service itself: names, protocols, signatures, and what is handed on as it is.

use super::closure::Closure;
use super::fields::{Fields, Notes};
use super::{Imported, Result, Unreadable, correction, operation, shape, waiter};
use crate::import::facts::Service;
use crate::model::terms::{AuthScheme, ContextType, Http2, Protocol, SignatureVersion};

/// Protocols by their traits, with the version of JSON.
const PROTOCOLS: [(&str, Protocol, Option<&str>); 7] = [
    ("aws.protocols#awsJson1_0", Protocol::Json, Some("1.0")),
    ("aws.protocols#awsJson1_1", Protocol::Json, Some("1.1")),
    ("aws.protocols#awsQuery", Protocol::Query, None),
    ("aws.protocols#ec2Query", Protocol::Ec2, None),
    ("aws.protocols#restJson1", Protocol::RestJson, None),
    ("aws.protocols#restXml", Protocol::RestXml, None),
    ("smithy.protocols#rpcv2Cbor", Protocol::RpcV2Cbor, None),
];

pub(super) fn read(name: &str, closure: &Closure<'_>, notes: &Notes) -> Result<Imported> {
    let node = &closure.service;
    let mut traits = node.traits(notes);
    let spoken = Spoken::of(&mut traits)?;
    let Some(mut about) = traits.object("aws.api#service")? else {
        return Err(traits.wrong("aws.api#service", "is missing"));
    };
    let id = about.needed("sdkId")?;
    let arn_namespace = about.text("arnNamespace")?;
    let event_source = about.text("cloudTrailEventSource")?;
    let endpoint_prefix = about.text("endpointPrefix")?.or_else(|| arn_namespace.clone());
    let endpoint_prefix = endpoint_prefix.unwrap_or_else(|| node.local().to_lowercase());
    about.leave(&["cloudFormationName", "docId", "cloudTrailName"]);
    about.end()?;

    let (auth, signing_name) = auth(&mut traits)?;
    let signature_version = match auth.as_slice() {
        [AuthScheme::Bearer] => SignatureVersion::Bearer,
        _ => SignatureVersion::V4,
    };
    let api_version = node.said("version").and_then(|version| version.as_str());
    let api_version = api_version.ok_or_else(|| traits.wrong("version", "is missing"))?;
    let paginated = traits.take("smithy.api#paginated");
    let mut service = Service {
        name: name.to_owned(),
        full_name: traits.text("smithy.api#title")?.unwrap_or_else(|| id.clone()),
        id,
        abbreviation: None,
        api_version: api_version.to_owned(),
        signing_name: signing_name.filter(|name| *name != endpoint_prefix),
        endpoint_prefix,
        global_endpoint: None,
        target_prefix: spoken.target(node.local()),
        json_version: spoken.json_version.map(str::to_owned),
        xml_namespace: xml_namespace(&mut traits)?,
        protocols: spoken.protocols,
        signature_version,
        auth,
        http2: spoken.http2,
        body_hash: None,
        is_query_compatible: traits.mark("aws.protocols#awsQueryCompatible"),
        is_deprecated: traits.mark("smithy.api#deprecated"),
        client_context: client_context(&mut traits)?,
        operations: Default::default(),
        shapes: Default::default(),
        waiters: Default::default(),
    };
    let discovery = match traits.object("aws.api#clientEndpointDiscovery")? {
        Some(mut discovery) => {
            let operation = discovery.needed("operation")?;
            discovery.take("error");
            discovery.end()?;
            Some(operation)
        }
        None => None,
    };
    let endpoint_rules = traits.take("smithy.rules#endpointRuleSet").cloned();
    let endpoint_diagram = traits.take("smithy.rules#endpointBdd").cloned();
    let endpoint_tests = traits.take("smithy.rules#endpointTests").cloned();
    traits.end_traits()?;

    let common = operation::Common {
        closure,
        protocol: spoken.protocol,
        xml_namespace: service.xml_namespace.clone(),
        paginated,
        discovery,
        auth: service.auth.clone(),
        notes,
    };
    let read = operation::all(&common)?;
    service.operations = read.operations;
    service.shapes = shape::all(&common)?;
    service.waiters = waiter::all(read.waiters, &service)?;
    correction::apply(&mut service);
    Ok(Imported {
        service,
        endpoint_rules,
        endpoint_diagram,
        endpoint_tests,
        arn_namespace,
        event_source,
        notes: Vec::new(),
    })
}

/// The protocols of a service.
struct Spoken {
    protocols: Vec<Protocol>,
    /// The one to speak.
    protocol: Protocol,
    json_version: Option<&'static str>,
    http2: Option<Http2>,
}

impl Spoken {
    fn of(traits: &mut Fields<'_>) -> Result<Self> {
        let (mut protocols, mut json_version, mut http2) = (Vec::new(), None, None);
        for (name, protocol, version) in PROTOCOLS {
            let Some(mut settings) = traits.object(name)? else { continue };
            http2 = http2.or(self::http2(&mut settings)?);
            // Of restXml; only S3 has it, among the special cases.
            settings.truth("noErrorWrapping")?;
            settings.end()?;
            json_version = json_version.or(version);
            if !protocols.contains(&protocol) {
                protocols.push(protocol);
            }
        }
        let first = Protocol::ALL.iter().find(|protocol| protocols.contains(protocol));
        let Some(protocol) = first.copied() else {
            return Err(traits.wrong("aws.protocols", "no protocol that is known"));
        };
        Ok(Self { protocols, protocol, json_version, http2 })
    }

    /// The service's name in requests of those protocols that have it there.
    fn target(&self, name: &str) -> Option<String> {
        let named = |protocol: &Protocol| match protocol {
            Protocol::Json | Protocol::RpcV2Cbor => true,
            Protocol::RestJson | Protocol::RestXml | Protocol::Query | Protocol::Ec2 => false,
        };
        self.protocols.iter().any(named).then(|| name.to_owned())
    }
}

fn http2(settings: &mut Fields<'_>) -> Result<Option<Http2>> {
    let takes = |versions: Option<Vec<String>>| {
        versions.is_some_and(|versions| versions.iter().any(|version| version == "h2"))
    };
    let always = takes(settings.texts("http")?);
    let streams = takes(settings.texts("eventStreamHttp")?);
    Ok(if streams { Some(Http2::EventStream) } else { always.then_some(Http2::Optional) })
}

/// The schemes, the preferred first, and the name in signatures.
fn auth(traits: &mut Fields<'_>) -> Result<(Vec<AuthScheme>, Option<String>)> {
    let mut offered = Vec::new();
    let mut name = None;
    for scheme in [AuthScheme::SigV4, AuthScheme::SigV4a, AuthScheme::Bearer] {
        if let Some(mut settings) = traits.object(scheme.word())? {
            name = name.or(settings.text("name")?);
            settings.end()?;
            offered.push(scheme);
        }
    }
    if let Some(named) = schemes(traits)? {
        offered = named;
    }
    Ok((offered, name))
}

/// The schemes that the trait `auth` names, in its order.
pub(super) fn schemes(traits: &mut Fields<'_>) -> Result<Option<Vec<AuthScheme>>> {
    let Some(words) = traits.texts("smithy.api#auth")? else { return Ok(None) };
    let mut schemes = Vec::new();
    for word in &words {
        match AuthScheme::of_word(word) {
            Some(scheme) => schemes.push(scheme),
            None => {
                let wrong = traits.wrong("smithy.api#auth", "names a scheme that is not known");
                traits.notes().unknown(wrong)?;
            }
        }
    }
    if schemes.is_empty() && !words.is_empty() {
        return Err(traits.wrong("smithy.api#auth", "has no scheme that is known"));
    }
    Ok(Some(schemes))
}

fn xml_namespace(traits: &mut Fields<'_>) -> Result<Option<String>> {
    let (uri, prefix) = shape::namespace(traits)?;
    if prefix.is_some() {
        return Err(traits.wrong("smithy.api#xmlNamespace", "a prefix has no place here"));
    }
    Ok(uri)
}

fn client_context(traits: &mut Fields<'_>) -> Result<Vec<(String, ContextType)>> {
    let mut context = Vec::new();
    for (name, mut setting) in traits.named("smithy.rules#clientContextParams")? {
        let word = setting.needed("type")?;
        setting.take("documentation");
        let kind = ContextType::of_word(&word);
        let kind = kind.ok_or_else(|| setting.wrong("type", "is not known"))?;
        setting.end()?;
        context.push((name.to_owned(), kind));
    }
    Ok(context)
}

/// An error that names a shape.
pub(super) fn wrong(id: &str, what: &str) -> Unreadable {
    Unreadable(format!("{id}: {what}"))
}
