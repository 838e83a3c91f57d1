//! What of botocore's models is not taken over, and why. Any other key that the importer does not
//! read stops it.

/// An object of the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file service-2.json itself.
    Model,
    Metadata,
    ProtocolSettings,
    ClientContext,
    Operation,
    Http,
    Input,
    Output,
    /// An entry of an operation's errors.
    ErrorEntry,
    HttpChecksum,
    Endpoint,
    EndpointDiscovery,
    RequestCompression,
    StaticContext,
    OperationContext,
    Shape,
    /// The object `error` of a shape.
    Error,
    Retryable,
    XmlNamespace,
    Member,
    ContextParameter,
    /// The file paginators-1.json itself.
    Paginators,
    Paginator,
    /// The file waiters-2.json itself.
    Waiters,
    Waiter,
    Acceptor,
    /// A file of additions, *.sdk-extras.json, itself.
    Extras,
}

const TEXT: &str = "documentation text, which comes with the user's own update";
const SINCE: &str = "said in free text beside the documentation; that it is deprecated is kept";
const FORMAT: &str = "the version of the file's format, which the file's name has too";

/// Each key that is left out, with the place and the reason.
pub const LEFT_OUT: &[(Place, &str, &str)] = &[
    (Place::Model, "documentation", TEXT),
    (Place::Model, "deprecatedMessage", TEXT),
    (Place::Model, "examples", "an empty object, of one service"),
    (Place::Model, "version", FORMAT),
    (Place::Metadata, "uid", "the name of the model among AWS's files: never sent"),
    (Place::Metadata, "ripServiceName", "a name inside AWS's build: never sent"),
    (Place::ClientContext, "documentation", TEXT),
    (Place::Operation, "documentation", TEXT),
    (Place::Operation, "deprecatedMessage", TEXT),
    (Place::Operation, "deprecatedSince", SINCE),
    (Place::Input, "documentation", TEXT),
    (Place::Output, "documentation", TEXT),
    (Place::ErrorEntry, "documentation", TEXT),
    (Place::Shape, "documentation", TEXT),
    (Place::Shape, "deprecatedMessage", TEXT),
    (Place::Shape, "deprecatedSince", SINCE),
    (Place::Shape, "synthetic", "that AWS's tools made the shape: never sent"),
    (Place::Member, "documentation", TEXT),
    (Place::Member, "deprecatedMessage", TEXT),
    (Place::Member, "deprecatedSince", SINCE),
    (Place::Paginators, "version", FORMAT),
    (Place::Waiters, "version", FORMAT),
    (Place::Waiter, "description", TEXT),
    (Place::Extras, "version", FORMAT),
];
