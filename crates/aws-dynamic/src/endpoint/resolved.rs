//! What rules resolve to.

use std::fmt;

use super::parameters::Kind;
use super::url::Url;

/// Where a request goes. The URL is `http` or `https` without user information, query and fragment.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(super) url: Url<'static>,
    pub(super) headers: Vec<(String, Vec<String>)>,
    pub(super) auth_schemes: Vec<AuthScheme>,
    pub(super) properties: Vec<(String, Property)>,
}

/// How requests to an endpoint are signed, as far as that differs from what the service's model says.
/// It changes the scheme of this name if that is the one in use; it does not choose it (Smithy, "Rules
/// engine specification", `authSchemes`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthScheme {
    /// `sigv4`, `sigv4a`, `sigv4-s3express`, ...
    pub name: String,
    pub signing_name: Option<String>,
    /// Of `sigv4`.
    pub signing_region: Option<String>,
    /// Of `sigv4a`; empty if the rules say nothing. `*` means every region.
    pub signing_region_set: Vec<String>,
    /// The path is escaped once for signing, not twice.
    pub disable_double_encoding: bool,
    /// Dots and empty parts of the path are signed as they are.
    pub disable_normalize_path: bool,
}

/// Anything else that rules say about an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    Text(String),
    Bool(bool),
    List(Vec<Property>),
    Map(Vec<(String, Property)>),
}

/// Why there is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// The rules refuse what they were asked, in their own words.
    Rule(String),
    /// A parameter that the rules cannot do without; its name.
    Missing(String),
    /// A parameter is of another kind.
    Kind { parameter: String, expected: Kind },
    /// The region could not be part of a host name.
    Region(String),
    /// A value would have ended the host name that the rules build; the value.
    Host(String),
    /// What the rules built, perhaps from the user's own endpoint, is no URL of an endpoint. It is not
    /// told, because a URL can carry a password.
    Url,
    /// What the rules built is no value of this header.
    Header(String),
    /// No rule is for this.
    NoRule,
    /// The rules contradict themselves.
    Broken(&'static str),
}

impl Endpoint {
    /// The whole URL, as the rules built it.
    pub fn url(&self) -> &str {
        self.url.text()
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        self.url.scheme()
    }

    /// A name or an address; an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        self.url.host()
    }

    /// The port, where the URL has one.
    pub fn port(&self) -> Option<u16> {
        self.url.port()
    }

    /// What goes before the operation's own path: empty, or something that begins with a slash.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Headers that every request to this endpoint has, each with its values.
    pub fn headers(&self) -> &[(String, Vec<String>)] {
        &self.headers
    }

    /// How requests are signed, the rules' first choice first.
    pub fn auth_schemes(&self) -> &[AuthScheme] {
        &self.auth_schemes
    }

    /// Other properties, sorted by name.
    pub fn properties(&self) -> &[(String, Property)] {
        &self.properties
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(words) => f.write_str(words),
            Self::Missing(name) => write!(f, "the endpoint rules need {name}, which is not set"),
            Self::Kind { parameter, expected } => {
                write!(f, "the endpoint rules expect {} for {parameter}", expected.name())
            }
            Self::Region(region) if region.is_empty() => f.write_str("the region is empty"),
            Self::Region(region) => write!(f, "{region:?} is not a region"),
            Self::Host(value) => write!(f, "{value:?} cannot be part of a host name"),
            Self::Url => f.write_str(
                "the endpoint is not a URL that requests can go to: http or https, a host, perhaps a \
                 port and a path, without user information, query or fragment",
            ),
            Self::Header(name) => write!(f, "the endpoint rules give no valid header {name}"),
            Self::NoRule => f.write_str("the endpoint rules say nothing about this case"),
            Self::Broken(what) => write!(f, "the endpoint rules are broken: {what}"),
        }
    }
}

impl std::error::Error for EndpointError {}
