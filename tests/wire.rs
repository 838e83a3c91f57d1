//! Where requests go. A foreign endpoint in somebody's environment must get nothing: no signature, no bearer token, not
//! one byte. The fake AWS stands in as the proxy, so that it sees whatever is sent to any host.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use serde_json::json;
use support::{FakeAws, Home, PLANTED, Response, Server, fake, full, in_minutes};

const FOREIGN: &str = "http://aws.example";

/// A profile of each kind whose credentials come over the network, with a token to lose.
fn home() -> Home {
    let config = "[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\n\
                  sso_role_name = Reader\nregion = us-east-1\n\
                  [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n\
                  [profile role]\nrole_arn = arn:aws:iam::123456789012:role/reader\n\
                  credential_source = Environment\nregion = us-east-1\n";
    let token = json!({
        "startUrl": "https://corp.awsapps.com/start",
        "region": "us-east-1",
        "accessToken": PLANTED[4],
        "expiresAt": in_minutes(60),
    });
    // Named after the SHA-1 of the session's name, as `aws sso login` does.
    let file = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
    Home::new().with(".aws/config", config).with(file, &token.to_string())
}

fn serve(proxy: &FakeAws, home: Home, more: &[(&str, &str)]) -> Server {
    let url = proxy.url();
    let mut env = proxy.env(FOREIGN);
    env.extend([
        ("HTTP_PROXY", url.as_str()),
        ("HTTPS_PROXY", url.as_str()),
        ("LOG_LEVEL", "debug"),
    ]);
    env.extend(more);
    let server = Server::start_at(home, full(), &env);
    server.initialize();
    server
}

#[test]
fn a_foreign_endpoint_gets_not_one_byte() {
    let proxy = fake(|_| Response::instances(1));
    let server = serve(&proxy, home(), &[]);
    let calls = [
        ("ec2_list_instances", json!({})),
        ("ec2_list_instances", json!({"profile": "sso"})),
        ("ec2_list_instances", json!({"profile": "role"})),
        ("ec2_stop_instance", json!({"instance_id": "i-00000000000000001"})),
        ("aws_get_account_info", json!({})),
    ];
    for (tool, args) in calls {
        let said = server.fails(tool, args, "config_error");
        assert!(said["message"].as_str().unwrap().contains("http://aws.example"), "{said:#}");
        assert!(said["next_step"].as_str().unwrap().contains("endpoints.allow"), "{said:#}");
    }
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn the_same_endpoint_gets_its_requests_where_the_person_allows_it() {
    let proxy = fake(|_| Response::instances(1));
    let allow = "[endpoints]\nallow = [\"http://AWS.example\"]\n";
    let home = home().with(".config/aws-mcp/config.toml", allow);
    let server = serve(&proxy, home, &[]);
    server.call_ok("ec2_list_instances", json!({}));
    assert!(!proxy.requests().is_empty());
}
