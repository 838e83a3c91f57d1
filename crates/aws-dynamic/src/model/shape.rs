//! Shapes and members: what a value is, what it may be, and how it is written.

use serde_json::Number;

use super::column::Column;
use super::service::Service;
use super::terms::{Kind, Location, TimestampFormat};

/// A shape of a service.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    service: &'a Service,
    row: usize,
}

/// A member of a structure or a union, or what a list or a map is of.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    service: &'a Service,
    row: usize,
}

/// How an error looks on the wire.
#[derive(Clone, Copy, Debug)]
pub struct ErrorTrait<'a>(Shape<'a>);

impl<'a> Shape<'a> {
    pub(super) fn new(service: &'a Service, row: usize) -> Self {
        Self { service, row }
    }

    /// Its place among the service's shapes: a key for tables beside the model.
    pub fn row(self) -> usize {
        self.row
    }

    pub fn name(self) -> &'a str {
        self.text(Column::ShapeName).unwrap_or_default()
    }

    pub fn kind(self) -> Kind {
        self.service.term(Column::ShapeKind, self.row, Kind::ALL).unwrap_or(Kind::Document)
    }

    /// The members of a structure or union, in the model's order, which queries and XML keep. None
    /// of any other shape.
    pub fn members(self) -> impl ExactSizeIterator<Item = Member<'a>> {
        let parts = if self.kind().has_named_members() { self.parts() } else { 0..0 };
        parts.map(move |row| Member { service: self.service, row })
    }

    /// The member of a name, in the model's letters.
    pub fn member(self, name: &str) -> Option<Member<'a>> {
        self.members().find(|member| member.name() == name)
    }

    /// What a list is of.
    pub fn element(self) -> Option<Member<'a>> {
        self.part(Kind::List, 0)
    }

    /// What a map's keys are.
    pub fn key(self) -> Option<Member<'a>> {
        self.part(Kind::Map, 0)
    }

    /// What a map's values are.
    pub fn value(self) -> Option<Member<'a>> {
        self.part(Kind::Map, 1)
    }

    /// The least number, or length in characters, bytes or entries.
    pub fn min(self) -> Option<Number> {
        self.bound(Column::Min)
    }

    /// The greatest number, or length in characters, bytes or entries.
    pub fn max(self) -> Option<Number> {
        self.bound(Column::Max)
    }

    /// A regular expression in the syntax of Java, which not every engine reads.
    pub fn pattern(self) -> Option<&'a str> {
        self.text(Column::Pattern)
    }

    /// The texts that it may be, as far as the model knows; empty if it is no enumeration.
    pub fn enum_values(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.service.block.texts(Column::EnumValues, self.row)
    }

    /// Whether a list or map may hold nulls.
    pub fn is_sparse(self) -> bool {
        self.has(Column::Sparse)
    }

    pub fn is_sensitive(self) -> bool {
        self.has(Column::Sensitive)
    }

    /// Whether a number or truth value may be absent.
    pub fn is_boxed(self) -> bool {
        self.has(Column::ShapeBox)
    }

    pub fn is_streaming(self) -> bool {
        self.has(Column::ShapeStreaming)
    }

    /// Whether a stream must say its length first.
    pub fn requires_length(self) -> bool {
        self.has(Column::RequiresLength)
    }

    pub fn is_event_stream(self) -> bool {
        self.has(Column::EventStream)
    }

    pub fn is_event(self) -> bool {
        self.has(Column::Event)
    }

    pub fn is_flattened(self) -> bool {
        self.has(Column::ShapeFlattened)
    }

    /// Whether an XML element stands around it in an answer.
    pub fn is_wrapper(self) -> bool {
        self.has(Column::Wrapper)
    }

    pub fn is_deprecated(self) -> bool {
        self.has(Column::ShapeDeprecated)
    }

    pub fn location_name(self) -> Option<&'a str> {
        self.text(Column::ShapeLocationName)
    }

    pub fn xml_namespace(self) -> Option<&'a str> {
        self.text(Column::ShapeXmlNamespace)
    }

    pub fn xml_prefix(self) -> Option<&'a str> {
        self.text(Column::ShapeXmlPrefix)
    }

    /// An order of members for XML, of few shapes.
    pub fn xml_order(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.service.block.texts(Column::XmlOrder, self.row)
    }

    pub fn timestamp_format(self) -> Option<TimestampFormat> {
        self.service.term(Column::ShapeTimestampFormat, self.row, TimestampFormat::ALL)
    }

    /// The name of the member that is the HTTP body.
    pub fn payload(self) -> Option<&'a str> {
        self.text(Column::Payload)
    }

    pub fn is_exception(self) -> bool {
        self.has(Column::Exception)
    }

    /// Whether an error is the service's fault.
    pub fn is_fault(self) -> bool {
        self.has(Column::Fault)
    }

    pub fn error(self) -> ErrorTrait<'a> {
        ErrorTrait(self)
    }

    /// Whether an error may be tried again, and if so, whether it says that there were too many.
    pub fn throttling(self) -> Option<bool> {
        self.service.block.number(Column::Throttling, self.row).map(|throttling| throttling != 0)
    }

    fn parts(self) -> std::ops::Range<usize> {
        self.service.block.parts_of(Column::MemberCount, self.row)
    }

    fn part(self, kind: Kind, place: usize) -> Option<Member<'a>> {
        let row = self.parts().nth(place).filter(|_| self.kind() == kind)?;
        Some(Member { service: self.service, row })
    }

    fn bound(self, column: Column) -> Option<Number> {
        self.text(column).and_then(|text| serde_json::from_str(text).ok())
    }

    fn has(self, column: Column) -> bool {
        self.service.block.has(column, self.row)
    }

    fn text(self, column: Column) -> Option<&'a str> {
        self.service.block.text(column, self.row)
    }
}

