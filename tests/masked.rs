//! What looks like a secret in AWS's answers does not come out of the shipped binary, wherever somebody put it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::json;
use support::{Home, PLANTED, PLANTED_KEY, Response, fake, serve};

const LIST: &str = "ec2_list_instances";
const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.cGxhbnRlZHNpZ25hdHVyZXBsYW50ZWQ";
const PEM_LINE: &str = "MIIEvQplantedIBADANBgkqhkiG9w0BAQEFAASC";

/// A server whose one instance has this in its tags; the secret in it must not come out.
fn hides(value: &str, secret: &str) {
    let tags = format!("<value>{value}</value>");
    let aws = fake(move |_| {
        let whole = Response::instances(1);
        let text = String::from_utf8(whole.body).unwrap();
        assert!(text.contains("<value>host-0</value>"), "{text}");
        Response { body: text.replace("<value>host-0</value>", &tags).into_bytes(), ..whole }
    });
    let server = serve(&aws, Home::new(), &[], &[]);
    server.call_ok(LIST, json!({}));
    server.call_ok(LIST, json!({"detail": true}));
    server.call_ok("ec2_describe_instance", json!({"instance_id": "i-00000000000000000"}));
    for said in [server.stdout(), server.stderr()] {
        assert!(!said.contains(secret), "{secret:?} of {value:?} in {said}");
    }
}

#[test]
fn a_secret_key_beside_its_id_does_not_come_out() {
    for between in [" ", ":", "\n", "\",\"SecretAccessKey\":\""] {
        hides(&format!("{KEY_ID}{between}{PLANTED_KEY}"), &PLANTED_KEY[..12]);
    }
}

#[test]
fn a_secret_key_in_the_tag_beside_that_of_its_id_does_not_come_out() {
    let item = "</value></item><item><key>Secret</key><value>";
    hides(&format!("{KEY_ID}{item}{PLANTED_KEY}"), &PLANTED_KEY[..12]);
}

#[test]
fn a_session_token_that_is_called_one_does_not_come_out() {
    hides(&format!("aws_session_token={}", PLANTED[4]), &PLANTED[4][20..32]);
}

#[test]
fn a_web_token_does_not_come_out() {
    hides(JWT, &JWT[21..]);
    hides(&format!("Bearer {JWT} and more"), &JWT[21..]);
}

#[test]
fn a_private_key_does_not_come_out_whole_or_cut() {
    for kind in ["", "RSA ", "OPENSSH "] {
        let begin = format!("-----BEGIN {kind}PRIVATE KEY-----\n{PEM_LINE}\n{PEM_LINE}\n");
        hides(&begin, PEM_LINE);
        hides(&format!("{begin}-----END {kind}PRIVATE KEY-----"), PEM_LINE);
    }
}
