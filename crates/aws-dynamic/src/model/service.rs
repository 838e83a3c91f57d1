//! A service.

use super::block::Block;
use super::column::{Column, Table};
use super::operation::Operation;
use super::shape::Shape;
use super::terms::{AuthScheme, BodyHash, ContextType, Http2, Protocol, SignatureVersion};
use super::waiter::Waiter;
use crate::bytes::Broken;
use crate::protocol::Kept;

/// A service with all its facts.
#[derive(Debug)]
pub struct Service {
    name: String,
    pub(super) block: Block,
    /// What the protocols have made of it so far.
    pub(crate) kept: Kept,
}

impl Service {
    pub(crate) fn decode(name: &str, payload: Vec<u8>, numbers: usize) -> Result<Self, Broken> {
        let block = Block::decode(payload, numbers)?;
        Ok(Self { name: name.to_owned(), block, kept: Kept::default() })
    }

    /// The canonical name, which is that of the AWS CLI.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name by which SDKs tell services apart: `Cost Explorer`.
    pub fn id(&self) -> &str {
        self.text(Column::ServiceId).unwrap_or_default()
    }

    pub fn full_name(&self) -> &str {
        self.text(Column::FullName).unwrap_or_default()
    }

    pub fn abbreviation(&self) -> Option<&str> {
        self.text(Column::Abbreviation)
    }

    /// A date, as the service's requests name it.
    pub fn api_version(&self) -> &str {
        self.text(Column::ApiVersion).unwrap_or_default()
    }

    pub fn endpoint_prefix(&self) -> &str {
        self.text(Column::EndpointPrefix).unwrap_or_default()
    }

    /// The name in signatures: the model's, else the endpoint prefix.
    pub fn signing_name(&self) -> &str {
        self.modelled_signing_name().unwrap_or_else(|| self.endpoint_prefix())
    }

    /// The name in signatures where the model has one.
    pub fn modelled_signing_name(&self) -> Option<&str> {
        self.text(Column::SigningName)
    }

    /// The host of a service that is one for all regions.
    pub fn global_endpoint(&self) -> Option<&str> {
        self.text(Column::GlobalEndpoint)
    }

    /// What stands before the operation in the header `X-Amz-Target`.
    pub fn target_prefix(&self) -> Option<&str> {
        self.text(Column::TargetPrefix)
    }

    /// `1.0` or `1.1`, of those that speak JSON.
    pub fn json_version(&self) -> Option<&str> {
        self.text(Column::JsonVersion)
    }

    /// S3 has one that the model lacks.
    pub fn xml_namespace(&self) -> Option<&str> {
        self.text(Column::ServiceXmlNamespace)
    }

    /// The protocol to speak: of those that it speaks, the first in the order of `Protocol`.
    pub fn protocol(&self) -> Protocol {
        let spoken = |protocol: &&Protocol| self.protocols().any(|spoken| spoken == **protocol);
        Protocol::ALL.iter().find(spoken).copied().unwrap_or(Protocol::Json)
    }

    /// All that it speaks, in the model's order.
    pub fn protocols(&self) -> impl Iterator<Item = Protocol> {
        self.terms(Column::Protocols, 0, Protocol::ALL)
    }

    pub fn signature_version(&self) -> SignatureVersion {
        self.term(Column::Signature, 0, SignatureVersion::ALL).unwrap_or(SignatureVersion::V4)
    }

    /// Ways to authorise a request, the preferred first; empty in models of old.
    pub fn auth(&self) -> impl Iterator<Item = AuthScheme> {
        self.terms(Column::ServiceAuth, 0, AuthScheme::ALL)
    }

    pub fn http2(&self) -> Option<Http2> {
        self.term(Column::ServiceHttp2, 0, Http2::ALL)
    }

    pub fn body_hash(&self) -> Option<BodyHash> {
        self.term(Column::ServiceBodyHash, 0, BodyHash::ALL)
    }

    /// Errors have a second code, that of the query protocol which the service once spoke.
    pub fn is_query_compatible(&self) -> bool {
        self.block.has(Column::QueryCompatible, 0)
    }

    pub fn is_deprecated(&self) -> bool {
        self.block.has(Column::ServiceDeprecated, 0)
    }

    /// A client's own settings that the endpoint rules ask for.
    pub fn client_context(&self) -> impl Iterator<Item = (&str, ContextType)> {
        self.block.texts(Column::ClientContextName, 0).zip(self.terms(
            Column::ClientContextType,
            0,
            ContextType::ALL,
        ))
    }

    /// All operations, sorted by name.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = Operation<'_>> {
        (0..self.block.rows(Table::Operations)).map(|row| Operation::new(self, row))
    }

    /// The operation of a name, in the letters of the API.
    pub fn operation(&self, name: &str) -> Option<Operation<'_>> {
        self.block.find(Column::OperationName, name).map(|row| Operation::new(self, row))
    }

    /// All shapes, sorted by name.
    pub fn shapes(&self) -> impl ExactSizeIterator<Item = Shape<'_>> {
        (0..self.block.rows(Table::Shapes)).map(|row| Shape::new(self, row))
    }

    /// The shape of a name.
    pub fn shape(&self, name: &str) -> Option<Shape<'_>> {
        self.block.find(Column::ShapeName, name).map(|row| Shape::new(self, row))
    }

    /// All waiters, sorted by name.
    pub fn waiters(&self) -> impl ExactSizeIterator<Item = Waiter<'_>> {
        (0..self.block.rows(Table::Waiters)).map(|row| Waiter::new(self, row))
    }

    /// The waiter of a name.
    pub fn waiter(&self, name: &str) -> Option<Waiter<'_>> {
        self.block.find(Column::WaiterName, name).map(|row| Waiter::new(self, row))
    }

    /// The bytes that its facts take.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.block.size()
    }

    fn text(&self, column: Column) -> Option<&str> {
        self.block.text(column, 0)
    }

    pub(super) fn term<T: Copy>(&self, column: Column, row: usize, all: &[T]) -> Option<T> {
        self.block.number(column, row).and_then(|number| all.get(number).copied())
    }

    pub(super) fn terms<T: Copy>(
        &self,
        column: Column,
        row: usize,
        all: &'static [T],
    ) -> impl Iterator<Item = T> {
        self.block.numbers(column, row).filter_map(|number| all.get(number).copied())
    }
}
