//! Answers that are none, and values that are not as the model says.

use super::*;

/// What comes with the status 200 and is no answer, of any operation that answers in XML.
const GARBAGE: &[&str] = &[
    "<html><body>login</body></html>",
    "<HTML><BODY/></HTML>",
    "<!DOCTYPE html><html><head><title>x</title></head><body><p>a<br>b</body></html>",
    "<!doctype html>\n<html></html>",
    "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
    "<Error><Code>AccessDenied</Code></Error>",
    "<!-- a --><!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
    "OK",
    " ",
];

/// `<Answer>` with the envelope of an operation.
fn enveloped(operation: Operation<'_>, inner: &str) -> String {
    let name = operation.name();
    match operation.service().protocol() {
        Protocol::Query => {
            format!("<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>")
        }
        Protocol::Ec2 => format!("<{name}Response>{inner}</{name}Response>"),
        _ => format!("<Answer>{inner}</Answer>"),
    }
}

/// Operations that answer in XML, with members in the body.
fn with_xml() -> Vec<Operation<'static>> {
    let models = Models::get().unwrap();
    let services = models.names().map(|name| models.service(name).unwrap().unwrap());
    let is_xml = |service: &&Service| {
        [Protocol::Query, Protocol::Ec2, Protocol::RestXml].contains(&service.protocol())
    };
    let has_members = |operation: &Operation<'_>| {
        let exchange = Exchange::of(*operation);
        exchange.is_ok_and(|exchange| {
            exchange.events.is_none() && exchange.output.is_some_and(Node::has_body)
        })
    };
    services.filter(is_xml).flat_map(Service::operations).filter(has_members).collect()
}

#[test]
fn garbage_is_no_answer_of_any_operation() {
    let operations = with_xml();
    assert!(operations.len() > 1_500, "{}", operations.len());
    for operation in operations {
        let name = format!("{}:{}", operation.service().name(), operation.name());
        let exchange = Exchange::of(operation).unwrap();
        let check = |body: &str| {
            let answer = exchange.response(200, [], body.to_owned());
            assert!(matches!(answer, Err(Failure::Unreadable(_))), "{name} {body}: {answer:?}");
        };
        GARBAGE.iter().for_each(|body| check(body));
        let is_payload = |part: &schema::Part| part.payload != Payload::No;
        if exchange.output.is_some_and(|output| output.parts.iter().any(is_payload)) {
            // A member that is all of the body may be missing.
            assert!(exchange.response(200, [], "").is_ok(), "{name}");
        } else {
            check("");
        }
        for inner in [
            "<a><b></a></b>",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/>text",
            "<a><b/></a></a>",
            "<1/>",
            "<!x>",
        ] {
            check(&enveloped(operation, inner));
        }
        let good = enveloped(operation, "<unknown><b c=\"d\"/>e</unknown><!-- f -->");
        assert!(exchange.response(200, [], good.clone()).is_ok(), "{name}");
        check(&format!("{good}text"));
        check(&format!("{good}<b/>"));
        let (open, _) = good.rsplit_once("</").unwrap();
        check(&format!("{open}</other>"));
        assert_ne!(operation.http_method(), "HEAD", "{name}");
        // A stream is only announced.
        assert!(exchange.head(200, []).is_ok(), "{name}");
    }
}

#[test]
fn an_answer_is_that_of_its_own_operation() {
    let check = |name: &str, body: &str, expected: Option<Value>| {
        assert_eq!(response(name, 200, body).ok(), expected, "{body}");
    };
    let user = "<User><UserName>x</UserName></User>";
    let named = Some(json!({"User": {"UserName": "x"}}));
    check(
        "iam:GetUser",
        &format!("<GetUserResponse><GetUserResult>{user}</GetUserResult></GetUserResponse>"),
        named.clone(),
    );
    check(
        "iam:GetUser",
        &format!(
            "<a:GetUserResponse xmlns:a=\"u\"><GetUserResult>{user}</GetUserResult></a:GetUserResponse>"
        ),
        named,
    );
    check("iam:GetUser", &format!("<R><GetUserResult>{user}</GetUserResult></R>"), None);
    check("iam:GetUser", &format!("<GetUserResponse>{user}</GetUserResponse>"), None);
    check(
        "iam:GetUser",
        &format!("<GetUserResponse><GetUserResult>{user}</GetUserResult>text</GetUserResponse>"),
        None,
    );
    check("iam:GetUser", "<GetUserResponse/>", None);
    check("iam:GetUser", "<GetUserResponse><GetUserResult/></GetUserResponse>", Some(json!({})));
    check("ec2:DescribeVpcs", "<DescribeVpcsResponse/>", Some(json!({})));
    check("ec2:DescribeVpcs", "<DescribeSubnetsResponse/>", None);
    check("ec2:DescribeVpcs", "<Response><Errors/></Response>", None);
}

