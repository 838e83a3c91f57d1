//! What a request really asks for, read back from its serialised form: where an operation's effect
//! depends on its arguments, neither a tool's word nor a typed input is taken for them.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::{Map, Value};

/// The arguments in a request of one of the JSON or query protocols; none where they stand
/// elsewhere too (in the path of a REST service) or cannot be read, and the strongest effect counts.
pub fn of_request(request: &HttpRequest) -> Option<Value> {
    let body = request.body().bytes()?;
    let kind = request.headers().get("content-type")?;
    if kind.starts_with("application/x-amz-json-1.") {
        return serde_json::from_slice(body).ok();
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        return of_form(body);
    }
    None
}

/// `Filter.1.Name=x&Ids.member.1=y` -> `{"Filter": {"Name": "x"}, "Ids": "y"}`: what a condition on
/// members needs, not more. Several values of one member become a list.
fn of_form(body: &[u8]) -> Option<Value> {
    let mut top = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let path: Vec<&str> = name
            .split('.')
            .filter(|part| {
                !(*part == "member" || *part == "entry" || part.bytes().all(|b| b.is_ascii_digit()))
            })
            .collect();
        let (last, above) = path.split_last()?;
        let mut here = &mut top;
        for part in above {
            let next = here.entry(*part).or_insert_with(|| Value::Object(Map::new()));
            here = next.as_object_mut()?;
        }
        let value = Value::String(value.into_owned());
        match here.get_mut(*last) {
            None => drop(here.insert((*last).to_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    Some(Value::Object(top))
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
    fn json_and_form_are_read_back() {
        check(
            "application/x-amz-json-1.1",
            r#"{"desiredCount":0}"#,
            Some(json!({"desiredCount": 0})),
        );
        let form = "application/x-www-form-urlencoded";
        check(form, "Action=X&Capacity=0", Some(json!({"Action": "X", "Capacity": "0"})));
        check(form, "A.member.1=x&A.member.2=y", Some(json!({"A": ["x", "y"]})));
        check(
            form,
            "F.1.Name=a%20b&F.1.Value.1=c",
            Some(json!({"F": {"Name": "a b", "Value": "c"}})),
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        check("application/x-amz-json-1.1", "{", None);
        check("application/json", "{}", None);
        check("application/x-www-form-urlencoded", "A=1&A.B=2", None);
        check("application/x-www-form-urlencoded", "1=2", None);
    }
}
