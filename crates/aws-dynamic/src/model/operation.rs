//! An operation: its HTTP side, what goes in and out, what it asks of signing and endpoints, and how
//! its answers follow each other.

use serde_json::Value;

use super::column::Column;
use super::service::Service;
use super::shape::Shape;
use super::terms::{AuthScheme, AuthType, EndpointDiscovery};

/// An operation of a service.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    service: &'a Service,
    row: usize,
}

/// The checksums of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Checksum<'a>(Operation<'a>);

/// How an operation's answers follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Paginator<'a>(Operation<'a>);

impl<'a> Operation<'a> {
    pub(super) fn new(service: &'a Service, row: usize) -> Self {
        Self { service, row }
    }

    pub fn service(self) -> &'a Service {
        self.service
    }

    /// Its place among the service's operations: a key for tables beside the model.
    pub fn row(self) -> usize {
        self.row
    }

    pub fn name(self) -> &'a str {
        self.text(Column::OperationName).unwrap_or_default()
    }

    /// The name in requests; CloudFront's has the API's version in it.
    pub fn wire_name(self) -> &'a str {
        self.text(Column::WireName).unwrap_or_else(|| self.name())
    }

    pub fn http_method(self) -> &'a str {
        self.text(Column::HttpMethod).unwrap_or("POST")
    }

    /// A path, perhaps with a query, and members in braces: `/{Bucket}/{Key+}?acl`.
    pub fn http_uri(self) -> &'a str {
        self.text(Column::HttpUri).unwrap_or("/")
    }

    /// The status of success, where the model says it.
    pub fn http_status(self) -> Option<u16> {
        self.number(Column::HttpStatus).and_then(|status| u16::try_from(status).ok())
    }

    pub fn input(self) -> Option<Shape<'a>> {
        self.number(Column::Input).map(|shape| Shape::new(self.service, shape))
    }

    /// The name of the XML root of an input.
    pub fn input_location_name(self) -> Option<&'a str> {
        self.text(Column::InputLocationName)
    }

    /// The namespace of the XML root of an input.
    pub fn input_xml_namespace(self) -> Option<&'a str> {
        self.text(Column::InputXmlNamespace)
    }

    pub fn output(self) -> Option<Shape<'a>> {
        self.number(Column::Output).map(|shape| Shape::new(self.service, shape))
    }

    /// The XML element around an output.
    pub fn output_wrapper(self) -> Option<&'a str> {
        self.text(Column::OutputWrapper)
    }

    /// The shapes of its errors.
    pub fn errors(self) -> impl ExactSizeIterator<Item = Shape<'a>> {
        let errors = self.service.block.numbers(Column::Errors, self.row);
        errors.map(move |shape| Shape::new(self.service, shape))
    }

    pub fn is_readonly(self) -> bool {
        self.has(Column::Readonly)
    }

    pub fn is_idempotent(self) -> bool {
        self.has(Column::Idempotent)
    }

    pub fn is_deprecated(self) -> bool {
        self.has(Column::OperationDeprecated)
    }

    /// Ways to authorise it, where they are not the service's.
    pub fn auth(self) -> impl Iterator<Item = AuthScheme> {
        self.service.terms(Column::OperationAuth, self.row, AuthScheme::ALL)
    }

    pub fn auth_type(self) -> Option<AuthType> {
        self.service.term(Column::OperationAuthType, self.row, AuthType::ALL)
    }

    /// Whether the body stays out of the signature.
    pub fn is_payload_unsigned(self) -> bool {
        self.has(Column::UnsignedPayload)
    }

    pub fn checksum(self) -> Checksum<'a> {
        Checksum(self)
    }

    /// What stands before the host, with members in braces: `{AccountId}.`.
    pub fn host_prefix(self) -> Option<&'a str> {
        self.text(Column::HostPrefix)
    }

    pub fn endpoint_discovery(self) -> Option<EndpointDiscovery> {
        self.service.term(Column::Discovery, self.row, EndpointDiscovery::ALL)
    }

    /// Whether it is the operation that endpoint discovery asks.
    pub fn is_endpoint_operation(self) -> bool {
        self.has(Column::DiscoveryOperation)
    }

    /// Encodings in which a large request may be sent.
    pub fn compression(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.texts(Column::Compression)
    }

    /// Parameters of the endpoint rules that are always the same.
    pub fn static_context(self) -> impl Iterator<Item = (&'a str, Value)> {
        // Decoding has checked that it is JSON.
        let value = |text| serde_json::from_str(text).unwrap_or_default();
        let values = self.texts(Column::StaticContextValue).map(value);
        self.texts(Column::StaticContextName).zip(values)
    }

    /// Parameters of the endpoint rules, each with the JMESPath expression that finds it in the input.
    pub fn operation_context(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let paths = self.texts(Column::OperationContextPath);
        self.texts(Column::OperationContextName).zip(paths)
    }

    /// How its answers follow each other, if there can be more than one.
    pub fn paginator(self) -> Option<Paginator<'a>> {
        self.has(Column::PageInput).then_some(Paginator(self))
    }

    fn has(self, column: Column) -> bool {
        self.service.block.has(column, self.row)
    }

    fn number(self, column: Column) -> Option<usize> {
        self.service.block.number(column, self.row)
    }

    fn text(self, column: Column) -> Option<&'a str> {
        self.service.block.text(column, self.row)
    }

    fn texts(self, column: Column) -> impl ExactSizeIterator<Item = &'a str> {
        self.service.block.texts(column, self.row)
    }
}

impl<'a> Checksum<'a> {
    /// The input's member that names the algorithm.
    pub fn algorithm_member(self) -> Option<&'a str> {
        self.0.text(Column::ChecksumAlgorithmMember)
    }

    /// Whether a request must have one, of those whose algorithm can be chosen.
    pub fn is_request_required(self) -> Option<bool> {
        self.0.number(Column::ChecksumRequestRequired).map(|required| required != 0)
    }

    /// The input's member that asks for a checksum of the answer.
    pub fn mode_member(self) -> Option<&'a str> {
        self.0.text(Column::ChecksumModeMember)
    }

    /// The algorithms that an answer may be summed with.
    pub fn response_algorithms(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.0.texts(Column::ChecksumResponseAlgorithms)
    }

    /// Of before there were algorithms to choose from: whether a request must have one.
    pub fn is_required(self) -> bool {
        self.0.has(Column::ChecksumRequired)
    }
}

impl<'a> Paginator<'a> {
    /// The input's members for the tokens, in step with `output_tokens`.
    pub fn input_tokens(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.0.texts(Column::PageInput)
    }

    /// JMESPath expressions that find the tokens in an answer.
    pub fn output_tokens(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.0.texts(Column::PageOutput)
    }

    /// JMESPath expressions that find what is to be put together.
    pub fn result_keys(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.0.texts(Column::PageResult)
    }

    /// The input's member that limits a page.
    pub fn limit_key(self) -> Option<&'a str> {
        self.0.text(Column::PageLimit)
    }

    /// A JMESPath expression that says whether there is more, where the tokens alone do not.
    pub fn more_results(self) -> Option<&'a str> {
        self.0.text(Column::PageMore)
    }

    /// JMESPath expressions that find what each page repeats.
    pub fn non_aggregate_keys(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.0.texts(Column::PageNonAggregate)
    }
}
