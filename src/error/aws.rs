//! What went wrong at AWS -> the error's kind. One table for every client, typed or dynamic.

use aws_dynamic::client::CallError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::{AwsWords, Error, Kind};

/// A failed call. `action` says what failed on what, as the start of a sentence:
/// `ec2:DescribeInstances in eu-west-1`. Whether a write was done all the same is not judged here.
pub fn failed<E>(action: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    // A refusal of our own (the wire, the credentials) travels through the SDK and keeps its words.
    if let Some(own) = own_refusal(&error) {
        return own;
    }
    let words = AwsWords {
        code: error.code().map(str::to_owned),
        message: error.message().map(str::to_owned),
        request_id: RequestId::request_id(&error).map(str::to_owned),
    };
    let status = error.raw_response().map(|response| response.status().as_u16());
    // AWS's own words are for the answer, masked and escaped; in the log they could quote an argument.
    let cause = match &error {
        SdkError::ServiceError(_) => None,
        _ => Some(chain(&error)),
    };
    let (kind, message, next): (Kind, String, &'static str) = match &error {
        SdkError::TimeoutError(_) => timed_out(action),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => timed_out(action),
        SdkError::DispatchFailure(_) => (
            Kind::ExecutionError,
            format!("{action} could not reach AWS, or lost the connection."),
            "Check the region, the network, a proxy or VPN, and AWS_ENDPOINT_URL; then try again.",
        ),
        SdkError::ResponseError(_) => (
            Kind::ExecutionError,
            format!("{action} got an answer that could not be read."),
            "Try again. If it stays so, check that AWS_ENDPOINT_URL names an AWS API.",
        ),
        SdkError::ServiceError(_) => {
            let kind =
                kind_of(words.code.as_deref().unwrap_or_default(), status.unwrap_or_default());
            (kind, format!("{action} {}.", refused(kind)), next_step(kind))
        }
        _ => (
            Kind::InternalError,
            format!("{action} could not be put together."),
            next_step(Kind::InternalError),
        ),
    };
    let mut answer = Error::new(kind, message, next);
    answer.cause = cause;
    answer.aws = Box::new(words);
    answer
}

/// A failed call of any operation, by its model.
pub fn uncalled(action: &str, error: CallError) -> Error {
    let message = format!("{action}: {error}.");
    match error {
        CallError::Sdk(error) => failed(action, *error),
        CallError::Invalid(_) => Error::invalid(message, "Mend the payload, then call again."),
        CallError::Service(_) | CallError::Operation { .. } => {
            Error::invalid(message, "Look for its name first.")
        }
        CallError::HostLabel(_) | CallError::Host { .. } | CallError::Endpoint(_) => {
            Error::invalid(message, "Mend the payload or the region, then call again.")
        }
        CallError::Unsupported(_) | CallError::Special(_) | CallError::Authorization(_) => {
            Error::new(Kind::ClientError, message, "Use another way to do it, such as the AWS CLI.")
        }
        CallError::NoCredentials | CallError::NoToken => {
            Error::new(Kind::NoCredentials, message, next_step(Kind::NoCredentials))
        }
        CallError::TooLarge { .. } => Error::new(
            Kind::ResponseTooLarge,
            message,
            "Ask for less: filters, ids, a smaller limit.",
        ),
        CallError::Checksum(_) | CallError::Cut { .. } | CallError::Write { .. } => {
            Error::new(Kind::ExecutionError, message, next_step(Kind::ExecutionError))
        }
        // Its words are AWS's.
        CallError::Interrupted(_) => Error::new(
            Kind::ExecutionError,
            format!("{action}: the stream of events ended with an error."),
            next_step(Kind::ExecutionError),
        ),
        CallError::Broken(_) => Error::new(
            Kind::ConfigError,
            message,
            "Install aws-mcp anew; report it if it stays so.",
        ),
    }
}

/// The error and what it came from, by their own words only: their `Debug` holds whole responses,
/// and a response may hold credentials.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

fn timed_out(action: &str) -> (Kind, String, &'static str) {
    (
        Kind::Timeout,
        format!("{action} took too long."),
        "Try again, or ask for less: filters, a smaller limit, another region.",
    )
}

