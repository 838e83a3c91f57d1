//! Writes what `block` reads: the facts of a service as columns.

use std::collections::BTreeMap;

use serde_json::Number;

use super::column::{Column, Form, Limit, Table};
use super::terms::*;
use crate::bytes::varint;
use crate::import::facts::{Acceptor, Member, Operation, Service, Shape};

/// The facts contradict themselves, with the place: a shape that is not there, a list of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction(String);

impl std::fmt::Display for Contradiction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Contradiction {}

type Result<T, E = Contradiction> = std::result::Result<T, E>;

/// The numbers and the texts of a service's block.
pub(crate) fn encode(service: &Service) -> Result<[Vec<u8>; 2]> {
    let mut writer = Writer {
        columns: vec![Written::default(); Column::ALL.len()],
        shapes: service.shapes.keys().map(String::as_str).zip(0..).collect(),
        members: 0,
        acceptors: 0,
    };
    writer.service(service);
    for (row, (name, operation)) in service.operations.iter().enumerate() {
        writer.operation(row, name, operation)?;
    }
    for (row, (name, shape)) in service.shapes.iter().enumerate() {
        writer.shape(row, name, shape)?;
    }
    writer.waiters(service)?;
    let tables = [
        1,
        service.operations.len(),
        service.shapes.len(),
        writer.members,
        service.waiters.len(),
        writer.acceptors,
    ];
    Ok(writer.finish(tables))
}

struct Writer<'a> {
    /// As `Column::ALL`.
    columns: Vec<Written>,
    shapes: BTreeMap<&'a str, usize>,
    members: usize,
    acceptors: usize,
}

/// A column while it is filled, row after row.
#[derive(Clone, Default)]
struct Written {
    rows: Vec<usize>,
    numbers: Vec<usize>,
    texts: Vec<u8>,
}

/// What a column gets for a row.
enum Cell<'t> {
    Flag,
    Number(usize),
    Text(&'t str),
}

