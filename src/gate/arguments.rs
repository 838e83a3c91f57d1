//! What a request really asks for, read back from its serialised form: where an operation's effect
//! depends on its arguments, neither a tool's word nor a typed input is taken for them.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
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
    fn json_is_read_back_and_nothing_else_is_guessed() {
        let scaled = r#"{"desiredCount":0}"#;
        check("application/x-amz-json-1.1", scaled, Some(json!({"desiredCount": 0})));
        check("application/x-amz-json-1.1", "{", None);
        check("application/x-amz-json-1.1+", scaled, None);
        check("application/json", scaled, None);
        check("application/x-www-form-urlencoded", "Attribute=instanceType", None);
    }
}