/// AWS's error codes -> what a caller would do next. Codes as in the services' API references
/// under "Common Errors" and the EC2 list of error codes.
fn kind_of(code: &str, status: u16) -> Kind {
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
            Kind::ExpiredCredentials
        }
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "AuthFailure"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Kind::InvalidCredentials,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "Forbidden"
        | "OptInRequired"
        | "UnauthorizedException"
        | "NotAuthorized"
        | "NotAuthorizedException"
        | "Blocked"
        | "AuthorizationError" => Kind::AccessDenied,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "ProvisionedThroughputExceededException"
        | "EC2ThrottledException"
        | "LimitExceededException"
        | "PriorRequestNotComplete" => Kind::Throttled,
        // Capacity that is not there is a server's error by status; nothing was done.
        _ if code.starts_with("Insufficient") => Kind::ClientError,
        _ if code.contains("NotFound")
            || code.contains("NoSuch")
            || code.ends_with(".Malformed") =>
        {
            if code.ends_with(".Malformed") {
                Kind::ValidationError
            } else {
                Kind::NotFound
            }
        }
        _ if code.starts_with("Invalid")
            || code.starts_with("Missing")
            || code.contains("Validation")
            || code.starts_with("Malformed")
            || code == "UnknownParameter"
            || code == "SerializationException" =>
        {
            Kind::ValidationError
        }
        _ => match status {
            401 => Kind::InvalidCredentials,
            403 => Kind::AccessDenied,
            404 => Kind::NotFound,
            429 => Kind::Throttled,
            408 | 504 => Kind::Timeout,
            400..=499 => Kind::ClientError,
            _ => Kind::ExecutionError,
        },
    }
}

fn refused(kind: Kind) -> &'static str {
    match kind {
        Kind::ExpiredCredentials => "was refused: the credentials have expired",
        Kind::InvalidCredentials => "was refused: AWS does not accept the credentials",
        Kind::AccessDenied => "was refused: this principal may not do it",
        Kind::NotFound => "found nothing by that name",
        Kind::ValidationError => "was refused: AWS does not accept the arguments",
        Kind::Throttled => "was throttled",
        Kind::Timeout => "took too long at AWS",
        Kind::ExecutionError => "failed at AWS's side",
        _ => "was refused",
    }
}

/// What to do about a kind, where nobody knows more.
pub fn next_step(kind: Kind) -> &'static str {
    match kind {
        Kind::ExpiredCredentials => {
            "Sign in again in a terminal (`aws sso login --profile NAME`, `aws login`), or name another profile."
        }
        Kind::InvalidCredentials => {
            "Call aws_get_credentials to see which ones were used, and name another profile."
        }
        Kind::AccessDenied => {
            "See aws_message for the missing permission; name another profile or role_arn that has it."
        }
        Kind::NotFound => "Check the id and the region; list what is there.",
        Kind::ValidationError => "See aws_message, mend the arguments, call again.",
        Kind::Throttled => "Wait a few seconds, then call again with a narrower question.",
        Kind::Timeout | Kind::ExecutionError => "Try again in a few seconds.",
        Kind::InternalError => {
            "This is a fault of aws-mcp. Its log on stderr has the details; report it."
        }
        _ => "See aws_message.",
    }
}

/// An [`Error`] of ours that travelled through the SDK (the wire refused the call).
pub fn own_refusal(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Some(own.clone());
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, status: u16, expected: Kind) {
        assert_eq!(kind_of(code, status), expected, "{code} {status}");
    }

    #[test]
    fn codes() {
        check("ExpiredToken", 403, Kind::ExpiredCredentials);
        check("RequestExpired", 400, Kind::ExpiredCredentials);
        check("InvalidClientTokenId", 403, Kind::InvalidCredentials);
        check("AuthFailure", 401, Kind::InvalidCredentials);
        check("UnauthorizedOperation", 403, Kind::AccessDenied);
        check("NotAuthorizedException", 400, Kind::AccessDenied);
        check("InvalidInstanceID.NotFound", 400, Kind::NotFound);
        check("InvalidInstanceID.Malformed", 400, Kind::ValidationError);
        check("NoSuchEntity", 404, Kind::NotFound);
        check("RequestLimitExceeded", 503, Kind::Throttled);
        check("InvalidParameterValue", 400, Kind::ValidationError);
        check("IncorrectInstanceState", 400, Kind::ClientError);
        check("InternalError", 500, Kind::ExecutionError);
        check("InsufficientInstanceCapacity", 500, Kind::ClientError);
        check("", 403, Kind::AccessDenied);
        check("", 502, Kind::ExecutionError);
    }
}
