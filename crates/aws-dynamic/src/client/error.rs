//! Why a call has no answer: in this crate's words for what never left, in the runtime's own type for
//! what did, so that callers judge it as they judge errors of generated clients.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::Error as Erased;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{
    EMPTY_ERROR_METADATA, ErrorMetadata, ProvideErrorMetadata,
};
use aws_smithy_types::retry::{ErrorKind, ProvideErrorKind};

use serde_json::Map;

use crate::auth::Unauthorizable;
use crate::catalog::Broken;
use crate::endpoint::EndpointError;
use crate::model::Operation;
use crate::protocol::{Fault, ServiceError, Unsupported};
use crate::validate::Invalid;

/// Why a call has no answer.
#[derive(Debug)]
pub enum CallError {
    /// No service has this name, or more than one.
    Service(String),
    /// The service has no operation of this name.
    Operation {
        service: String,
        operation: String,
    },
    /// The packed models or rules are damaged.
    Broken(Broken),
    /// The input cannot be sent; all that is wrong with it.
    Invalid(Box<Invalid>),
    /// The operation is one that this crate cannot speak of.
    Unsupported(Unsupported),
    /// A way to use the operation that this crate does not know.
    Special(&'static str),
    /// The endpoint's rules refuse, or lack something.
    Endpoint(EndpointError),
    /// A member that becomes part of the host is missing, or no part of a host.
    HostLabel(String),
    Authorization(Unauthorizable),
    /// The request must be signed, and the configuration has no source of credentials.
    NoCredentials,
    /// The answer has more bytes than the client takes.
    TooLarge {
        limit: usize,
    },
    /// What the runtime, the network or the service said.
    Sdk(Box<SdkError<Refusal, HttpResponse>>),
}

/// An error that a service answered, with what retries need to know of it.
#[derive(Clone, Debug)]
pub struct Refusal {
    error: ServiceError,
    metadata: ErrorMetadata,
    retry: Option<ErrorKind>,
}

/// The runtime's error before it is known whose it is.
pub(super) type Sent = SdkError<Erased, HttpResponse>;

impl CallError {
    /// What the runtime says, with the error that the codec put into it.
    pub(super) fn of(error: Sent) -> Self {
        let refusal = |error: Erased| match error.downcast::<Refusal>() {
            Ok(refusal) => refusal,
            Err(error) => Refusal::foreign(&error),
        };
        Self::Sdk(Box::new(error.map_service_error(refusal)))
    }

    /// An input that cannot be written, in the form that it has when the runtime finds it.
    pub(super) fn unwritten(error: BoxError) -> Self {
        Self::Sdk(Box::new(SdkError::construction_failure(error)))
    }

    /// The error that the service answered, if it answered one.
    pub fn service_error(&self) -> Option<&ServiceError> {
        let Self::Sdk(error) = self else { return None };
        error.as_service_error().map(Refusal::error)
    }
}

impl ProvideErrorMetadata for CallError {
    fn meta(&self) -> &ErrorMetadata {
        let Self::Sdk(error) = self else { return &EMPTY_ERROR_METADATA };
        error.meta()
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "no service is called {name:?}"),
            Self::Operation { service, operation } => {
                write!(f, "{service} has no operation {operation:?}")
            }
            Self::Broken(broken) => broken.fmt(f),
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Unsupported(unsupported) => unsupported.fmt(f),
            Self::Special(what) => f.write_str(what),
            Self::Endpoint(error) => error.fmt(f),
            Self::HostLabel(member) => {
                write!(f, "{member} becomes part of the host: expected letters, digits and hyphens")
            }
            Self::Authorization(error) => error.fmt(f),
            Self::NoCredentials => f.write_str("there is no source of credentials to sign with"),
            Self::TooLarge { limit } => write!(f, "the answer has more than {limit} bytes"),
            Self::Sdk(error) => match error.as_service_error() {
                Some(refusal) => refusal.fmt(f),
                None => error.fmt(f),
            },
        }
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let Self::Sdk(error) = self else { return None };
        error.source()
    }
}

impl Refusal {
    /// What the service answered.
    pub fn error(&self) -> &ServiceError {
        &self.error
    }

    /// What is left of an error that is not this crate's: an interceptor's.
    fn foreign(error: &Erased) -> Self {
        let error = ServiceError {
            status: 0,
            code: "Unknown".to_owned(),
            message: Some(error.to_string()),
            fault: Fault::Client,
            request_id: None,
            members: Map::new(),
        };
        let metadata = ErrorMetadata::builder().code(&error.code).build();
        Self { error, metadata, retry: None }
    }

    /// Whether it may be tried again is the model's to say, where it says anything.
    pub(super) fn new(error: ServiceError, operation: Operation<'_>) -> Self {
        let mut metadata = ErrorMetadata::builder().code(&error.code);
        if let Some(message) = &error.message {
            metadata = metadata.message(message);
        }
        if let Some(id) = &error.request_id {
            metadata = metadata.custom("aws_request_id", id);
        }
        let named = operation.errors().find(|shape| {
            shape.name() == error.code || shape.error().code() == Some(error.code.as_str())
        });
        let retry = named.and_then(|shape| shape.throttling()).map(|is_throttling| {
            let server =
                if error.status >= 500 { ErrorKind::ServerError } else { ErrorKind::ClientError };
            if is_throttling { ErrorKind::ThrottlingError } else { server }
        });
        Self { error, metadata: metadata.build(), retry }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

impl ProvideErrorKind for Refusal {
    fn retryable_error_kind(&self) -> Option<ErrorKind> {
        self.retry
    }

    fn code(&self) -> Option<&str> {
        Some(&self.error.code)
    }
}