impl<'a> ErrorTrait<'a> {
    /// The code, where it is not the shape's name.
    pub fn code(self) -> Option<&'a str> {
        self.0.text(Column::ErrorCode)
    }

    /// The HTTP status.
    pub fn status(self) -> Option<u16> {
        let status = self.0.service.block.number(Column::ErrorStatus, self.0.row);
        status.and_then(|status| u16::try_from(status).ok())
    }

    pub fn is_sender_fault(self) -> bool {
        self.0.has(Column::SenderFault)
    }
}

impl<'a> Member<'a> {
    /// Empty for what a list or a map is of.
    pub fn name(self) -> &'a str {
        self.text(Column::MemberName).unwrap_or_default()
    }

    /// The shape of its values.
    pub fn shape(self) -> Shape<'a> {
        let row = self.service.block.number(Column::Target, self.row).unwrap_or_default();
        Shape::new(self.service, row)
    }

    pub fn is_required(self) -> bool {
        self.has(Column::Required)
    }

    /// Where in an HTTP message it stands, if not in the body.
    pub fn location(self) -> Option<Location> {
        self.service.term(Column::MemberLocation, self.row, Location::ALL)
    }

    /// The name on the wire, whose meaning is the protocol's: JSON-RPC has no use for it.
    pub fn location_name(self) -> Option<&'a str> {
        self.text(Column::MemberLocationName)
    }

    /// The name in EC2's queries.
    pub fn query_name(self) -> Option<&'a str> {
        self.text(Column::QueryName)
    }

    /// Whether a number or truth value may be absent.
    pub fn is_boxed(self) -> bool {
        self.has(Column::MemberBox)
    }

    /// Whether a client fills it with a fresh UUID.
    pub fn is_idempotency_token(self) -> bool {
        self.has(Column::IdempotencyToken)
    }

    /// Whether it is a part of the host.
    pub fn is_host_label(self) -> bool {
        self.has(Column::HostLabel)
    }

    /// The parameter of the endpoint rules that it is.
    pub fn context_parameter(self) -> Option<&'a str> {
        self.text(Column::ContextParameter)
    }

    pub fn is_deprecated(self) -> bool {
        self.has(Column::MemberDeprecated)
    }

    pub fn is_streaming(self) -> bool {
        self.has(Column::MemberStreaming)
    }

    pub fn is_event_header(self) -> bool {
        self.has(Column::EventHeader)
    }

    pub fn is_event_payload(self) -> bool {
        self.has(Column::EventPayload)
    }

    /// Whether it is a text that is JSON.
    pub fn is_json_value(self) -> bool {
        self.has(Column::JsonValue)
    }

    pub fn is_flattened(self) -> bool {
        self.has(Column::MemberFlattened)
    }

    pub fn is_xml_attribute(self) -> bool {
        self.has(Column::XmlAttribute)
    }

    pub fn xml_namespace(self) -> Option<&'a str> {
        self.text(Column::MemberXmlNamespace)
    }

    pub fn timestamp_format(self) -> Option<TimestampFormat> {
        self.service.term(Column::MemberTimestampFormat, self.row, TimestampFormat::ALL)
    }

    /// The texts that it may be here, where that is not said by its shape.
    pub fn enum_values(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.service.block.texts(Column::MemberEnumValues, self.row)
    }

    fn has(self, column: Column) -> bool {
        self.service.block.has(column, self.row)
    }

    fn text(self, column: Column) -> Option<&'a str> {
        self.service.block.text(column, self.row)
    }
}