/// Most of these have nothing to say, and say it with a body or without.
#[test]
fn what_answers_nothing_does_not_answer_with_a_page() {
    let check = |name: &str, body: &str, is: bool| {
        let expected = if is { Ok(json!({})) } else { Err(()) };
        assert_eq!(response(name, 200, body).map_err(|_| ()), expected, "{name} {body}");
    };
    for name in ["iam:DeleteUser", "ec2:DeleteVpc", "s3:DeleteBucket", "route53:DeleteHealthCheck"]
    {
        check(name, "", true);
        GARBAGE[..6].iter().for_each(|page| check(name, page, false));
    }
    check("iam:DeleteUser", "<DeleteUserResponse><ResponseMetadata/></DeleteUserResponse>", true);
    check("iam:DeleteUser", "<DeleteUserResponse><ResponseMetadata/>", true);
    check("iam:DeleteUser", "<CreateUserResponse/>", false);
    check("s3:DeleteBucket", "deleted", true);
    for name in ["sqs:DeleteMessage", "lambda:DeleteAlias", "apigateway:DeleteStage"] {
        check(name, "", true);
        check(name, "{}", true);
        check(name, GARBAGE[0], false);
        check(name, GARBAGE[2], false);
    }
    // An object may be a page.
    let page = exchange("s3:GetObject").response(200, [], GARBAGE[0]).unwrap();
    assert!(page["Body"].is_string());
}

