//! What a request really asks for, read back from its serialised form: where an operation's effect
//! depends on its arguments, neither a tool's word nor a typed input is taken for them.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use serde_json::Value;

/// The arguments in a request of the AWS JSON protocols, where members have the names of the model
/// (<https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>). None for the others, whose names on
/// the wire or places in the request are different: there the strongest effect counts.
pub fn of_request(request: &HttpRequest) -> Option<Value> {
    let kind = request.headers().get("content-type")?;
    let is_json = kind == "application/x-amz-json-1.0" || kind == "application/x-amz-json-1.1";
    is_json.then(|| serde_json::from_slice(request.body().bytes()?).ok())?
}

/// Whether a request of EC2's protocol is told not to be carried out: by one `DryRun=true`, and no other
/// parameter of that name in any spelling
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html>).
pub fn is_dry_run(request: &HttpRequest) -> bool {
    let is_form =
        request.headers().get("content-type") == Some("application/x-www-form-urlencoded");
    let Some(body) = request.body().bytes().filter(|_| is_form) else { return false };
    let mut named = body.split(|byte| *byte == b'&').filter(|pair| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.eq_ignore_ascii_case(b"DryRun") || name.contains(&b'%')
    });
    named.next() == Some(b"DryRun=true") && named.next().is_none()
}

/// The id that AWS gave a request: what CloudTrail has it under.
pub fn request_id(response: &HttpResponse) -> Option<String> {
    let names = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
    let id = names.iter().find_map(|name| response.headers().get(*name))?;
    is_word(id).then(|| id.to_owned())
}

/// AWS's code of an error, as far as it shows: in the header or as `__type` of the JSON protocols, as
/// `<Code>` in XML.
pub fn error_code(response: &HttpResponse) -> Option<String> {
    let body = response.body().bytes().unwrap_or_default();
    let in_xml = || {
        let begin = memchr::memmem::find(body, b"<Code>")? + b"<Code>".len();
        let rest = body.get(begin..)?;
        let end = memchr::memchr(b'<', rest)?;
        Some(String::from_utf8_lossy(rest.get(..end)?).into_owned())
    };
    let in_json = || {
        let value: Value = serde_json::from_slice(body).ok()?;
        Some(value.get("__type").or_else(|| value.get("code"))?.as_str()?.to_owned())
    };
    let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let code = header.or_else(in_json).or_else(in_xml)?;
    // `namespace#Code:http://...`
    let code = code.rsplit('#').next()?.split(':').next()?.trim();
    is_word(code).then(|| code.to_owned())
}

/// What goes on record is a word, and not a text that stands in its place.
fn is_word(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;
    use serde_json::json;

    fn check(kind: &'static str, body: &str, expected: Option<Value>) {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.headers_mut().insert("content-type", kind);
        assert_eq!(of_request(&request), expected, "{body}");
    }

    #[test]
    fn a_dry_run_is_said_in_one_way_only() {
        let check = |body: &str, expected| {
            let mut request = HttpRequest::new(SdkBody::from(body));
            request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
            assert_eq!(is_dry_run(&request), expected, "{body}");
        };
        check("Action=StopInstances&DryRun=true&InstanceId.1=i-1", true);
        check("Action=StopInstances&InstanceId.1=i-1", false);
        check("Action=StopInstances&DryRun=false", false);
        check("Action=StopInstances&DryRun=true&DryRun=false", false);
        check("Action=StopInstances&DryRun=true&dryrun=false", false);
        check("Action=StopInstances&DryRun=true&Dry%52un=false", false);
        check("Action=StopInstances&X=DryRun=true", false);
        check("", false);
    }

    #[test]
    fn codes_of_errors_in_every_protocol() {
        let check = |header: Option<&'static str>, body: &str, expected: Option<&str>| {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).unwrap();
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            if let Some(header) = header {
                response.headers_mut().insert("x-amzn-errortype", header);
            }
            assert_eq!(error_code(&response).as_deref(), expected, "{body}");
        };
        let xml =
            "<Response><Errors><Error><Code>DryRunOperation</Code></Error></Errors></Response>";
        check(None, xml, Some("DryRunOperation"));
        let json = r#"{"__type":"com.amazonaws.ecs#ServiceNotFoundException","message":"m"}"#;
        check(None, json, Some("ServiceNotFoundException"));
        let header = "ThrottlingException:http://internal.amazon.com/coral/";
        check(Some(header), "{}", Some("ThrottlingException"));
        check(None, "<Code>a text that stands there</Code>", None);
        check(None, "", None);
    }

    #[test]
    fn json_is_read_back_and_nothing_else_is_guessed() {
        let scaled = r#"{"desiredCount":0}"#;
        check("application/x-amz-json-1.1", scaled, Some(json!({"desiredCount": 0})));
        check("application/x-amz-json-1.1", "{", None);
        check("application/x-amz-json-1.1+", scaled, None);
        check("application/json", scaled, None);
        check("application/x-www-form-urlencoded", "Attribute=instanceType", None);
    }
}