impl Writer<'_> {
    fn service(&mut self, service: &Service) {
        use Column::*;
        self.text(ServiceId, 0, Some(&service.id));
        self.text(FullName, 0, Some(&service.full_name));
        self.text(Abbreviation, 0, service.abbreviation.as_ref());
        self.text(ApiVersion, 0, Some(&service.api_version));
        self.text(EndpointPrefix, 0, Some(&service.endpoint_prefix));
        self.text(SigningName, 0, service.signing_name.as_ref());
        self.text(GlobalEndpoint, 0, service.global_endpoint.as_ref());
        self.text(TargetPrefix, 0, service.target_prefix.as_ref());
        self.text(JsonVersion, 0, service.json_version.as_ref());
        self.text(ServiceXmlNamespace, 0, service.xml_namespace.as_ref());
        self.terms(Protocols, 0, Protocol::ALL, &service.protocols);
        self.terms(Signature, 0, SignatureVersion::ALL, [&service.signature_version]);
        self.terms(ServiceAuth, 0, AuthScheme::ALL, &service.auth);
        self.terms(ServiceHttp2, 0, Http2::ALL, &service.http2);
        self.terms(ServiceBodyHash, 0, BodyHash::ALL, &service.body_hash);
        self.flag(QueryCompatible, 0, service.is_query_compatible);
        self.flag(ServiceDeprecated, 0, service.is_deprecated);
        for (name, kind) in &service.client_context {
            self.text(ClientContextName, 0, Some(name));
            self.terms(ClientContextType, 0, ContextType::ALL, [kind]);
        }
    }

    fn operation(&mut self, row: usize, name: &str, operation: &Operation) -> Result<()> {
        use Column::*;
        let other = |text: &'_ str, usual: &str| (text != usual).then(|| text.to_owned());
        self.text(OperationName, row, Some(name));
        self.text(WireName, row, other(&operation.wire_name, name));
        self.text(HttpMethod, row, other(&operation.http_method, "POST"));
        self.text(HttpUri, row, other(&operation.http_uri, "/"));
        self.number(HttpStatus, row, operation.http_status);
        if let Some(input) = &operation.input {
            self.shape_of(Input, row, &input.shape)?;
            self.text(InputLocationName, row, input.location_name.as_ref());
            self.text(InputXmlNamespace, row, input.xml_namespace.as_ref());
        }
        if let Some(output) = &operation.output {
            self.shape_of(Output, row, &output.shape)?;
            self.text(OutputWrapper, row, output.wrapper.as_ref());
        }
        for error in &operation.errors {
            self.shape_of(Errors, row, error)?;
        }
        self.flag(Readonly, row, operation.is_readonly);
        self.flag(Idempotent, row, operation.is_idempotent);
        self.flag(OperationDeprecated, row, operation.is_deprecated);
        self.terms(OperationAuth, row, AuthScheme::ALL, &operation.auth);
        self.terms(OperationAuthType, row, AuthType::ALL, &operation.auth_type);
        self.flag(UnsignedPayload, row, operation.is_payload_unsigned);
        let checksum = &operation.checksum;
        self.text(ChecksumAlgorithmMember, row, checksum.algorithm_member.as_ref());
        self.number(ChecksumRequestRequired, row, checksum.is_request_required);
        self.text(ChecksumModeMember, row, checksum.mode_member.as_ref());
        self.text(ChecksumResponseAlgorithms, row, &checksum.response_algorithms);
        self.flag(ChecksumRequired, row, checksum.is_required);
        self.text(HostPrefix, row, operation.host_prefix.as_ref());
        self.terms(Discovery, row, EndpointDiscovery::ALL, &operation.endpoint_discovery);
        self.flag(DiscoveryOperation, row, operation.is_endpoint_operation);
        self.text(Compression, row, &operation.compression);
        for (name, value) in &operation.static_context {
            self.text(StaticContextName, row, Some(name));
            self.text(StaticContextValue, row, [value.to_string()]);
        }
        for (name, path) in &operation.operation_context {
            self.text(OperationContextName, row, Some(name));
            self.text(OperationContextPath, row, Some(path));
        }
        if let Some(paginator) = &operation.paginator {
            self.text(PageInput, row, &paginator.input_tokens);
            self.text(PageOutput, row, &paginator.output_tokens);
            self.text(PageResult, row, &paginator.result_keys);
            self.text(PageLimit, row, paginator.limit_key.as_ref());
            self.text(PageMore, row, paginator.more_results.as_ref());
            self.text(PageNonAggregate, row, &paginator.non_aggregate_keys);
        }
        Ok(())
    }

    fn shape(&mut self, row: usize, name: &str, shape: &Shape) -> Result<()> {
        use Column::*;
        self.text(ShapeName, row, Some(name));
        self.terms(ShapeKind, row, Kind::ALL, [&shape.kind]);
        if !shape.members.is_empty() {
            self.put(MemberCount, row, Cell::Number(shape.members.len()));
        }
        self.text(Min, row, shape.min.as_ref().map(Number::to_string));
        self.text(Max, row, shape.max.as_ref().map(Number::to_string));
        self.text(Pattern, row, shape.pattern.as_ref());
        self.text(EnumValues, row, &shape.enum_values);
        self.flag(Sparse, row, shape.is_sparse);
        self.flag(Sensitive, row, shape.is_sensitive);
        self.flag(ShapeBox, row, shape.is_boxed);
        self.flag(ShapeStreaming, row, shape.is_streaming);
        self.flag(RequiresLength, row, shape.requires_length);
        self.flag(EventStream, row, shape.is_event_stream);
        self.flag(Event, row, shape.is_event);
        self.flag(ShapeFlattened, row, shape.is_flattened);
        self.flag(Wrapper, row, shape.is_wrapper);
        self.flag(ShapeDeprecated, row, shape.is_deprecated);
        self.text(ShapeLocationName, row, shape.location_name.as_ref());
        self.text(ShapeXmlNamespace, row, shape.xml_namespace.as_ref());
        self.text(ShapeXmlPrefix, row, shape.xml_prefix.as_ref());
        self.text(XmlOrder, row, &shape.xml_order);
        self.terms(ShapeTimestampFormat, row, TimestampFormat::ALL, &shape.timestamp_format);
        self.text(Payload, row, shape.payload.as_ref());
        self.flag(Exception, row, shape.is_exception);
        self.flag(Fault, row, shape.is_fault);
        self.text(ErrorCode, row, shape.error.code.as_ref());
        self.number(ErrorStatus, row, shape.error.status);
        self.flag(SenderFault, row, shape.error.is_sender_fault);
        self.number(Throttling, row, shape.throttling);
        let named = shape.members.iter().filter(|member| !member.name.is_empty()).count();
        let (has_names, count) = (shape.kind.has_named_members(), shape.members.len());
        let unnamed = [Kind::List, Kind::Map].iter().position(|kind| *kind == shape.kind);
        // A list has one, a map has two.
        let fits = match unnamed {
            Some(place) => named == 0 && count == place + 1,
            None => named == count && (has_names || count == 0),
        };
        if !fits {
            return Err(Contradiction(format!("{name}: its members are not those of its kind")));
        }
        shape.members.iter().try_for_each(|member| self.member(member))
    }

    fn member(&mut self, member: &Member) -> Result<()> {
        use Column::*;
        let row = self.members;
        self.members += 1;
        self.text(MemberName, row, Some(&member.name).filter(|name| !name.is_empty()));
        self.shape_of(Target, row, &member.target)?;
        self.flag(Required, row, member.is_required);
        self.terms(MemberLocation, row, Location::ALL, &member.location);
        self.text(MemberLocationName, row, member.location_name.as_ref());
        self.text(QueryName, row, member.query_name.as_ref());
        self.flag(MemberBox, row, member.is_boxed);
        self.flag(IdempotencyToken, row, member.is_idempotency_token);
        self.flag(HostLabel, row, member.is_host_label);
        self.text(ContextParameter, row, member.context_parameter.as_ref());
        self.flag(MemberDeprecated, row, member.is_deprecated);
        self.flag(MemberStreaming, row, member.is_streaming);
        self.flag(EventHeader, row, member.is_event_header);
        self.flag(EventPayload, row, member.is_event_payload);
        self.flag(JsonValue, row, member.is_json_value);
        self.flag(MemberFlattened, row, member.is_flattened);
        self.flag(XmlAttribute, row, member.is_xml_attribute);
        self.text(MemberXmlNamespace, row, member.xml_namespace.as_ref());
        self.terms(MemberTimestampFormat, row, TimestampFormat::ALL, &member.timestamp_format);
        self.text(MemberEnumValues, row, &member.enum_values);
        Ok(())
    }

    fn waiters(&mut self, service: &Service) -> Result<()> {
        use Column::*;
        for (row, (name, waiter)) in service.waiters.iter().enumerate() {
            let operation = service.operations.keys().position(|name| *name == waiter.operation);
            let Some(operation) = operation else {
                let missing = &waiter.operation;
                return Err(Contradiction(format!("{name}: there is no operation {missing}")));
            };
            self.text(WaiterName, row, Some(name));
            self.put(WaiterOperation, row, Cell::Number(operation));
            self.number(Delay, row, Some(waiter.delay));
            self.number(MaxAttempts, row, Some(waiter.max_attempts));
            self.put(AcceptorCount, row, Cell::Number(waiter.acceptors.len()));
            waiter.acceptors.iter().for_each(|acceptor| self.acceptor(acceptor));
        }
        Ok(())
    }

    fn acceptor(&mut self, acceptor: &Acceptor) {
        use Column::*;
        let row = self.acceptors;
        self.acceptors += 1;
        self.terms(AcceptorMatcher, row, Matcher::ALL, [&acceptor.matcher]);
        self.terms(AcceptorState, row, State::ALL, [&acceptor.state]);
        self.text(Argument, row, acceptor.argument.as_ref());
        self.text(Expected, row, [acceptor.expected.to_string()]);
    }

    fn flag(&mut self, column: Column, row: usize, flagged: bool) {
        if flagged {
            self.put(column, row, Cell::Flag);
        }
    }

    fn number(&mut self, column: Column, row: usize, number: Option<impl Into<u32>>) {
        if let Some(number) = number {
            self.put(column, row, Cell::Number(number.into() as usize));
        }
    }

    fn terms<'t, T: PartialEq + 't>(
        &mut self,
        column: Column,
        row: usize,
        all: &[T],
        terms: impl IntoIterator<Item = &'t T>,
    ) {
        for term in terms {
            // One that is not among all would be a number too large, which is not read back.
            let number = all.iter().position(|other| other == term).unwrap_or(all.len());
            self.put(column, row, Cell::Number(number));
        }
    }

    fn shape_of(&mut self, column: Column, row: usize, name: &str) -> Result<()> {
        let missing = || Contradiction(format!("there is no shape {name}"));
        let number = self.shapes.get(name).copied().ok_or_else(missing)?;
        self.put(column, row, Cell::Number(number));
        Ok(())
    }

    fn text(&mut self, column: Column, row: usize, texts: impl IntoIterator<Item: AsRef<str>>) {
        for text in texts {
            self.put(column, row, Cell::Text(text.as_ref()));
        }
    }

    fn put(&mut self, column: Column, row: usize, cell: Cell<'_>) {
        let Some(column) = self.columns.get_mut(column as usize) else { return };
        column.rows.push(row);
        match cell {
            Cell::Flag => {}
            Cell::Number(number) => column.numbers.push(number),
            Cell::Text(text) => {
                column.texts.extend(text.as_bytes());
                column.texts.push(0xff);
            }
        }
    }

    /// Numbers and texts.
    fn finish(self, tables: [usize; Table::ALL.len()]) -> [Vec<u8>; 2] {
        let mut numbers = Vec::new();
        let mut texts = Vec::new();
        tables.iter().for_each(|rows| varint(&mut numbers, *rows));
        for (column, written) in Column::ALL.iter().zip(&self.columns) {
            varint(&mut numbers, written.rows.len());
            if written.rows.is_empty() {
                continue;
            }
            let rows = tables.get(column.table() as usize).copied().unwrap_or_default();
            if written.rows.iter().copied().eq(0..rows) {
                numbers.push(0);
            } else {
                numbers.push(1);
                let mut before = 0;
                for row in &written.rows {
                    varint(&mut numbers, row - before);
                    before = *row;
                }
            }
            let mut before = 0;
            for number in &written.numbers {
                match column.form() {
                    Form::Number(Limit::RowsOf(_)) => {
                        varint(&mut numbers, distance(before, *number));
                        before = *number;
                    }
                    Form::Number(_) | Form::Flag | Form::Text | Form::Json => {
                        varint(&mut numbers, *number);
                    }
                }
            }
            texts.extend(&written.texts);
        }
        [numbers, texts]
    }
}

/// How far it is from one number to another, with the sign in the lowest bit.
fn distance(from: usize, to: usize) -> usize {
    match to.checked_sub(from) {
        Some(up) => up << 1,
        None => (from - to - 1) << 1 | 1,
    }
}

#[cfg(test)]
mod tests;