#[test]
fn texts_of_xml_are_whole() {
    let check = |key: &str, expected: &str| {
        let body =
            format!("<ListBucketResult><Contents><Key>{key}</Key></Contents></ListBucketResult>");
        let expected = json!({"Contents": [{"Key": expected}]});
        assert_eq!(response("s3:ListObjectsV2", 200, &body), Ok(expected), "{key}");
    };
    check("<![CDATA[a&b]]>", "a&b");
    check("/x<![CDATA[/y]]>/z", "/x/y/z");
    check("a<!-- b -->c", "ac");
    check("&#x1;&#13;&amp;", "\u{1}\r&");
    check("", "");
    check(" a ", " a ");
    let error = "<ErrorResponse><Error><Code>A<![CDATA[B]]></Code><Message><![CDATA[<no>]]></Message></Error></ErrorResponse>";
    match response("iam:GetUser", 400, error) {
        Err(Failure::Service(said)) => {
            assert_eq!((said.code.as_str(), said.message.as_deref()), ("AB", Some("<no>")));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_odd_value_of_json_is_read_or_left_as_it_is() {
    let check = |member: &str, said: &str, expected: Value| {
        let body = format!("{{\"KeyMetadata\":{{\"KeyId\":\"k\",\"{member}\":{said}}}}}");
        let mut all = json!({"KeyMetadata": {"KeyId": "k"}});
        all["KeyMetadata"][member] = expected;
        assert_eq!(response("kms:DescribeKey", 200, &body), Ok(all), "{said}");
    };
    for (said, expected) in [
        ("5", json!(5)),
        ("5.0", json!(5)),
        ("1e3", json!(1000)),
        ("\"5\"", json!(5)),
        ("1.5", json!(1.5)),
        ("true", json!(true)),
        ("\"some\"", json!("some")),
    ] {
        check("PendingDeletionWindowInDays", said, expected);
    }
    for (said, expected) in [
        ("5", "5"),
        ("-1.50", "-1.50"),
        ("99999999999999999999", "99999999999999999999"),
        ("true", "true"),
        ("false", "false"),
    ] {
        check("Description", said, json!(expected));
    }
    for (said, expected) in [
        ("true", json!(true)),
        ("\"True\"", json!(true)),
        ("\"false\"", json!(false)),
        ("1", json!(1)),
    ] {
        check("Enabled", said, expected);
    }
    for (said, expected) in [
        ("\"2026-01-31T12:00:00\"", "2026-01-31T12:00:00Z"),
        ("\"2026-01-31\"", "2026-01-31T00:00:00Z"),
        ("\"soon\"", "soon"),
        ("\"\"", ""),
    ] {
        check("CreationDate", said, json!(expected));
    }
    let float = |said: &str, expected: Value| {
        let body = format!("{{\"FaceDetails\":[{{\"Confidence\":{said}}}]}}");
        let expected = json!({"FaceDetails": [{"Confidence": expected}]});
        assert_eq!(response("rekognition:DetectFaces", 200, &body), Ok(expected), "{said}");
    };
    float("99.5", json!(99.5));
    float("99", json!(99.0));
    float("\"99.5\"", json!(99.5));
    float("\"NaN\"", json!("NaN"));
    float("\"high\"", json!("high"));
    for member in ["Description", "Enabled", "CreationDate", "PendingDeletionWindowInDays"] {
        for said in ["[]", "{}", "[1]", "{\"a\":1}", "tru", "\"", "-"] {
            let body = format!("{{\"KeyMetadata\":{{\"{member}\":{said}}}}}");
            let answer = response("kms:DescribeKey", 200, &body);
            assert!(matches!(answer, Err(Failure::Unreadable(_))), "{member} {said}: {answer:?}");
        }
    }
}

#[test]
fn an_odd_value_of_xml_is_read_where_it_can_mean_one_thing() {
    let check = |member: &str, said: &str, expected: Option<Value>| {
        let policy = format!("<PasswordPolicy><{member}>{said}</{member}></PasswordPolicy>");
        let body = enveloped(operation("iam:GetAccountPasswordPolicy"), &policy);
        let answer = response("iam:GetAccountPasswordPolicy", 200, &body).ok();
        assert_eq!(answer, expected.map(|is| json!({"PasswordPolicy": {member: is}})), "{said}");
    };
    check("ExpirePasswords", "True", Some(json!(true)));
    check("ExpirePasswords", " false\n", Some(json!(false)));
    check("ExpirePasswords", "yes", None);
    check("MaxPasswordAge", "90.0", Some(json!(90)));
    check("MaxPasswordAge", "90.5", None);
    check("MaxPasswordAge", "", None);
    let time = |said: &str, expected: Option<&str>| {
        let user = format!("<User><CreateDate>{said}</CreateDate></User>");
        let answer = response("iam:GetUser", 200, &enveloped(operation("iam:GetUser"), &user)).ok();
        assert_eq!(answer, expected.map(|is| json!({"User": {"CreateDate": is}})), "{said}");
    };
    time("2026-01-31T12:00:00", Some("2026-01-31T12:00:00Z"));
    time("Sat, 31 Jan 2026 12:00:00 +0000", Some("2026-01-31T12:00:00Z"));
    time("soon", None);
}

#[test]
fn headers_are_read_as_freely() {
    let check = |name: &str, said: &str, member: &str, expected: Option<Value>| {
        let answer = exchange("s3:HeadObject").response(200, [(name, said)], "").ok();
        assert_eq!(answer.map(|answer| answer[member].clone()), expected, "{said}");
    };
    let noon = || Some(json!("2026-01-31T12:00:00Z"));
    check("last-modified", "Sat, 31 Jan 2026 12:00:00 GMT", "LastModified", noon());
    check("last-modified", "Sat, 31 Jan 2026 12:00:00 +0000", "LastModified", noon());
    check("last-modified", "soon", "LastModified", None);
    check(
        "x-amz-object-lock-retain-until-date",
        "2026-01-31T12:00:00.000Z",
        "ObjectLockRetainUntilDate",
        noon(),
    );
    check("x-amz-delete-marker", "True", "DeleteMarker", Some(json!(true)));
    check("content-length", "5", "ContentLength", Some(json!(5)));
    check("content-length", "abc", "ContentLength", None);
    check("content-length", "", "ContentLength", Some(Value::Null));
}
