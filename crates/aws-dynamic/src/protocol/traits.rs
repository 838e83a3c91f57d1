//! What the codecs call traits: where in a message a member stands, its name there, and how its values
//! are written. What each key of a model means is different in every protocol, and said here.

use aws_smithy_schema::traits::TimestampFormat as Format;
use aws_smithy_schema::{Schema, intern_header_name};

use super::schema::{Maker, Side, leaked};
use crate::model::terms::{Kind, Location, Protocol, TimestampFormat};
use crate::model::{Member, Shape};

impl Maker<'_> {
    pub(super) fn traits(
        self,
        schema: Schema<'static>,
        parent: Shape<'_>,
        name: &str,
        member: Member<'_>,
    ) -> Schema<'static> {
        let target = member.shape();
        let location = member.location().filter(|_| self.is_rest());
        let on_wire = || member.location_name().unwrap_or(name);
        let mut schema = match location {
            None => self.named(schema, name, member),
            Some(Location::Header) => schema.with_http_header(intern_header_name(on_wire())),
            Some(Location::Headers) => {
                schema.with_http_prefix_headers(leaked(member.location_name().unwrap_or_default()))
            }
            Some(Location::QueryString) if target.kind() == Kind::Map => {
                schema.with_http_query_params()
            }
            Some(Location::QueryString) => schema.with_http_query(leaked(on_wire())),
            Some(Location::Uri) => schema.with_http_label(),
            Some(Location::StatusCode) => schema.with_http_response_code(),
        };
        if location == Some(Location::Header) && member.is_json_value() {
            schema = schema.with_media_type("application/json");
        }
        if self.is_rest() && parent.payload() == Some(name) {
            schema = schema.with_http_payload();
        }
        if member.is_xml_attribute() {
            schema = schema.with_xml_attribute();
        }
        if member.is_flattened() {
            schema = schema.with_xml_flattened();
        }
        schema = self.traits_of_shape(schema, target);
        if let Some(format) = member.timestamp_format() {
            schema = schema.with_timestamp_format(format_of(format));
        }
        if let Some(uri) = member.xml_namespace() {
            schema = schema.with_xml_namespace(leaked(uri), target.xml_prefix().map(leaked));
        }
        schema
    }

    /// Traits that are the shape's wherever it stands.
    pub(super) fn traits_of_shape(
        self,
        mut schema: Schema<'static>,
        shape: Shape<'_>,
    ) -> Schema<'static> {
        let ec2_input = self.protocol == Protocol::Ec2 && self.side == Side::Input;
        if shape.is_flattened() || (ec2_input && shape.kind() == Kind::List) {
            schema = schema.with_xml_flattened();
        }
        if let Some(format) = shape.timestamp_format() {
            schema = schema.with_timestamp_format(format_of(format));
        }
        if let Some((uri, prefix)) = namespace(shape) {
            schema = schema.with_xml_namespace(leaked(uri), prefix.map(leaked));
        }
        if shape.is_sensitive() {
            schema = schema.with_sensitive();
        }
        schema
    }

    /// The name in a body, where it is not the member's own. What a shape is called as a root is no
    /// member's name.
    fn named(self, schema: Schema<'static>, name: &str, member: Member<'_>) -> Schema<'static> {
        let target = member.shape();
        let own = member.location_name();
        match (self.protocol, self.side) {
            (Protocol::Json | Protocol::RpcV2Cbor, _) => schema,
            (Protocol::RestJson, _) => match own {
                Some(own) => schema.with_json_name(leaked(own)),
                None => schema,
            },
            // https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html#query-key-resolution
            (Protocol::Ec2, Side::Input) => {
                let usual = || capitalised(own.unwrap_or(name));
                schema.with_xml_name(leaked(&member.query_name().map_or_else(usual, str::to_owned)))
            }
            (Protocol::Ec2, Side::Output) | (Protocol::RestXml | Protocol::Query, _) => {
                // Models of old, SimpleDB's, flatten a list wherever it stands and name it by its
                // element.
                let element = target.element().filter(|_| target.is_flattened());
                match own.or(element.and_then(Member::location_name)) {
                    Some(own) => schema.with_xml_name(leaked(own)),
                    None => schema,
                }
            }
        }
    }

    /// Whether members stand in headers, paths and queries.
    pub(super) fn is_rest(self) -> bool {
        match self.protocol {
            Protocol::RestJson | Protocol::RestXml => true,
            Protocol::Json | Protocol::RpcV2Cbor | Protocol::Query | Protocol::Ec2 => false,
        }
    }
}

/// A shape's namespace and its prefix.
pub(super) fn namespace(shape: Shape<'_>) -> Option<(&str, Option<&str>)> {
    shape.xml_namespace().map(|uri| (uri, shape.xml_prefix()))
}

fn format_of(format: TimestampFormat) -> Format {
    match format {
        TimestampFormat::Iso8601 => Format::DateTime,
        TimestampFormat::Rfc822 => Format::HttpDate,
        TimestampFormat::UnixTimestamp => Format::EpochSeconds,
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
