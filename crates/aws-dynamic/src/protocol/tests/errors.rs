//! What services say when they refuse.

use super::*;

fn service_error(name: &str, status: u16, headers: &[(&str, &str)], body: &str) -> ServiceError {
    match exchange(name).response(status, headers.iter().copied(), body.to_owned()) {
        Err(Failure::Service(error)) => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_of_every_protocol() {
    let check =
        |name: &str, status: u16, headers: &[(&str, &str)], body: &str, expected: ServiceError| {
            assert_eq!(service_error(name, status, headers, body), expected, "{name}");
        };
    let error =
        |status: u16, code: &str, message: &str, fault: Fault, id: Option<&str>, members: Value| {
            ServiceError {
                status,
                code: code.to_owned(),
                message: Some(message.to_owned()),
                fault,
                request_id: id.map(str::to_owned),
                members: members.as_object().unwrap().clone(),
            }
        };
    check(
        "sts:AssumeRole",
        403,
        &[],
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>\
         </Error><RequestId>r</RequestId></ErrorResponse>",
        error(403, "AccessDenied", "no", Fault::Client, Some("r"), json!({})),
    );
    check(
        "iam:GetUser",
        404,
        &[],
        "<ErrorResponse><Error><Code>NoSuchEntity</Code><message>gone</message></Error></ErrorResponse>",
        error(404, "NoSuchEntity", "gone", Fault::Client, None, json!({"message": "gone"})),
    );
    check(
        "ec2:DescribeInstances",
        500,
        &[],
        "<Response><Errors><Error><Code>InternalError</Code><Message>oh</Message></Error></Errors>\
         <RequestID>r</RequestID></Response>",
        error(500, "InternalError", "oh", Fault::Server, Some("r"), json!({})),
    );
    check(
        "s3:GetObject",
        403,
        &[("x-amz-request-id", "r")],
        "<?xml version=\"1.0\"?><Error><Code>InvalidObjectState</Code><Message>cold</Message>\
         <StorageClass>GLACIER</StorageClass></Error>",
        error(
            403,
            "InvalidObjectState",
            "cold",
            Fault::Client,
            Some("r"),
            json!({"StorageClass": "GLACIER"}),
        ),
    );
    check(
        "dynamodb:PutItem",
        400,
        &[("x-amzn-requestid", "r")],
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"no","Item":{"a":{"S":"b"}}}"#,
        error(
            400,
            "ConditionalCheckFailedException",
            "no",
            Fault::Client,
            Some("r"),
            json!({"message": "no", "Item": {"a": {"S": "b"}}}),
        ),
    );
    check(
        "sqs:GetQueueUrl",
        400,
        &[("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}"#,
        error(
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
            "gone",
            Fault::Client,
            None,
            json!({"message": "gone"}),
        ),
    );
    check(
        "lambda:GetFunction",
        429,
        &[("x-amzn-ErrorType", "TooManyRequestsException:http://x/"), ("Retry-After", "3")],
        r#"{"Reason":"CallerRateLimitExceeded","message":"slow"}"#,
        error(
            429,
            "TooManyRequestsException",
            "slow",
            Fault::Client,
            None,
            json!({"retryAfterSeconds": "3", "Reason": "CallerRateLimitExceeded", "message": "slow"}),
        ),
    );
}

#[test]
fn an_error_that_cannot_be_read_has_its_status() {
    for name in
        ["sts:AssumeRole", "ec2:RunInstances", "s3:GetObject", "sqs:ListQueues", "lambda:Invoke"]
    {
        for body in ["", "<html>Bad Gateway</html>", "upstream died", "\u{0}"] {
            let error = service_error(name, 502, &[], body);
            assert_eq!((error.code.as_str(), error.fault), ("502", Fault::Server), "{name} {body}");
            assert!(error.message.is_none() && error.members.is_empty(), "{name} {body}");
        }
    }
}

#[test]
fn who_was_wrong_is_what_the_service_says_it_is() {
    let fault = |name: &str, status: u16, headers: &[(&str, &str)], body: &str| {
        service_error(name, status, headers, body).fault
    };
    let of_kind = |kind: &str| {
        format!("<ErrorResponse><Error><Type>{kind}</Type><Code>C</Code></Error></ErrorResponse>")
    };
    assert_eq!(fault("iam:GetUser", 400, &[], &of_kind("Receiver")), Fault::Server);
    assert_eq!(fault("iam:GetUser", 503, &[], &of_kind("Sender")), Fault::Client);
    assert_eq!(fault("iam:GetUser", 503, &[], &of_kind("")), Fault::Server);
    assert_eq!(fault("iam:GetUser", 404, &[], &of_kind("")), Fault::Client);
    let header = [("x-amzn-query-error", "Code;Receiver")];
    assert_eq!(fault("sqs:ListQueues", 400, &header, "{}"), Fault::Server);
    let modelled = r#"{"__type":"InternalServerError"}"#;
    assert_eq!(fault("dynamodb:GetItem", 400, &[], modelled), Fault::Server);
}

#[test]
fn a_code_without_letters_is_none() {
    let check = |name: &str, headers: &[(&str, &str)], body: &str, expected: &str| {
        assert_eq!(service_error(name, 400, headers, body).code, expected, "{name} {body}");
    };
    let header = [("x-amzn-query-error", ";Sender")];
    check("sqs:ListQueues", &header, r#"{"__type":"a#QueueDoesNotExist"}"#, "QueueDoesNotExist");
    check("sqs:ListQueues", &header, "{}", "400");
    for code in ["<Code/>", "<Code></Code>", "<Code/><Code></Code>"] {
        check("sts:AssumeRole", &[], &format!("<E><Error>{code}</Error></E>"), "400");
        check("s3:GetObject", &[], &format!("<Error>{code}</Error>"), "400");
    }
    check("lambda:Invoke", &[("x-amzn-errortype", "")], "{}", "400");
    check("lambda:Invoke", &[("x-amzn-errortype", ":http://a")], "{}", "400");
    check("dynamodb:GetItem", &[], r#"{"__type":"a#"}"#, "400");
}
