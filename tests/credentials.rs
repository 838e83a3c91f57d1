//! Whose credentials a call uses, what is told of them, and what is not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{
    CALLER, FakeAws, Home, Moto, PLANTED, PLANTED_KEY, PLANTED_TOKEN, Request, Response, Server,
    any_role, caller, fake, full, in_minutes, leak, minutes_ago, serve, serve_keyless,
};

const ENV_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const DEV_KEY: &str = "AKIADEVDEVDEVDEVDEVD";
const OPS_KEY: &str = "AKIAOPSOPSOPSOPSOPSO";
const ROLE_KEY: &str = "ASIATESTSTESTSTESTST";
const ROLE: &str = "arn:aws:iam::210987654321:role/Reader";
const ASSUMED: &str = "arn:aws:sts::210987654321:assumed-role/Reader/me";

/// Where nothing listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// SHA-1 of `corp`, and of the start URL of [`SSO`]: the names of the token files that `aws sso login` writes.
const CORP: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
const START_URL: &str = ".aws/sso/cache/a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json";

const SSO: &str = "
[profile dev]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Reader
region = eu-west-1

[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start

[profile legacy]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = Reader
";

/// A home with a config file.
fn home(config: &str) -> Home {
    Home::new().with(".aws/config", config)
}

/// A profile with static keys.
fn keys(profile: &str, id: &str) -> String {
    format!(
        "[profile {profile}]\naws_access_key_id = {id}\naws_secret_access_key = {}\n",
        PLANTED[2]
    )
}

/// An AWS with no instances, whose role [`ROLE`] can be assumed for so many minutes.
fn role_for(minutes: u64) -> FakeAws {
    fake(move |request| match request.action().as_str() {
        "AssumeRole" => reader(&in_minutes(minutes)),
        _ => Response::instances(0),
    })
}

fn reader(expiration: &str) -> Response {
    Response::assumed_role("210987654321", "Reader", "me", expiration)
}

fn no_instances() -> FakeAws {
    fake(|_| Response::instances(0))
}

/// A JSON answer, as SSO and OIDC give it.
fn json_answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Response {
    let mut response = Response::xml(status, body.to_string());
    response.headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    response.headers.extend(headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    response
}

/// Every file below a directory, but for the audit log, in which no planted secret may stand.
fn files(below: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.components().any(|part| part.as_os_str() == "audit") => {
                    assert_eq!(leak(&String::from_utf8_lossy(&fs::read(path).unwrap())), None);
                }
                false => drop(found.insert(path.clone(), fs::read(path).unwrap())),
            }
        }
    }
    found
}

/// The access key ids that signed the calls of one operation.
fn signers(aws: &FakeAws, action: &str) -> Vec<String> {
    let id = |request: &Request| request.access_key_id().unwrap_or_default().to_owned();
    aws.requests_for(action).iter().map(id).collect()
}

mod order {
    use super::*;

    #[test]
    fn an_explicit_profile_beats_the_keys_of_the_environment() {
        let aws = no_instances();
        let server = serve(&aws, home(&keys("dev", DEV_KEY)), &[], &[]);
        let told = server.call_ok("aws_get_account_info", json!({"profile": "dev"}));
        assert_eq!(told["profile"], "dev");
        assert_eq!(told["target"]["profile"], "dev");
        assert_eq!(told["target"]["source"], "aws_config_profile:dev");
        assert_eq!(signers(&aws, "GetCallerIdentity"), [DEV_KEY]);
    }

    #[test]
    fn an_explicit_profile_that_is_broken_is_an_error_and_not_the_environment() {
        let aws = no_instances();
        let server = serve(&aws, home("[profile dev]\nregion = eu-west-1\n"), &[], &[]);
        server.fails("ec2_list_instances", json!({"profile": "dev"}), "no_credentials");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn a_role_is_assumed_from_the_profile_when_both_are_given() {
        let aws = role_for(60);
        let home = home(&(keys("dev", DEV_KEY) + "region = eu-west-1\n"));
        let server = serve(&aws, home, any_role(), &[]);
        let told =
            server.call_ok("ec2_list_instances", json!({"profile": "dev", "role_arn": ROLE}));
        assert_eq!(
            told["target"],
            json!({
                "account_id": "210987654321",
                "region": "eu-west-1",
                "profile": "dev",
                "principal": ASSUMED,
                "source": format!("assume_role:{ROLE}"),
            })
        );
        assert_eq!(signers(&aws, "AssumeRole"), [DEV_KEY]);
        assert_eq!(signers(&aws, "DescribeInstances"), [ROLE_KEY]);
        let sent = &aws.requests_for("DescribeInstances")[0];
        assert_eq!(sent.region(), Some("eu-west-1"));
        assert_eq!(sent.header("x-amz-security-token"), Some(PLANTED_TOKEN));
        assert_eq!(aws.requests_for("AssumeRole")[0].param("RoleArn").as_deref(), Some(ROLE));
        assert!(aws.requests_for("GetCallerIdentity").is_empty(), "AssumeRole said who it is");
    }

    #[test]
    fn a_role_alone_is_assumed_by_the_default_chain() {
        let aws = role_for(60);
        let server = serve(&aws, Home::new(), any_role(), &[]);
        let told = server.call_ok("ec2_list_instances", json!({"role_arn": ROLE}));
        assert_eq!(told["target"]["principal"], ASSUMED);
        assert_eq!(told["target"].get("profile"), None);
        assert_eq!(signers(&aws, "AssumeRole"), [ENV_KEY]);
    }

    #[test]
    fn a_profile_on_the_call_beats_the_one_that_was_set() {
        let aws = no_instances();
        let home = home(&(keys("dev", DEV_KEY) + &keys("ops", OPS_KEY)));
        let server = serve(&aws, home, &[], &[]);
        server.call_ok("aws_set_environment", json!({"profile": "dev"}));
        server.call_ok("aws_get_account_info", json!({"profile": "ops"}));
        assert_eq!(signers(&aws, "GetCallerIdentity"), [OPS_KEY]);
    }

    #[test]
    fn what_was_set_beats_the_default_chain() {
        let aws = no_instances();
        let server = serve(&aws, home(&keys("dev", DEV_KEY)), &[], &[]);
        server.call_ok("aws_get_account_info", json!({}));
        server.call_ok("aws_set_environment", json!({"profile": "dev"}));
        let told = server.call_ok("aws_get_account_info", json!({}));
        assert_eq!(told["target"]["source"], "aws_config_profile:dev");
        assert_eq!(signers(&aws, "GetCallerIdentity"), [ENV_KEY, DEV_KEY]);
    }

    #[test]
    fn the_default_chain_takes_keys_then_aws_profile_then_the_default_profile() {
        let aws = no_instances();
        let both = || home(&(keys("dev", DEV_KEY) + &keys("default", OPS_KEY)));
        let dev = [("AWS_PROFILE", "dev")];
        let check = |server: Server, source: &str| {
            let told = server.call_ok("aws_get_credentials", json!({}));
            assert_eq!(told["metadata"]["credentials_source"], source);
        };
        check(serve(&aws, both(), &[], &dev), "environment");
        check(serve_keyless(&aws, both(), &[], &dev), "aws_config_profile:dev");
        check(serve_keyless(&aws, both(), &[], &[]), "aws_config_profile:default");
    }

    #[test]
    fn a_profile_that_changes_on_disk_is_read_again() {
        let aws = no_instances();
        let home = home(&keys("dev", DEV_KEY));
        let config = home.path().join(".aws/config");
        let server = serve(&aws, home, &[], &[]);
        server.call_ok("aws_get_account_info", json!({"profile": "dev"}));
        fs::write(config, keys("dev", OPS_KEY) + "# changed\n").unwrap();
        server.call_ok("aws_get_account_info", json!({"profile": "dev"}));
        assert_eq!(signers(&aws, "GetCallerIdentity"), [DEV_KEY, OPS_KEY]);
    }
}

mod roles {
    use super::*;

    #[test]
    fn fifty_concurrent_callers_assume_a_role_once() {
        let aws = fake(|request| match request.action().as_str() {
            "AssumeRole" => reader(&in_minutes(60)).after(Duration::from_millis(300)),
            _ => Response::instances(1),
        });
        let server = serve(&aws, Home::new(), any_role(), &[]);
        let all = server.at_once(50, "ec2_list_instances", &json!({"role_arn": ROLE}));
        assert_eq!(aws.requests_for("AssumeRole").len(), 1);
        assert!(aws.requests_for("GetCallerIdentity").is_empty());
        for told in all {
            assert_eq!(told["target"]["principal"], ASSUMED, "{}", told["target"]);
        }
    }

    #[test]
    fn callers_in_several_regions_assume_a_role_once() {
        let aws = role_for(60);
        let server = serve(&aws, Home::new(), any_role(), &[]);
        for region in ["us-east-1", "eu-west-1", "ap-southeast-2"] {
            server.call_ok("ec2_list_instances", json!({"role_arn": ROLE, "region": region}));
        }
        assert_eq!(aws.requests_for("AssumeRole").len(), 1);
    }

    #[test]
    fn role_credentials_are_kept_while_they_last_longer_than_five_minutes() {
        let aws = role_for(6);
        let server = serve(&aws, Home::new(), any_role(), &[]);
        for _ in 0..3 {
            server.call_ok("ec2_list_instances", json!({"role_arn": ROLE}));
        }
        assert_eq!(aws.requests_for("AssumeRole").len(), 1);
    }

    #[test]
    fn role_credentials_that_end_within_five_minutes_are_renewed() {
        let aws = role_for(4);
        let server = serve(&aws, Home::new(), any_role(), &[]);
        server.call_ok("ec2_list_instances", json!({"role_arn": ROLE}));
        let first = aws.requests_for("AssumeRole").len();
        server.call_ok("ec2_list_instances", json!({"role_arn": ROLE}));
        assert!(aws.requests_for("AssumeRole").len() > first);
    }

    #[test]
    fn fifty_callers_with_credentials_near_their_end_do_not_each_renew_them() {
        let assumed = AtomicUsize::new(0);
        let aws = fake(move |request| match request.action().as_str() {
            "AssumeRole" => match assumed.fetch_add(1, Ordering::SeqCst) {
                0 => reader(&in_minutes(4)),
                _ => reader(&in_minutes(60)),
            },
            _ => Response::instances(1),
        });
        let server = serve(&aws, Home::new(), any_role(), &[]);
        server.at_once(50, "ec2_list_instances", &json!({"role_arn": ROLE}));
        // Whoever asked before the first answer came shares it; later ones share the next.
        assert!((1..=2).contains(&aws.requests_for("AssumeRole").len()));
    }

    #[test]
    fn where_a_renewal_fails_what_is_left_serves_to_its_end() {
        let assumed = AtomicUsize::new(0);
        let aws = fake(move |request| match request.action().as_str() {
            "AssumeRole" if assumed.fetch_add(1, Ordering::SeqCst) == 0 => reader(&in_minutes(4)),
            "AssumeRole" => Response::sts_error(403, "AccessDenied", "No more."),
            _ => Response::instances(1),
        });
        let server = serve(&aws, Home::new(), any_role(), &[]);
        server.call_ok("ec2_list_instances", json!({"role_arn": ROLE}));
        server.call_ok("ec2_list_instances", json!({"role_arn": ROLE}));
    }

    #[test]
    fn a_role_that_may_not_be_assumed_is_access_denied_in_awss_words() {
        let aws = fake(|_| Response::sts_error(403, "AccessDenied", "User may not sts:AssumeRole"));
        let server = serve(&aws, Home::new(), any_role(), &[]);
        let said = server.fails("ec2_list_instances", json!({"role_arn": ROLE}), "access_denied");
        assert!(said["message"].as_str().unwrap().contains(ROLE));
        assert_eq!(said["aws_code"], "AccessDenied");
        assert_eq!(said["aws_message"], "User may not sts:AssumeRole");
        assert!(said["aws_request_id"].is_string());
    }

    #[test]
    fn an_unreadable_answer_to_assume_role_is_quoted_nowhere() {
        let whole = String::from_utf8(reader(&in_minutes(60)).body).unwrap();
        let aws = fake(move |request| match request.param("RoleArn").unwrap().as_str() {
            name if name.ends_with("/cut") => Response::xml(200, whole.as_str()).cut_off(),
            name if name.ends_with("/undated") => {
                Response::xml(200, whole.replace("<Expiration>", "<Expiration>soon "))
            }
            name if name.ends_with("/torn") => Response::xml(200, whole.replace("</", "<&/")),
            _ => json_answer(200, &[], &json!({"SecretAccessKey": PLANTED_KEY})),
        });
        let server = serve(&aws, Home::new(), any_role(), &[]);
        for way in ["cut", "undated", "torn", "json"] {
            let role = format!("arn:aws:iam::210987654321:role/{way}");
            server.fails("ec2_list_instances", json!({"role_arn": role}), "execution_error");
        }
    }

    #[test]
    fn a_role_that_is_no_arn_is_refused_before_anything_is_sent() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[]);
        for wrong in ["Reader", "arn:aws:iam::1:role/x", "arn:aws:iam::210987654321:user/x"] {
            server.fails("ec2_list_instances", json!({"role_arn": wrong}), "validation_error");
        }
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn what_a_role_profile_says_is_sent_to_assume_role() {
        let aws = role_for(60);
        let config = keys("base", DEV_KEY)
            + &format!(
                "[profile reader]\nsource_profile = base\nrole_arn = {ROLE}\nrole_session_name = me\n\
                 external_id = ours\nduration_seconds = 3600\nregion = eu-west-1\n"
            );
        let server = serve(&aws, home(&config), &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"profile": "reader"}));
        assert_eq!(
            told["target"],
            json!({
                "account_id": "210987654321",
                "region": "eu-west-1",
                "profile": "reader",
                "principal": ASSUMED,
                "source": "assume_role:reader",
            })
        );
        let asked = &aws.requests_for("AssumeRole")[0];
        assert_eq!(asked.access_key_id(), Some(DEV_KEY));
        assert_eq!(asked.param("DurationSeconds").as_deref(), Some("3600"));
        assert_eq!(asked.param("ExternalId").as_deref(), Some("ours"));
        assert_eq!(asked.param("RoleSessionName").as_deref(), Some("me"));
    }

    #[test]
    fn a_role_on_a_role_profile_is_assumed_with_that_role() {
        let aws = fake(|request| match request.param("RoleArn").as_deref() {
            Some(ROLE) => reader(&in_minutes(60)),
            Some(_) => Response::assumed_role("333333333333", "Far", "me", &in_minutes(60)),
            None => Response::instances(0),
        });
        let config = keys("base", DEV_KEY)
            + &format!("[profile reader]\nsource_profile = base\nrole_arn = {ROLE}\n");
        let server = serve(&aws, home(&config), any_role(), &[]);
        let far = "arn:aws:iam::333333333333:role/Far";
        let told =
            server.call_ok("ec2_list_instances", json!({"profile": "reader", "role_arn": far}));
        assert_eq!(told["target"]["account_id"], "333333333333");
        assert_eq!(signers(&aws, "AssumeRole"), [DEV_KEY, ROLE_KEY]);
    }

    #[test]
    fn the_emulators_role_is_assumed_too() {
        let moto = Moto::shared();
        let server = Server::start(&[], &[&moto.env()[..], &[("LOG_LEVEL", "debug")]].concat());
        server.initialize();
        let role = moto.seed()["role_arn"].as_str().unwrap();
        let told = server.call_ok("aws_get_account_info", json!({"role_arn": role}));
        let arn = told["arn"].as_str().unwrap();
        assert!(arn.contains(":assumed-role/tests-reader/aws-mcp-"), "{arn}");
        assert_eq!(told["target"]["principal"], arn);
        assert_eq!(told["target"]["account_id"], moto.seed()["account_id"]);
    }
}

mod target {
    use super::*;

    #[test]
    fn every_aws_answer_says_where_it_came_from() {
        let moto = Moto::shared();
        let server = Server::start(full(), &[&moto.env()[..], &[("LOG_LEVEL", "debug")]].concat());
        server.initialize();
        let mine = moto.run_instance("us-east-1", &[("Name", "target")]);
        let calls = [
            ("aws_get_account_info", json!({})),
            ("aws_validate_credentials", json!({})),
            ("ec2_list_instances", json!({"limit": 1})),
            ("ec2_describe_instance", json!({"instance_id": mine})),
            ("ec2_start_instance", json!({"instance_id": mine})),
            ("ec2_stop_instance", json!({"instance_id": mine})),
        ];
        for (tool, args) in calls {
            let target = server.call_ok(tool, args)["target"].clone();
            assert_eq!(target["account_id"], moto.seed()["account_id"], "{tool}: {target}");
            assert_eq!(target["region"], "us-east-1", "{tool}: {target}");
            assert_eq!(target["source"], "environment", "{tool}: {target}");
            assert!(target["principal"].is_string(), "{tool}: {target}");
            assert_eq!(target.get("profile"), None, "{tool}: {target}");
        }
    }

    #[test]
    fn whose_the_keys_are_is_asked_once_beside_the_calls() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[]);
        for told in server.at_once(20, "ec2_list_instances", &json!({})) {
            assert_eq!(told["target"]["principal"], CALLER);
        }
        server.call_ok("ec2_list_instances", json!({"limit": 5}));
        assert_eq!(aws.requests_for("GetCallerIdentity").len(), 1);
    }

    #[test]
    fn whose_the_keys_are_is_asked_once_for_all_regions() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[]);
        for region in ["us-east-1", "eu-west-1", "ap-southeast-2"] {
            let told = server.call_ok("ec2_list_instances", json!({"region": region}));
            assert_eq!(told["target"]["principal"], CALLER);
        }
        assert_eq!(aws.requests_for("GetCallerIdentity").len(), 1);
    }

    #[test]
    fn an_identity_that_is_denied_fails_no_tool() {
        let aws = FakeAws::start(|request| match request.action().as_str() {
            "GetCallerIdentity" => Response::sts_error(403, "AccessDenied", "No."),
            _ => Response::instances(1),
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        for _ in 0..2 {
            let told = server.call_ok("ec2_list_instances", json!({}));
            assert_eq!(told["target"], json!({"region": "us-east-1", "source": "environment"}));
        }
        assert_eq!(aws.requests_for("GetCallerIdentity").len(), 1);
    }

    #[test]
    fn an_identity_that_never_comes_holds_an_answer_up_for_seconds_only() {
        let aws = FakeAws::start(|request| match request.action().as_str() {
            "GetCallerIdentity" => Response::never(),
            _ => Response::instances(1),
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        let begun = Instant::now();
        let told = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(told["target"].get("account_id"), None);
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_wrong_region_is_refused_before_anything_is_sent() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[]);
        for wrong in ["us-east", "us-east-1.example.com", "us-east-1/", "EU-WEST-1"] {
            server.fails("ec2_list_instances", json!({"region": wrong}), "validation_error");
        }
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn no_region_anywhere_is_said() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[("AWS_REGION", "")]);
        let said = server.fails("ec2_list_instances", json!({}), "validation_error");
        assert!(said["next_step"].as_str().unwrap().contains("region"));
        // Who one is, is the same everywhere.
        server.call_ok("aws_get_account_info", json!({}));
    }
}

mod masked {
    use super::*;

    #[test]
    fn keys_of_the_environment_are_shown_masked() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[("AWS_SESSION_TOKEN", PLANTED_TOKEN)]);
        let told = server.call_ok("aws_get_credentials", json!({}));
        assert!(told["timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(
            told["credentials"],
            json!({
                "access_key_id": "AKIAIOSFOD...",
                "secret_access_key": "***",
                "region": "us-east-1",
                "has_session_token": true,
            })
        );
        assert_eq!(
            told["environment_variables"],
            json!({
                "AWS_ACCESS_KEY_ID": "AKIAIOSFOD...",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_REGION": "us-east-1",
                "AWS_SECRET_ACCESS_KEY": "***",
                "AWS_SESSION_TOKEN": "***",
            })
        );
        assert_eq!(told["metadata"], json!({"credentials_source": "environment"}));
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn the_start_of_a_session_token_is_shown_when_asked_for() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[("AWS_SESSION_TOKEN", PLANTED_TOKEN)]);
        let told = server.call_ok("aws_get_credentials", json!({"include_session_token": true}));
        let shown = format!("{}...", &PLANTED_TOKEN[..20]);
        assert_eq!(told["credentials"]["session_token"], shown);
    }

    #[test]
    fn keys_without_a_token_have_none_to_show() {
        let aws = no_instances();
        let server = serve(&aws, home(&keys("dev", DEV_KEY)), &[], &[]);
        let args = json!({"profile": "dev", "include_session_token": true});
        let told = server.call_ok("aws_get_credentials", args);
        assert_eq!(told["credentials"]["has_session_token"], false);
        assert_eq!(told["credentials"].get("session_token"), None);
        assert_eq!(told["credentials"]["profile"], "dev");
        assert_eq!(told["environment_variables"]["AWS_PROFILE"], "dev");
        assert_eq!(told["environment_variables"].get("AWS_SESSION_TOKEN"), None);
        assert_eq!(told["metadata"]["credentials_source"], "aws_config_profile:dev");
    }

    #[test]
    fn a_roles_credentials_say_until_when_they_last() {
        let aws = fake(|_| reader("2099-01-02T03:04:05Z"));
        let config = keys("base", DEV_KEY)
            + &format!("[profile reader]\nsource_profile = base\nrole_arn = {ROLE}\n");
        let server = serve(&aws, home(&config), &[], &[]);
        let told = server.call_ok("aws_get_credentials", json!({"profile": "reader"}));
        assert_eq!(told["credentials"]["access_key_id"], "ASIATESTST...");
        assert_eq!(
            told["metadata"],
            json!({
                "credentials_source": "assume_role:reader",
                "expires_at": "2099-01-02T03:04:05Z",
            })
        );
    }

    #[test]
    fn no_credentials_and_unknown_profiles_are_errors() {
        let aws = no_instances();
        let server = serve_keyless(&aws, home(&keys("staging", DEV_KEY)), &[], &[]);
        let none = server.fails("aws_get_credentials", json!({}), "no_credentials");
        assert!(none["next_step"].as_str().unwrap().contains("aws_list_profiles"));
        let unknown =
            server.fails("aws_get_credentials", json!({"profile": "stagin"}), "not_found");
        assert!(unknown["message"].as_str().unwrap().contains("\"staging\""), "{unknown:#}");
    }

    #[test]
    fn half_a_pair_of_keys_in_the_environment_is_said_without_the_half() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[("AWS_ACCESS_KEY_ID", "")]);
        let said = server.fails("aws_get_account_info", json!({}), "no_credentials");
        assert!(said["message"].as_str().unwrap().contains("AWS_ACCESS_KEY_ID is not"));
    }
}

mod sso {
    use super::*;

    /// The file that `aws sso login` leaves.
    fn signed_in(expires_at: &str) -> String {
        json!({
            "startUrl": "https://corp.awsapps.com/start",
            "region": "us-east-1",
            "accessToken": PLANTED[4],
            "expiresAt": expires_at,
        })
        .to_string()
    }

    /// The same, with what is needed to renew the token.
    fn renewable(expires_at: &str) -> String {
        json!({
            "startUrl": "https://corp.awsapps.com/start",
            "region": "us-east-1",
            "accessToken": PLANTED[3],
            "expiresAt": expires_at,
            "clientId": "client",
            "clientSecret": PLANTED[2],
            "registrationExpiresAt": in_minutes(10_000),
            "refreshToken": PLANTED[4],
        })
        .to_string()
    }

    /// GetRoleCredentials's answer: planted credentials until the year 2099.
    fn role_credentials() -> Response {
        let credentials = json!({
            "accessKeyId": ROLE_KEY,
            "secretAccessKey": PLANTED_KEY,
            "sessionToken": PLANTED_TOKEN,
            "expiration": 4_071_006_245_000_i64,
        });
        json_answer(200, &[], &json!({"roleCredentials": credentials}))
    }

    fn portal(answer: impl Fn() -> Response + Send + Sync + 'static) -> FakeAws {
        fake(move |request| match request.path.starts_with("/federation/credentials") {
            true => answer(),
            false => Response::instances(0),
        })
    }

    fn asked(aws: &FakeAws) -> Vec<Request> {
        let mut requests = aws.requests();
        requests.retain(|request| request.path.starts_with("/federation/credentials"));
        requests
    }

    #[test]
    fn the_cached_token_of_a_session_buys_credentials_once() {
        let aws = portal(|| role_credentials().after(Duration::from_millis(200)));
        let home = home(SSO).with(CORP, &signed_in(&in_minutes(60)));
        let server = serve_keyless(&aws, home, &[], &[]);
        let all = server.at_once(50, "ec2_list_instances", &json!({"profile": "dev"}));
        let asked = asked(&aws);
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].header("x-amz-sso_bearer_token"), Some(PLANTED[4]));
        assert!(asked[0].path.contains("role_name=Reader"), "{}", asked[0].path);
        assert!(asked[0].path.contains("account_id=123456789012"), "{}", asked[0].path);
        assert!(signers(&aws, "DescribeInstances").iter().all(|id| id == ROLE_KEY));
        for told in all {
            let target = &told["target"];
            assert_eq!(target["account_id"], "123456789012", "{target}");
            assert_eq!(target["source"], "sso:dev");
            assert_eq!(target["region"], "eu-west-1");
        }
    }

    #[test]
    fn its_credentials_are_shown_masked() {
        let aws = portal(role_credentials);
        let home = home(SSO).with(CORP, &signed_in(&in_minutes(60)));
        let server = serve_keyless(&aws, home, &[], &[]);
        let args = json!({"profile": "dev", "include_session_token": true});
        let told = server.call_ok("aws_get_credentials", args);
        assert_eq!(told["credentials"]["access_key_id"], "ASIATESTST...");
        assert_eq!(
            told["metadata"],
            json!({"credentials_source": "sso:dev", "expires_at": "2099-01-02T03:04:05Z"})
        );
    }

    #[test]
    fn the_endpoint_of_sso_alone_can_be_another() {
        let aws = portal(role_credentials);
        let url = aws.url();
        let home = home(SSO).with(CORP, &signed_in(&in_minutes(60)));
        let elsewhere = no_instances();
        let server = serve_keyless(&elsewhere, home, &[], &[("AWS_ENDPOINT_URL_SSO", &url)]);
        server.call_ok("ec2_list_instances", json!({"profile": "dev"}));
        assert_eq!(asked(&aws).len(), 1);
        assert!(asked(&elsewhere).is_empty());
    }

    #[test]
    fn a_profile_without_an_sso_session_uses_the_token_of_its_start_url() {
        let aws = portal(role_credentials);
        let home = home(SSO).with(START_URL, &signed_in(&in_minutes(60)));
        let server = serve_keyless(&aws, home, &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"profile": "legacy"}));
        assert_eq!(told["target"]["source"], "sso:legacy");
    }

    #[test]
    fn without_a_token_one_is_told_to_sign_in() {
        let aws = portal(role_credentials);
        let server = serve_keyless(&aws, home(SSO), &[], &[]);
        for profile in ["dev", "legacy"] {
            let args = json!({"profile": profile});
            let said = server.fails("aws_get_account_info", args, "no_credentials");
            assert!(said["next_step"].as_str().unwrap().contains("aws sso login"), "{said:#}");
        }
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn with_an_expired_token_one_is_told_to_sign_in() {
        let aws = portal(role_credentials);
        let home = home(SSO).with(CORP, &signed_in(&minutes_ago(1)));
        let server = serve_keyless(&aws, home, &[], &[]);
        let args = json!({"profile": "dev"});
        let said = server.fails("aws_get_account_info", args, "expired_credentials");
        assert!(said["next_step"].as_str().unwrap().contains("aws sso login"), "{said:#}");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn an_expired_token_of_a_start_url_is_expired_too() {
        let aws = portal(|| {
            let kind = [("x-amzn-ErrorType", "UnauthorizedException")];
            json_answer(401, &kind, &json!({"message": "Session token not found or invalid"}))
        });
        let home = home(SSO).with(START_URL, &signed_in(&minutes_ago(1)));
        let server = serve_keyless(&aws, home, &[], &[]);
        let args = json!({"profile": "legacy"});
        let said = server.fails("aws_get_account_info", args, "expired_credentials");
        assert!(said["next_step"].as_str().unwrap().contains("aws sso login"), "{said:#}");
    }

    #[test]
    fn a_token_that_was_revoked_counts_as_expired() {
        let aws = portal(|| {
            let kind = [("x-amzn-ErrorType", "UnauthorizedException")];
            json_answer(401, &kind, &json!({"message": "Session token not found or invalid"}))
        });
        let home = home(SSO).with(CORP, &signed_in(&in_minutes(60)));
        let server = serve_keyless(&aws, home, &[], &[]);
        let args = json!({"profile": "dev"});
        let said = server.fails("aws_get_account_info", args, "expired_credentials");
        assert!(said["next_step"].as_str().unwrap().contains("aws sso login"), "{said:#}");
    }

    #[test]
    fn a_token_file_that_is_no_json_is_quoted_nowhere() {
        let aws = portal(role_credentials);
        let home = home(SSO).with(CORP, &format!("{{\"accessToken\": {}", PLANTED[4]));
        let server = serve_keyless(&aws, home, &[], &[]);
        server.fails("aws_get_account_info", json!({"profile": "dev"}), "no_credentials");
    }

    #[test]
    fn an_expired_token_is_renewed_where_it_can_be() {
        let aws = fake(|request| match request.path.as_str() {
            "/token" => json_answer(
                200,
                &[],
                &json!({
                    "accessToken": PLANTED[4],
                    "tokenType": "Bearer",
                    "expiresIn": 28_800,
                    "refreshToken": PLANTED_TOKEN,
                }),
            ),
            path if path.starts_with("/federation/credentials") => role_credentials(),
            _ => Response::instances(0),
        });
        let home = home(SSO).with(CORP, &renewable(&minutes_ago(1)));
        let server = serve_keyless(&aws, home, &[], &[]);
        server.call_ok("ec2_list_instances", json!({"profile": "dev"}));
        assert_eq!(asked(&aws)[0].header("x-amz-sso_bearer_token"), Some(PLANTED[4]));
    }

    #[test]
    fn a_renewal_that_is_refused_is_expired_credentials() {
        let refused = |status, kind| {
            let body = json!({"error": "invalid_grant", "message": "Not any more"});
            json_answer(status, &[("x-amzn-ErrorType", kind)], &body)
        };
        let aws = fake(move |request| match request.path.as_str() {
            "/token" => refused(400, "InvalidGrantException"),
            _ => refused(401, "UnauthorizedException"),
        });
        let home = home(SSO).with(CORP, &renewable(&minutes_ago(1)));
        let server = serve_keyless(&aws, home, &[], &[]);
        let args = json!({"profile": "dev"});
        let said = server.fails("aws_get_account_info", args, "expired_credentials");
        assert!(said["next_step"].as_str().unwrap().contains("aws sso login"), "{said:#}");
    }

    #[test]
    fn a_missing_sso_session_is_named() {
        let aws = no_instances();
        let config = "[profile dev]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n";
        let server = serve_keyless(&aws, home(config), &[], &[]);
        let said = server.fails("aws_get_credentials", json!({"profile": "dev"}), "no_credentials");
        assert!(said["message"].as_str().unwrap().contains("[sso-session corp]"), "{said:#}");
    }
}

#[cfg(unix)]
mod process {
    use super::*;

    const PROCESS_KEY: &str = "AKIAPROCESSPROCESS00";

    /// What a credential_process prints.
    fn document(expiration: Option<&str>) -> String {
        let mut document = json!({
            "Version": 1,
            "AccessKeyId": PROCESS_KEY,
            "SecretAccessKey": PLANTED[3],
            "SessionToken": PLANTED[4],
        });
        if let Some(expiration) = expiration {
            document["Expiration"] = expiration.into();
        }
        document.to_string()
    }

    /// A home whose profile `vault` runs this command line.
    fn runs(command: &str) -> Home {
        home(&format!("[profile vault]\ncredential_process = {command}\nregion = eu-west-1\n"))
    }

    /// A home whose profile `vault` runs this script, which prints `document` last.
    fn script(lines: &str, document: &str) -> Home {
        let home = Home::new();
        let path = home.path().join("vault.sh").display().to_string();
        home.with("vault.sh", &format!("{lines}\ncat <<'END'\n{document}\nEND\n")).with(
            ".aws/config",
            &format!("[profile vault]\ncredential_process = sh {path}\nregion = eu-west-1\n"),
        )
    }

    fn fails(home: Home, kind: &str) -> Value {
        let aws = no_instances();
        let server = serve_keyless(&aws, home, &[], &[]);
        let said = server.fails("aws_get_account_info", json!({"profile": "vault"}), kind);
        assert!(said["message"].as_str().unwrap().contains("credential_process"), "{said:#}");
        assert!(!said.to_string().contains("hush"), "{said:#}");
        assert!(!server.stderr().contains("hush"), "{}", server.stderr());
        assert!(aws.requests().is_empty());
        said
    }

    #[test]
    fn its_credentials_are_used_and_shown_masked() {
        let home = script("", &document(Some("2099-01-02T03:04:05+00:00")));
        let aws = no_instances();
        let server = serve(&aws, home, &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"profile": "vault"}));
        assert_eq!(told["target"]["source"], "process:vault");
        assert_eq!(told["target"]["principal"], CALLER);
        assert_eq!(signers(&aws, "DescribeInstances"), [PROCESS_KEY]);
        let told = server.call_ok("aws_get_credentials", json!({"profile": "vault"}));
        assert_eq!(told["credentials"]["access_key_id"], "AKIAPROCES...");
        assert_eq!(told["credentials"]["has_session_token"], true);
        assert_eq!(
            told["metadata"],
            json!({"credentials_source": "process:vault", "expires_at": "2099-01-02T03:04:05Z"})
        );
    }

    #[test]
    fn shell_metacharacters_stay_literal() {
        let home = runs(&format!(
            r#"echo '{{"Version":1,"AccessKeyId":"$HOME;`id`|&>$(id)***","SecretAccessKey":"{PLANTED_KEY}"}}'"#
        ));
        let aws = no_instances();
        let server = serve_keyless(&aws, home, &[], &[]);
        let told = server.call_ok("aws_get_credentials", json!({"profile": "vault"}));
        assert_eq!(told["credentials"]["access_key_id"], "$HOME;`id`...");
    }

    #[test]
    fn nothing_after_the_command_is_run() {
        for joint in ["&&", "|", "||", ">", "&"] {
            let home = Home::new();
            let made = home.path().join("made");
            let file = made.display();
            let text = document(None);
            let command = match joint {
                ">" => format!("echo '{text}' > {file}"),
                _ => format!("echo '{text}' {joint} touch {file}"),
            };
            let home = home
                .with(".aws/config", &format!("[profile vault]\ncredential_process = {command}\n"));
            fails(home, "no_credentials");
            assert!(!made.exists(), "{joint}");
        }
    }

    #[test]
    fn it_does_not_read_what_the_client_sends() {
        let home = script("cat > \"$HOME/eaten\"", &document(None));
        let eaten = home.path().join("eaten");
        let aws = no_instances();
        let server = serve_keyless(&aws, home, &[], &[]);
        let told = server.at_once(20, "ec2_list_instances", &json!({"profile": "vault"}));
        assert_eq!(told.len(), 20);
        assert_eq!(fs::read(eaten).unwrap(), b"");
    }

    #[test]
    fn it_runs_once_for_fifty_concurrent_callers() {
        let home = script("echo run >> \"$HOME/ran\"", &document(Some(&in_minutes(60))));
        let ran = home.path().join("ran");
        let aws = no_instances();
        let server = serve_keyless(&aws, home, &[], &[]);
        server.at_once(50, "ec2_list_instances", &json!({"profile": "vault"}));
        assert_eq!(fs::read_to_string(ran).unwrap(), "run\n");
    }

    #[test]
    fn it_runs_again_where_its_credentials_end_within_five_minutes() {
        let home = script("echo run >> \"$HOME/ran\"", &document(Some(&in_minutes(4))));
        let ran = home.path().join("ran");
        let aws = no_instances();
        let server = serve_keyless(&aws, home, &[], &[]);
        server.call_ok("aws_get_credentials", json!({"profile": "vault"}));
        server.call_ok("aws_get_credentials", json!({"profile": "vault"}));
        assert_eq!(fs::read_to_string(ran).unwrap(), "run\nrun\n");
    }

    #[test]
    fn what_it_says_on_stderr_appears_nowhere() {
        let loud = format!("echo '{PLANTED_KEY} {PLANTED_TOKEN} hush' >&2");
        let home = script(&loud, &document(None));
        let aws = no_instances();
        let server = serve_keyless(&aws, home, &[], &[]);
        server.call_ok("ec2_list_instances", json!({"profile": "vault"}));
        assert!(!server.stderr().contains("hush"));
        fails(script(&format!("{loud}\nexit 3"), ""), "no_credentials");
    }

    #[test]
    fn an_exit_code_is_told_and_the_output_is_not() {
        let home = script(&format!("echo '{}'\necho hush\nexit 3", document(None)), "");
        let said = fails(home, "no_credentials");
        assert!(said["message"].as_str().unwrap().contains("exit status: 3"), "{said:#}");
    }

    #[test]
    fn an_output_that_is_not_what_aws_documents_is_not_quoted() {
        let bad = [
            format!("hush {PLANTED_KEY}"),
            format!(r#"{{"Version":1,"AccessKeyId":"hush","SecretAccessKey":{PLANTED_KEY}}}"#),
            format!(r#"{{"Version":2,"AccessKeyId":"A","SecretAccessKey":"{PLANTED_KEY}"}}"#),
            format!(r#"{{"Version":"{PLANTED_KEY}"}}"#),
            format!(r#"{{"Version":1,"AccessKeyId":"A","SecretAccessKey":["{PLANTED_KEY}"]}}"#),
            format!(r#"{{"Version":1,"SecretAccessKey":"{PLANTED_KEY}"}}"#),
            format!(
                r#"{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"{PLANTED_KEY}","Expiration":"{PLANTED_TOKEN}"}}"#
            ),
            String::new(),
        ];
        for document in bad {
            fails(script("", &document), "no_credentials");
        }
    }

    #[test]
    fn a_missing_program_is_told_without_its_arguments() {
        let said = fails(runs("no-such-program-here --password hush"), "no_credentials");
        assert!(said["message"].as_str().unwrap().contains("could not be started"), "{said:#}");
    }

    #[test]
    fn an_unclosed_quote_is_told_without_the_words() {
        let said = fails(runs("echo 'hush"), "no_credentials");
        assert!(said["message"].as_str().unwrap().contains("quote"), "{said:#}");
    }

    #[test]
    fn it_can_be_the_source_of_a_role() {
        let home = script("", &document(None));
        let mut config = fs::read_to_string(home.path().join(".aws/config")).unwrap();
        config += &format!("[profile reader]\nsource_profile = vault\nrole_arn = {ROLE}\n");
        let home = home.with(".aws/config", &config);
        let aws = role_for(60);
        let server = serve(&aws, home, &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"profile": "reader"}));
        assert_eq!(told["target"]["principal"], ASSUMED);
        assert_eq!(signers(&aws, "AssumeRole"), [PROCESS_KEY]);
    }
}

mod web_identity {
    use super::*;

    /// The token as an identity provider writes it: a secret like any other.
    const TOKEN: &str = PLANTED[3];

    /// A home with the token and a profile `web` that uses it.
    fn with_token() -> Home {
        let home = Home::new().with("token", TOKEN);
        let file = home.path().join("token").display().to_string();
        home.with(".aws/config", &profile(&file))
    }

    fn profile(file: &str) -> String {
        format!(
            "[profile web]\nrole_arn = {ROLE}\nweb_identity_token_file = {file}\n\
             role_session_name = me\nregion = eu-west-1\n"
        )
    }

    /// AssumeRoleWithWebIdentity's answer: planted credentials until `expiration`.
    fn given(expiration: &str) -> Response {
        Response::xml(
            200,
            format!(
                r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>subject</SubjectFromWebIdentityToken><Audience>sts.amazonaws.com</Audience><AssumedRoleUser><Arn>{ASSUMED}</Arn><AssumedRoleId>AROATESTSTESTSTESTSTE:me</AssumedRoleId></AssumedRoleUser><Credentials><SessionToken>{PLANTED_TOKEN}</SessionToken><SecretAccessKey>{PLANTED_KEY}</SecretAccessKey><Expiration>{expiration}</Expiration><AccessKeyId>{ROLE_KEY}</AccessKeyId></Credentials><Provider>arn:aws:iam::210987654321:oidc-provider/issuer.example</Provider></AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>"#
            ),
        )
    }

    fn sts(answer: impl Fn() -> Response + Send + Sync + 'static) -> FakeAws {
        fake(move |request| match request.action().as_str() {
            "AssumeRoleWithWebIdentity" => answer(),
            "AssumeRole" => Response::assumed_role("333333333333", "Far", "me", &in_minutes(60)),
            _ => Response::instances(0),
        })
    }

    fn asked(aws: &FakeAws) -> Vec<Request> {
        aws.requests_for("AssumeRoleWithWebIdentity")
    }

    #[test]
    fn the_token_of_a_profile_buys_a_roles_credentials_once() {
        let aws = sts(|| given(&in_minutes(60)).after(Duration::from_millis(200)));
        let server = serve_keyless(&aws, with_token(), &[], &[]);
        let all = server.at_once(20, "ec2_list_instances", &json!({"profile": "web"}));
        let asked = asked(&aws);
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].param("WebIdentityToken").as_deref(), Some(TOKEN));
        assert_eq!(asked[0].param("RoleArn").as_deref(), Some(ROLE));
        assert_eq!(asked[0].param("RoleSessionName").as_deref(), Some("me"));
        assert_eq!(asked[0].header("authorization"), None, "the token is the proof");
        assert!(signers(&aws, "DescribeInstances").iter().all(|id| id == ROLE_KEY));
        let sent = &aws.requests_for("DescribeInstances")[0];
        assert_eq!(sent.header("x-amz-security-token"), Some(PLANTED_TOKEN));
        for told in all {
            let target = &told["target"];
            assert_eq!(target["account_id"], "210987654321", "{target}");
            assert_eq!(target["region"], "eu-west-1");
            assert_eq!(target["profile"], "web");
            assert_eq!(target["source"], "web_identity:web");
        }
    }

    #[test]
    fn its_credentials_are_shown_masked() {
        let aws = sts(|| given("2099-01-02T03:04:05Z"));
        let server = serve_keyless(&aws, with_token(), &[], &[]);
        let args = json!({"profile": "web", "include_session_token": true});
        let told = server.call_ok("aws_get_credentials", args);
        assert_eq!(told["credentials"]["access_key_id"], "ASIATESTST...");
        assert_eq!(
            told["metadata"],
            json!({
                "credentials_source": "web_identity:web",
                "expires_at": "2099-01-02T03:04:05Z",
            })
        );
    }

    #[test]
    fn the_environment_may_name_the_token_file() {
        let aws = sts(|| given(&in_minutes(60)));
        let home = Home::new().with("token", TOKEN);
        let file = home.path().join("token").display().to_string();
        let more = [("AWS_WEB_IDENTITY_TOKEN_FILE", file.as_str()), ("AWS_ROLE_ARN", ROLE)];
        let server = serve_keyless(&aws, home, &[], &more);
        let told = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(told["target"]["source"], "web_identity");
        assert_eq!(told["target"]["account_id"], "210987654321");
        assert_eq!(told["target"].get("profile"), None);
        let asked = &asked(&aws)[0];
        assert_eq!(asked.param("WebIdentityToken").as_deref(), Some(TOKEN));
        let session = asked.param("RoleSessionName").unwrap();
        assert!(session.starts_with("aws-mcp-"), "{session}");
    }

    #[test]
    fn the_environment_may_name_the_session_too() {
        let aws = sts(|| given(&in_minutes(60)));
        let home = Home::new().with("token", TOKEN);
        let more = [
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "~/token"),
            ("AWS_ROLE_ARN", ROLE),
            ("AWS_ROLE_SESSION_NAME", "mine"),
        ];
        let server = serve_keyless(&aws, home, &[], &more);
        let told = server.call_ok("aws_get_credentials", json!({}));
        assert_eq!(told["metadata"]["credentials_source"], "web_identity");
        assert_eq!(asked(&aws)[0].param("RoleSessionName").as_deref(), Some("mine"));
    }

    #[test]
    fn a_missing_token_file_is_said() {
        let aws = sts(|| given(&in_minutes(60)));
        let server = serve_keyless(&aws, home(&profile("/nowhere/token")), &[], &[]);
        let args = json!({"profile": "web"});
        let said = server.fails("aws_get_account_info", args, "no_credentials");
        assert!(said["message"].as_str().unwrap().contains("web_identity:web"), "{said:#}");
        assert!(said["next_step"].as_str().unwrap().contains("token file"), "{said:#}");
        let more = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"), ("AWS_ROLE_ARN", ROLE)];
        let server = serve_keyless(&aws, Home::new(), &[], &more);
        server.fails("aws_get_account_info", json!({}), "no_credentials");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn a_token_that_aws_refuses_is_quoted_nowhere() {
        let check = |code: &'static str, kind: &str| {
            let words = format!("Token {TOKEN} is not good");
            let aws = sts(move || Response::sts_error(400, code, &words));
            let server = serve_keyless(&aws, with_token(), &[], &[]);
            let said = server.fails("aws_get_account_info", json!({"profile": "web"}), kind);
            assert!(said["next_step"].as_str().unwrap().contains("token"), "{said:#}");
        };
        check("ExpiredTokenException", "expired_credentials");
        check("InvalidIdentityToken", "invalid_credentials");
    }

    #[test]
    fn it_can_be_the_source_of_a_role() {
        let aws = sts(|| given(&in_minutes(60)));
        let home = with_token();
        let far = "arn:aws:iam::333333333333:role/Far";
        let mut config = fs::read_to_string(home.path().join(".aws/config")).unwrap();
        config += &format!("[profile far]\nsource_profile = web\nrole_arn = {far}\n");
        let server = serve_keyless(&aws, home.with(".aws/config", &config), &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"profile": "far"}));
        assert_eq!(told["target"]["account_id"], "333333333333");
        assert_eq!(told["target"]["source"], "assume_role:far");
        assert_eq!(signers(&aws, "AssumeRole"), [ROLE_KEY]);
    }

    #[test]
    fn the_profiles_own_endpoint_is_asked() {
        let (aws, proxy) = (sts(|| given(&in_minutes(60))), no_instances());
        let home = with_token();
        let mut config = fs::read_to_string(home.path().join(".aws/config")).unwrap();
        config += &format!("endpoint_url = {}\n", aws.url());
        // Whatever is meant for AWS itself ends here instead.
        let url = proxy.url();
        let env = [("HTTPS_PROXY", url.as_str()), ("LOG_LEVEL", "debug")];
        let server = Server::start_at(home.with(".aws/config", &config), &[], &env);
        server.initialize();
        server.call_ok("ec2_list_instances", json!({"profile": "web"}));
        assert_eq!(asked(&aws).len(), 1);
        assert!(proxy.requests().is_empty());
    }
}

mod container {
    use super::*;

    const CONTAINER_KEY: &str = "ASIACONTAINERCONTAIN";
    const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

    /// What the agent beside a container answers.
    fn document() -> Response {
        let body = json!({
            "RoleArn": ROLE,
            "AccessKeyId": CONTAINER_KEY,
            "SecretAccessKey": PLANTED_KEY,
            "Token": PLANTED_TOKEN,
            "Expiration": "2099-01-02T03:04:05Z",
        });
        json_answer(200, &[], &body)
    }

    /// An AWS with such an agent at `/creds`.
    fn agent(answer: impl Fn() -> Response + Send + Sync + 'static) -> FakeAws {
        fake(move |request| match request.path.as_str() {
            "/creds" => answer(),
            _ => Response::instances(0),
        })
    }

    fn asked(aws: &FakeAws) -> Vec<Request> {
        let mut requests = aws.requests();
        requests.retain(|request| request.path == "/creds");
        requests
    }

    #[test]
    fn the_agents_credentials_are_used_and_asked_for_once() {
        let aws = agent(|| document().after(Duration::from_millis(200)));
        let uri = aws.url() + "/creds";
        let server = serve_keyless(&aws, Home::new(), &[], &[(FULL_URI, &uri)]);
        for told in server.at_once(20, "ec2_list_instances", &json!({})) {
            let target = &told["target"];
            assert_eq!(target["source"], "container", "{target}");
            assert_eq!(target["principal"], CALLER, "{target}");
            assert_eq!(target.get("profile"), None, "{target}");
        }
        assert_eq!(asked(&aws).len(), 1);
        assert_eq!(asked(&aws)[0].method, "GET");
        assert!(signers(&aws, "DescribeInstances").iter().all(|id| id == CONTAINER_KEY));
        let told = server.call_ok("aws_get_credentials", json!({"include_session_token": true}));
        assert_eq!(told["credentials"]["access_key_id"], "ASIACONTAI...");
        assert_eq!(
            told["metadata"],
            json!({"credentials_source": "container", "expires_at": "2099-01-02T03:04:05Z"})
        );
    }

    #[test]
    fn the_agent_gets_its_own_token() {
        let aws = agent(document);
        let uri = aws.url() + "/creds";
        let home = Home::new().with("agent-token", PLANTED[3]);
        let file = home.path().join("agent-token").display().to_string();
        let ways = [
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.as_str()),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", PLANTED[2]),
        ];
        let server = serve_keyless(&aws, home, &[], &[(FULL_URI, &uri), ways[0]]);
        server.call_ok("aws_get_credentials", json!({}));
        let server = serve_keyless(&aws, Home::new(), &[], &[(FULL_URI, &uri), ways[1]]);
        server.call_ok("aws_get_credentials", json!({}));
        let tokens: Vec<Option<String>> =
            asked(&aws).iter().map(|r| r.header("authorization").map(str::to_owned)).collect();
        assert_eq!(tokens, [Some(PLANTED[3].to_owned()), Some(PLANTED[2].to_owned())]);
    }

    #[test]
    fn an_agent_that_refuses_is_quoted_nowhere() {
        let answers = [
            json_answer(403, &[], &json!({"code": "No", "message": PLANTED_KEY})),
            json_answer(200, &[], &json!({"SecretAccessKey": PLANTED_KEY, "Token": 1})),
            Response::xml(200, PLANTED_TOKEN),
        ];
        for answer in answers {
            let aws = agent(move || answer.clone());
            let uri = aws.url() + "/creds";
            let server = serve_keyless(&aws, Home::new(), &[], &[(FULL_URI, &uri)]);
            let said = server.fails("ec2_list_instances", json!({}), "no_credentials");
            assert!(said["next_step"].as_str().unwrap().contains("container"), "{said:#}");
            assert!(aws.requests_for("DescribeInstances").is_empty());
        }
    }

    #[test]
    fn an_agent_elsewhere_without_tls_is_not_asked() {
        let aws = agent(document);
        let uri = "http://192.0.2.1/creds";
        let server = serve_keyless(&aws, Home::new(), &[], &[(FULL_URI, uri)]);
        server.fails("ec2_list_instances", json!({}), "no_credentials");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn a_role_may_be_assumed_with_them() {
        let aws = fake(|request| match (request.path.as_str(), request.action().as_str()) {
            ("/creds", _) => document(),
            (_, "AssumeRole") => reader(&in_minutes(60)),
            _ => Response::instances(0),
        });
        let uri = aws.url() + "/creds";
        let config =
            format!("[profile task]\nrole_arn = {ROLE}\ncredential_source = EcsContainer\n");
        let server = serve_keyless(&aws, home(&config), &[], &[(FULL_URI, &uri)]);
        let told = server.call_ok("ec2_list_instances", json!({"profile": "task"}));
        assert_eq!(told["target"]["principal"], ASSUMED);
        assert_eq!(signers(&aws, "AssumeRole"), [CONTAINER_KEY]);
    }

    #[test]
    fn a_blank_variable_counts_as_unset() {
        let aws = agent(document);
        let uri = aws.url() + "/creds";
        let more = [(FULL_URI, uri.as_str()), ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "")];
        let server = serve_keyless(&aws, Home::new(), &[], &more);
        server.call_ok("aws_get_credentials", json!({}));
    }

    #[test]
    fn the_env_file_may_name_the_agent() {
        let aws = agent(document);
        let home = Home::new().with("aws.env", &format!("{FULL_URI}={}/creds\n", aws.url()));
        let server = serve_keyless(&aws, home, &["--env-file", "aws.env"], &[]);
        let told = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(told["target"]["source"], "container");
        assert_eq!(signers(&aws, "DescribeInstances"), [CONTAINER_KEY]);
    }
}

mod instance_metadata {
    use super::*;

    const INSTANCE_KEY: &str = "ASIAINSTANCEINSTANCE";
    const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    const ON: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "false");
    const TOKEN_PATH: &str = "/latest/api/token";
    const ROLES_PATH: &str = "/latest/meta-data/iam/security-credentials/";
    const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials/Worker";

    fn text(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let mut response = Response::xml(status, body);
        response.headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        response.headers.extend(headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        response
    }

    fn document() -> Response {
        let body = json!({
            "Code": "Success",
            "LastUpdated": "2026-01-02T03:04:05Z",
            "Type": "AWS-HMAC",
            "AccessKeyId": INSTANCE_KEY,
            "SecretAccessKey": PLANTED_KEY,
            "Token": PLANTED_TOKEN,
            "Expiration": "2099-01-02T03:04:05Z",
        });
        text(200, &[], &body.to_string())
    }

    /// An instance whose role is as `roles` says; it answers whoever brings the session token.
    fn instance(roles: impl Fn() -> Response + Send + Sync + 'static) -> FakeAws {
        fake(move |request| match (request.method.as_str(), request.path.as_str()) {
            ("PUT", TOKEN_PATH) => {
                text(200, &[("x-aws-ec2-metadata-token-ttl-seconds", "21600")], PLANTED[4])
            }
            ("GET", path) if path.starts_with(ROLES_PATH) => {
                match (request.header("x-aws-ec2-metadata-token"), path) {
                    (Some(token), ROLES_PATH) if token == PLANTED[4] => roles(),
                    (Some(token), ROLE_PATH) if token == PLANTED[4] => document(),
                    _ => text(401, &[], ""),
                }
            }
            _ => Response::instances(0),
        })
    }

    #[test]
    fn it_is_asked_where_the_user_says_so() {
        let aws = instance(|| text(200, &[], "Worker"));
        let url = aws.url();
        let server = serve_keyless(&aws, Home::new(), &[], &[(ENDPOINT, &url), ON]);
        for told in server.at_once(20, "ec2_list_instances", &json!({})) {
            let target = &told["target"];
            assert_eq!(target["source"], "imds", "{target}");
            assert_eq!(target["principal"], CALLER, "{target}");
            assert_eq!(target.get("profile"), None, "{target}");
        }
        let mut seen = aws.requests();
        seen.retain(|request| request.path.starts_with("/latest/"));
        let seen: Vec<&str> = seen.iter().map(|request| request.path.as_str()).collect();
        assert_eq!(seen, [TOKEN_PATH, ROLES_PATH, ROLE_PATH]);
        assert!(signers(&aws, "DescribeInstances").iter().all(|id| id == INSTANCE_KEY));
        let told = server.call_ok("aws_get_credentials", json!({"include_session_token": true}));
        assert_eq!(told["credentials"]["access_key_id"], "ASIAINSTAN...");
        assert_eq!(
            told["metadata"],
            json!({"credentials_source": "imds", "expires_at": "2099-01-02T03:04:05Z"})
        );
    }

    #[test]
    fn it_is_not_asked_otherwise() {
        let aws = instance(|| text(200, &[], "Worker"));
        let url = aws.url();
        for disabled in ["", "true", "maybe"] {
            let more = [(ENDPOINT, url.as_str()), ("AWS_EC2_METADATA_DISABLED", disabled)];
            let server = serve_keyless(&aws, Home::new(), &[], &more);
            server.fails("ec2_list_instances", json!({}), "no_credentials");
            server.fails("aws_get_credentials", json!({}), "no_credentials");
        }
        let server = serve_keyless(&aws, Home::new(), &[], &[(ENDPOINT, &url)]);
        server.fails("ec2_list_instances", json!({}), "no_credentials");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn an_instance_without_a_role_is_said() {
        let aws = instance(|| text(404, &[], "Not Found"));
        let url = aws.url();
        let server = serve_keyless(&aws, Home::new(), &[], &[(ENDPOINT, &url), ON]);
        let said = server.fails("ec2_list_instances", json!({}), "no_credentials");
        assert!(said["next_step"].as_str().unwrap().contains("instance profile"), "{said:#}");
        assert!(aws.requests_for("DescribeInstances").is_empty());
    }

    #[test]
    fn a_machine_that_is_no_instance_is_said_within_seconds() {
        let aws = no_instances();
        let server = serve_keyless(&aws, Home::new(), &[], &[(ENDPOINT, NOBODY), ON]);
        let begun = Instant::now();
        server.fails("ec2_list_instances", json!({}), "no_credentials");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert!(aws.requests().is_empty());
    }
}

mod env_file {
    use super::*;

    const FLAG: &[&str] = &["--env-file", "aws.env"];

    /// A home with a file of variables.
    fn file(lines: &str) -> Home {
        Home::new().with("aws.env", lines)
    }

    fn ops() -> Home {
        file(&format!(
            "# Ours.\nexport AWS_ACCESS_KEY_ID={OPS_KEY}\nAWS_SECRET_ACCESS_KEY=\"{}\"\n\
             AWS_SESSION_TOKEN='{PLANTED_TOKEN}'\nAWS_REGION=eu-west-1\n",
            PLANTED[2]
        ))
    }

    #[test]
    fn its_keys_and_region_are_used() {
        let aws = no_instances();
        let server = serve_keyless(&aws, ops(), FLAG, &[("AWS_REGION", "")]);
        let told = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(told["target"]["source"], "environment");
        assert_eq!(told["target"]["region"], "eu-west-1");
        let sent = &aws.requests_for("DescribeInstances")[0];
        assert_eq!(sent.access_key_id(), Some(OPS_KEY));
        assert_eq!(sent.region(), Some("eu-west-1"));
        assert_eq!(sent.header("x-amz-security-token"), Some(PLANTED_TOKEN));
        let shown = server.call_ok("aws_get_credentials", json!({}));
        assert_eq!(shown["credentials"]["access_key_id"], "AKIAOPSOPS...");
    }

    #[test]
    fn the_environment_beats_it() {
        let aws = no_instances();
        let server = serve(&aws, ops(), FLAG, &[]);
        let told = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(told["target"]["region"], "us-east-1");
        assert_eq!(signers(&aws, "DescribeInstances"), [ENV_KEY]);
    }

    #[test]
    fn its_profile_and_endpoint_are_used() {
        let aws = no_instances();
        let lines = format!("AWS_PROFILE=dev\nAWS_ENDPOINT_URL={}\n", aws.url());
        let home = file(&lines).with(".aws/config", &keys("dev", DEV_KEY));
        let server = serve_keyless(&aws, home, FLAG, &[("AWS_ENDPOINT_URL", "")]);
        let told = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(told["target"]["source"], "aws_config_profile:dev");
        assert_eq!(signers(&aws, "DescribeInstances"), [DEV_KEY]);
    }

    #[test]
    fn a_bad_line_is_told_by_its_number() {
        let aws = no_instances();
        let lines = format!("AWS_ACCESS_KEY_ID={OPS_KEY}\n\nhush {PLANTED_KEY}\n");
        let server = serve(&aws, file(&lines), FLAG, &[]);
        for tool in ["aws_get_account_info", "ec2_list_instances", "aws_server_status"] {
            let said = server.fails(tool, json!({}), "config_error");
            let message = said["message"].as_str().unwrap();
            assert!(message.contains("--env-file") && message.contains("line 3"), "{said:#}");
            assert!(!said.to_string().contains("hush"), "{said:#}");
            assert!(!said.to_string().contains(OPS_KEY), "{said:#}");
        }
        assert!(!server.stderr().contains("hush"), "{}", server.stderr());
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn a_missing_one_is_a_config_error() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), FLAG, &[]);
        let said = server.fails("aws_get_account_info", json!({}), "config_error");
        assert!(said["message"].as_str().unwrap().contains("aws.env"), "{said:#}");
        assert!(aws.requests().is_empty());
    }
}

mod endpoints {
    use super::*;

    const IGNORE: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

    /// A proxy that lets nobody through, and so sees what is meant for AWS itself.
    fn gatekeeper() -> FakeAws {
        FakeAws::start(|_| Response::xml(403, ""))
    }

    /// The places that somebody wanted to reach through it.
    fn wanted(gatekeeper: &FakeAws) -> Vec<String> {
        let mut places: Vec<String> =
            gatekeeper.requests().iter().map(|r| format!("{} {}", r.method, r.path)).collect();
        places.sort();
        places.dedup();
        places
    }

    /// A profile `dev` with keys, and these settings.
    fn dev(settings: &str) -> String {
        keys("dev", DEV_KEY) + settings
    }

    #[test]
    fn the_variable_of_a_service_beats_that_of_all() {
        let (all, ec2) = (no_instances(), no_instances());
        let url = ec2.url();
        let server = serve(&all, Home::new(), &[], &[("AWS_ENDPOINT_URL_EC2", &url)]);
        let told = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(told["target"]["principal"], CALLER);
        assert_eq!(ec2.requests_for("DescribeInstances").len(), 1);
        assert!(ec2.requests_for("GetCallerIdentity").is_empty());
        assert_eq!(all.requests_for("GetCallerIdentity").len(), 1);
        assert!(all.requests_for("DescribeInstances").is_empty());
    }

    #[test]
    fn a_profile_has_an_endpoint_of_its_own() {
        let (aws, proxy) = (no_instances(), gatekeeper());
        let config = dev(&format!("endpoint_url = {}\n", aws.url()));
        let server = serve(&proxy, home(&config), &[], &[("AWS_ENDPOINT_URL", "")]);
        let told = server.call_ok("ec2_list_instances", json!({"profile": "dev"}));
        assert_eq!(told["target"]["principal"], CALLER);
        assert_eq!(signers(&aws, "DescribeInstances"), [DEV_KEY]);
        assert!(proxy.requests().is_empty());
    }

    #[test]
    fn the_environments_endpoint_beats_a_profiles() {
        let (aws, other) = (no_instances(), no_instances());
        let config = dev(&format!("endpoint_url = {}\n", other.url()));
        let server = serve(&aws, home(&config), &[], &[]);
        server.call_ok("ec2_list_instances", json!({"profile": "dev"}));
        assert_eq!(signers(&aws, "DescribeInstances"), [DEV_KEY]);
        assert!(other.requests().is_empty());
    }

    #[test]
    fn the_services_of_a_profile_beat_its_endpoint() {
        let (all, ec2) = (no_instances(), no_instances());
        let config = dev(&format!("services = x\nendpoint_url = {}\n", all.url()))
            + &format!("[services x]\nec2 =\n  endpoint_url = {}\n", ec2.url());
        let server = serve(&all, home(&config), &[], &[("AWS_ENDPOINT_URL", "")]);
        let told = server.call_ok("ec2_list_instances", json!({"profile": "dev"}));
        assert_eq!(told["target"]["principal"], CALLER);
        assert_eq!(signers(&ec2, "DescribeInstances"), [DEV_KEY]);
        assert!(ec2.requests_for("GetCallerIdentity").is_empty());
        assert!(all.requests_for("DescribeInstances").is_empty());
        assert_eq!(signers(&all, "GetCallerIdentity"), [DEV_KEY]);
    }

    /// The call with profile `dev` goes past `aws`, to AWS itself.
    fn goes_to_aws(aws: &FakeAws, config: &str, more: &[(&str, &str)]) {
        let proxy = gatekeeper();
        let url = proxy.url();
        let env = [&[("HTTPS_PROXY", url.as_str())], more].concat();
        let server = serve(aws, home(config), &[], &env);
        let args = json!({"profile": "dev", "region": "eu-west-1"});
        server.fails("ec2_list_instances", args, "execution_error");
        let wanted = wanted(&proxy);
        let ec2 = "CONNECT ec2.eu-west-1.amazonaws.com:443";
        assert!(wanted.iter().any(|place| place == ec2), "{wanted:?}");
        assert!(aws.requests().is_empty(), "{:?}", aws.requests());
    }

    #[test]
    fn all_of_them_can_be_ignored() {
        let aws = no_instances();
        let url = aws.url();
        let config = dev(&format!("services = x\nendpoint_url = {url}\n"))
            + &format!("[services x]\nec2 =\n  endpoint_url = {url}\n");
        goes_to_aws(&aws, &config, &[(IGNORE, "true"), ("AWS_ENDPOINT_URL_EC2", &url)]);
    }

    #[test]
    fn a_profile_can_ignore_its_own() {
        let aws = no_instances();
        let url = aws.url();
        let config = dev(&format!(
            "services = x\nendpoint_url = {url}\nignore_configured_endpoint_urls = true\n"
        )) + &format!("[services x]\nec2 =\n  endpoint_url = {url}\n");
        goes_to_aws(&aws, &config, &[("AWS_ENDPOINT_URL", "")]);
    }

    #[test]
    fn a_profile_can_ignore_the_environments_too() {
        let aws = no_instances();
        let config = dev("ignore_configured_endpoint_urls = true\n");
        goes_to_aws(&aws, &config, &[]);
    }

    #[test]
    fn what_is_no_address_is_said() {
        let aws = no_instances();
        for wrong in ["localhost:4566", "not an address", "http://"] {
            let server = serve(&aws, Home::new(), &[], &[("AWS_ENDPOINT_URL", wrong)]);
            let said = server.call_err("ec2_list_instances", json!({}));
            assert_ne!(said["error"], "internal_error", "{wrong}: {said:#}");
            let config = dev(&format!("endpoint_url = {wrong}\n"));
            let server = serve(&aws, home(&config), &[], &[("AWS_ENDPOINT_URL", "")]);
            let said = server.call_err("ec2_list_instances", json!({"profile": "dev"}));
            assert_ne!(said["error"], "internal_error", "{wrong}: {said:#}");
        }
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn a_blank_one_counts_as_unset_for_credentials_too() {
        let (aws, proxy) = (no_instances(), gatekeeper());
        let url = proxy.url();
        for blank in ["", "${user_config.endpoint_url}"] {
            let home = Home::new().with("token", PLANTED[3]);
            let more = [
                ("HTTPS_PROXY", url.as_str()),
                ("AWS_ENDPOINT_URL", blank),
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "~/token"),
                ("AWS_ROLE_ARN", ROLE),
            ];
            let server = serve_keyless(&aws, home, &[], &more);
            let said = server.call_err("ec2_list_instances", json!({}));
            assert_ne!(said["error"], "internal_error", "{blank:?}: {said:#}");
        }
        let sts = "CONNECT sts.us-east-1.amazonaws.com:443".to_owned();
        assert_eq!(wanted(&proxy), [sts]);
    }

    #[test]
    fn a_blank_one_counts_as_unset_for_sso_too() {
        let (aws, proxy) = (no_instances(), gatekeeper());
        let url = proxy.url();
        let token = json!({
            "startUrl": "https://corp.awsapps.com/start",
            "region": "us-east-1",
            "accessToken": PLANTED[4],
            "expiresAt": in_minutes(60),
        });
        let home = home(SSO).with(CORP, &token.to_string());
        let more = [("HTTPS_PROXY", url.as_str()), ("AWS_ENDPOINT_URL", "")];
        let server = serve_keyless(&aws, home, &[], &more);
        let said = server.call_err("ec2_list_instances", json!({"profile": "dev"}));
        assert_ne!(said["error"], "internal_error", "{said:#}");
        let portal = "CONNECT portal.sso.us-east-1.amazonaws.com:443".to_owned();
        assert_eq!(wanted(&proxy), [portal]);
    }

    #[test]
    fn ignored_ones_are_not_asked_for_credentials_either() {
        let aws = fake(|_| Response::sts_error(403, "AccessDenied", "Not here."));
        let proxy = gatekeeper();
        let url = proxy.url();
        let home = Home::new().with("token", PLANTED[3]);
        let more = [
            ("HTTPS_PROXY", url.as_str()),
            (IGNORE, "true"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "~/token"),
            ("AWS_ROLE_ARN", ROLE),
        ];
        let server = serve_keyless(&aws, home, &[], &more);
        server.call_err("ec2_list_instances", json!({}));
        assert!(aws.requests().is_empty(), "the token went to {:?}", aws.requests()[0].path);
    }
}

mod login {
    use super::*;

    const CONFIG: &str =
        "[profile me]\nlogin_session = arn:aws:iam::123456789012:user/me\nregion = eu-west-1\n";

    /// SHA-256 of the session's ARN: the name of the file that `aws login` writes.
    const CACHED: &str =
        ".aws/login/cache/286187707741fc2ccb93cf9e56dbd0ee0a16208feed5fbc8ae1baa86d44c283f.json";

    fn signs_in_again(home: Home) {
        let aws = no_instances();
        let server = serve_keyless(&aws, home, &[], &[]);
        for tool in ["aws_get_account_info", "aws_get_credentials", "ec2_list_instances"] {
            let said = server.fails(tool, json!({"profile": "me"}), "no_credentials");
            assert!(said["message"].as_str().unwrap().contains("login:me"), "{said:#}");
            assert!(said["next_step"].as_str().unwrap().contains("aws login"), "{said:#}");
        }
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn without_a_token_one_is_told_to_sign_in() {
        signs_in_again(home(CONFIG));
    }

    #[test]
    fn a_token_file_that_cannot_be_read_is_quoted_nowhere() {
        let torn = format!("{{\"accessToken\": {{\"secretAccessKey\": {PLANTED_KEY}");
        signs_in_again(home(CONFIG).with(CACHED, &torn));
        let wrong =
            json!({"accessToken": {"secretAccessKey": [PLANTED_KEY]}, "dpopKey": PLANTED[2]});
        signs_in_again(home(CONFIG).with(CACHED, &wrong.to_string()));
    }
}

mod profiles {
    use super::*;

    /// The error of calling with profile `dev` of this config file.
    fn broken(config: &str, kind: &str) -> String {
        let aws = no_instances();
        let server = serve(&aws, home(config), &[], &[]);
        let said = server.fails("ec2_list_instances", json!({"profile": "dev"}), kind);
        assert!(aws.requests().is_empty());
        said["message"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_role_that_wants_an_mfa_code_is_a_clear_error() {
        let said = broken(
            &(keys("base", DEV_KEY)
                + &format!(
                    "[profile dev]\nrole_arn = {ROLE}\nsource_profile = base\n\
                     mfa_serial = arn:aws:iam::123456789012:mfa/me\n"
                )),
            "no_credentials",
        );
        assert!(said.contains("MFA") && said.contains("mfa_serial"), "{said}");
    }

    #[test]
    fn source_profiles_that_go_in_a_circle_are_an_error() {
        let said = broken(
            &format!(
                "[profile dev]\nrole_arn = {ROLE}\nsource_profile = ops\n\
                 [profile ops]\nrole_arn = {ROLE}\nsource_profile = dev\n"
            ),
            "no_credentials",
        );
        assert!(said.contains("dev -> ops"), "{said}");
    }

    #[test]
    fn a_source_profile_that_is_missing_is_named_with_the_nearest() {
        let said = broken(
            &(keys("base", DEV_KEY)
                + &format!("[profile dev]\nrole_arn = {ROLE}\nsource_profile = bas\n")),
            "not_found",
        );
        assert!(said.contains("\"bas\"") && said.contains("\"base\""), "{said}");
    }

    #[test]
    fn a_profile_that_is_missing_is_named_with_the_nearest() {
        let said = broken(&keys("devel", DEV_KEY), "not_found");
        assert!(said.contains("\"dev\"") && said.contains("\"devel\""), "{said}");
    }

    #[test]
    fn settings_that_cannot_be_used_are_said() {
        let role = format!("[profile dev]\nrole_arn = {ROLE}\n");
        let check = |config: String, words: &str| {
            let said = broken(&config, "no_credentials");
            assert!(said.contains(words), "{said}");
        };
        check(role.clone(), "source_profile");
        check(format!("{role}credential_source = Moon\n"), "Moon");
        check(
            keys("base", DEV_KEY) + &role + "source_profile = base\nduration_seconds = 60\n",
            "duration_seconds",
        );
        check("[profile dev]\nregion = eu-west-1\n".to_owned(), "credentials");
        check(format!("[profile dev]\naws_secret_access_key = {PLANTED_KEY}\n"), "credentials");
    }

    #[test]
    fn a_nasty_file_is_listed_as_aws_would_read_it() {
        let config = format!(
            "\u{feff}# comment\n\
             [default]\nregion = us-west-2\n\
             s3 =\n  region = nested-1\n  max_concurrent_requests = 20\n\
             [profile nested]\n\
             ec2 =\n  region = nested-2\n  aws_secret_access_key = {PLANTED_KEY}\n\
             this line is malformed {PLANTED_KEY}\n\
             [profile static]\nregion = eu-west-1\naws_access_key_id = {DEV_KEY}\n\
             aws_secret_access_key = {}\naws_session_token = {PLANTED_TOKEN}\n\
             [profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n\
             [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n\
             [profile role]\nrole_arn = {ROLE}\nsource_profile = static\n\
             [profile process]\ncredential_process = vault --password {PLANTED_KEY}\n\
             [profile login]\nlogin_session = arn:aws:iam::123456789012:user/me\n\
             [profile web]\nrole_arn = {ROLE}\nweb_identity_token_file = /nowhere\n\
             [services mine]\nec2 =\n  endpoint_url = http://127.0.0.1:1\n\
             [unknown thing]\nregion = nested-3\n\
             [profile broken\nregion = nested-4\n",
            PLANTED[2]
        );
        let credentials = format!(
            "[extra]\naws_access_key_id = {OPS_KEY}\naws_secret_access_key = {PLANTED_KEY}\n"
        );
        let home = home(&config).with(".aws/credentials", &credentials);
        let aws = no_instances();
        let server = serve_keyless(&aws, home, &[], &[]);
        let told = server.call_ok("aws_list_profiles", json!({}));
        let rows = told["profiles"].as_array().unwrap();
        assert_eq!(told["count"], rows.len());
        let row = |name: &str| {
            rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {told}"))
        };
        assert_eq!(
            row("static"),
            &json!({"name": "static", "kind": "static", "region": "eu-west-1"})
        );
        assert_eq!(row("sso"), &json!({"name": "sso", "kind": "sso", "sso_session": "corp"}));
        assert_eq!(
            row("role"),
            &json!({"name": "role", "kind": "role", "role_arn": ROLE, "source_profile": "static"})
        );
        assert_eq!(row("process"), &json!({"name": "process", "kind": "process"}));
        assert_eq!(row("login"), &json!({"name": "login", "kind": "login"}));
        assert_eq!(row("web"), &json!({"name": "web", "kind": "web_identity", "role_arn": ROLE}));
        assert_eq!(row("extra"), &json!({"name": "extra", "kind": "static"}));
        assert_eq!(row("default")["region"], "us-west-2");
        assert_eq!(row("nested").get("region"), None);
        assert_eq!(rows.len(), 9, "{told:#}");
        assert!(!told.to_string().contains("nested-"), "{told:#}");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn profiles_are_found_by_a_part_of_their_name() {
        let aws = no_instances();
        let home = home(&(keys("acme-dev", DEV_KEY) + &keys("acme-prod", OPS_KEY)));
        let server = serve(&aws, home, &[], &[]);
        let told = server.call_ok("aws_list_profiles", json!({"contains": "PROD"}));
        assert_eq!(told["count"], 1);
        assert_eq!(told["profiles"][0]["name"], "acme-prod");
        let told = server.call_ok("aws_list_profiles", json!({"contains": "nothing"}));
        assert_eq!(told["profiles"], json!([]));
        server.fails("aws_list_profiles", json!({"contain": "x"}), "validation_error");
    }

    #[test]
    fn no_files_are_no_profiles() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[]);
        assert_eq!(server.call_ok("aws_list_profiles", json!({}))["count"], 0);
    }

    #[test]
    fn very_many_profiles_are_cut_by_whole_rows() {
        let config: String =
            (0..2_000).map(|n| keys(&format!("profile-{n:04}"), DEV_KEY)).collect();
        let aws = no_instances();
        let server = serve(&aws, home(&config), &[], &[]);
        let told = server.call_ok("aws_list_profiles", json!({}));
        assert!(told.to_string().chars().count() <= 20_000);
        let shown = told["profiles"].as_array().unwrap().len();
        assert_eq!(told["truncated"]["shown"], shown);
        assert_eq!(told["truncated"]["total"], 2_000);
        assert!(told["truncated"]["how"].as_str().unwrap().contains("contains"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_config_error() {
        let aws = no_instances();
        let home = Home::new();
        fs::create_dir_all(home.path().join(".aws")).unwrap();
        fs::write(home.path().join(".aws/config"), b"[default]\nregion = \xff\xfe\n").unwrap();
        let server = serve(&aws, home, &[], &[]);
        for tool in ["aws_list_profiles", "aws_get_credentials", "ec2_list_instances"] {
            let said = server.fails(tool, json!({}), "config_error");
            assert!(said["message"].as_str().unwrap().contains("UTF-8"), "{said:#}");
        }
    }
}

mod setting {
    use super::*;

    #[test]
    fn a_region_is_used_by_later_calls_and_written_nowhere() {
        let moto = Moto::shared();
        let home = home(&keys("dev", DEV_KEY));
        let before = files(home.path());
        let server =
            Server::start_in(&home, &[], &[&moto.env()[..], &[("LOG_LEVEL", "debug")]].concat());
        server.initialize();
        let environ = environment(&server);
        let told = server.call_ok("aws_set_environment", json!({"region": "eu-west-1"}));
        assert_eq!(told["status"], "done");
        assert_eq!(told["success"], true);
        assert!(told["timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(told["updated_variables"], json!(["AWS_REGION", "AWS_DEFAULT_REGION"]));
        assert!(told["message"].as_str().unwrap().contains("eu-west-1"));
        let listed = server.call_ok("ec2_list_instances", json!({"tags": {"Name": "web-eu-1"}}));
        assert_eq!(listed["target"]["region"], "eu-west-1");
        assert_eq!(listed["instances"][0]["instance_id"], moto.seeded("eu-west-1", "web-eu-1"));
        let shown = server.call_ok("aws_get_credentials", json!({}));
        assert_eq!(shown["environment_variables"]["AWS_REGION"], "eu-west-1");
        let elsewhere = server.call_ok("ec2_list_instances", json!({"region": "us-east-1"}));
        assert_eq!(elsewhere["target"]["region"], "us-east-1");
        assert_eq!(environment(&server), environ);
        assert_eq!(files(home.path()), before);
    }

    /// The process's environment as the system knows it.
    fn environment(server: &Server) -> Vec<u8> {
        match cfg!(target_os = "linux") {
            true => fs::read(format!("/proc/{}/environ", server.pid())).unwrap(),
            false => Vec::new(),
        }
    }

    #[test]
    fn a_profile_is_used_by_later_calls_with_its_region() {
        let aws = no_instances();
        let home = home(&(keys("dev", DEV_KEY) + "region = eu-west-1\n"));
        let server = serve(&aws, home, &[], &[]);
        let told = server.call_ok("aws_set_environment", json!({"profile": "dev"}));
        assert_eq!(told["updated_variables"], json!(["AWS_PROFILE"]));
        let listed = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(listed["target"]["profile"], "dev");
        assert_eq!(listed["target"]["region"], "eu-west-1");
        assert_eq!(signers(&aws, "DescribeInstances"), [DEV_KEY]);
    }

    #[test]
    fn keys_are_set_once_aws_has_named_their_account() {
        let aws = no_instances();
        let home = Home::new();
        let path = home.path().to_owned();
        let server = serve(&aws, home, full(), &[]);
        let environ = environment(&server);
        let keys = json!({
            "access_key_id": OPS_KEY,
            "secret_access_key": PLANTED[3],
            "session_token": PLANTED[4],
        });
        let told = server.call_ok("aws_set_environment", keys);
        assert_eq!(told["status"], "done");
        assert_eq!(
            told["updated_variables"],
            json!(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
        );
        let message = told["message"].as_str().unwrap();
        assert!(message.contains("123456789012") && message.contains(CALLER), "{message}");
        let listed = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(listed["target"]["source"], "set_environment");
        let sent = &aws.requests_for("DescribeInstances")[0];
        assert_eq!(sent.access_key_id(), Some(OPS_KEY));
        assert_eq!(sent.header("x-amz-security-token"), Some(PLANTED[4]));
        let shown = server.call_ok("aws_get_credentials", json!({}));
        assert_eq!(shown["metadata"]["credentials_source"], "set_environment");
        assert_eq!(shown["credentials"]["access_key_id"], "AKIAOPSOPS...");
        assert_eq!(environment(&server), environ);
        assert!(files(&path).is_empty());
    }

    #[test]
    fn keys_that_aws_does_not_know_are_not_set_nor_is_what_came_with_them() {
        let aws = FakeAws::start(|request| match request.access_key_id() {
            Some(ENV_KEY) if request.action() == "GetCallerIdentity" => caller(),
            Some(ENV_KEY) => Response::instances(0),
            _ => Response::sts_error(
                403,
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
        });
        let server = serve(&aws, Home::new(), full(), &[]);
        let keys = |id, secret| json!({"access_key_id": id, "secret_access_key": secret, "region": "eu-west-1"});
        let said =
            server.fails("aws_set_environment", keys(OPS_KEY, PLANTED[3]), "invalid_credentials");
        assert_eq!(said["status"], "no_change");
        assert_eq!(said["aws_code"], "InvalidClientTokenId");
        // In each other's place: the secret would be sent in the clear, so it is not sent.
        let asked = aws.requests().len();
        server.fails("aws_set_environment", keys(PLANTED_KEY, OPS_KEY), "validation_error");
        assert_eq!(aws.requests().len(), asked);
        let listed = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(listed["target"]["source"], "environment");
        assert_eq!(listed["target"]["region"], "us-east-1");
    }

    #[test]
    fn a_read_only_server_takes_region_and_profile_but_no_keys() {
        let aws = no_instances();
        let server = serve(&aws, home(&keys("dev", DEV_KEY)), &["--read-only"], &[]);
        assert!(server.tools().iter().any(|tool| tool["name"] == "aws_set_environment"));
        let args = json!({"region": "eu-west-1", "profile": "dev"});
        let told = server.call_ok("aws_set_environment", args);
        assert_eq!(
            told["updated_variables"],
            json!(["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"])
        );
        for keys in [
            json!({"access_key_id": OPS_KEY, "secret_access_key": PLANTED_KEY}),
            json!({"secret_access_key": PLANTED_KEY}),
            json!({"session_token": PLANTED_TOKEN, "region": "us-west-2"}),
        ] {
            let said = server.fails("aws_set_environment", keys, "denied_by_policy");
            assert_eq!(said["status"], "no_change");
        }
        assert!(aws.requests().is_empty());
        let shown = server.call_ok("aws_get_credentials", json!({}));
        assert_eq!(shown["credentials"]["region"], "eu-west-1");
        assert_eq!(shown["metadata"]["credentials_source"], "aws_config_profile:dev");
    }

    #[test]
    fn what_cannot_be_set_is_refused() {
        let aws = no_instances();
        let server = serve(&aws, home(&keys("dev", DEV_KEY)), full(), &[]);
        let check = |args: Value, kind: &str| {
            let said = server.fails("aws_set_environment", args, kind);
            assert_eq!(said["status"], "no_change");
        };
        check(json!({"access_key_id": OPS_KEY}), "validation_error");
        check(json!({"secret_access_key": PLANTED_KEY}), "validation_error");
        check(json!({"session_token": PLANTED_TOKEN}), "validation_error");
        check(
            json!({"access_key_id": OPS_KEY, "session_token": PLANTED_TOKEN}),
            "validation_error",
        );
        check(json!({"secret_access_key": {"a": PLANTED_KEY}}), "validation_error");
        check(json!({"access_key_id": [PLANTED_KEY]}), "validation_error");
        check(json!({"aws_secret_access_key": PLANTED_KEY}), "validation_error");
        check(json!({"region": "nowhere"}), "validation_error");
        check(json!({"profile": "def"}), "not_found");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn nothing_given_is_nothing_set() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[]);
        for args in [json!({}), json!({"region": "", "profile": null})] {
            let told = server.call_ok("aws_set_environment", args);
            assert_eq!(told["status"], "no_change");
            assert_eq!(told["updated_variables"], json!([]));
        }
    }

    #[test]
    fn a_profile_that_is_set_after_keys_takes_their_place() {
        let aws = no_instances();
        let server = serve(&aws, home(&keys("dev", DEV_KEY)), full(), &[]);
        let keys = json!({"access_key_id": OPS_KEY, "secret_access_key": PLANTED_KEY});
        server.call_ok("aws_set_environment", keys);
        server.call_ok("aws_set_environment", json!({"profile": "dev"}));
        server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(signers(&aws, "DescribeInstances"), [DEV_KEY]);
    }
}

mod identity {
    use super::*;

    #[test]
    fn account_info_is_what_aws_says() {
        let moto = Moto::shared();
        let server = Server::start(&[], &[&moto.env()[..], &[("LOG_LEVEL", "debug")]].concat());
        server.initialize();
        let told = server.call_ok("aws_get_account_info", json!({"region": "eu-west-1"}));
        assert_eq!(told["account_id"], moto.seed()["account_id"]);
        assert!(told["arn"].as_str().unwrap().starts_with("arn:aws:"));
        assert!(told["user_id"].is_string() && told["timestamp"].is_string());
        assert_eq!(told["region"], "eu-west-1");
        assert_eq!(told["target"]["principal"], told["arn"]);
    }

    #[test]
    fn account_info_and_validation_ask_aws_every_time() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[]);
        for tool in ["aws_get_account_info", "aws_validate_credentials"] {
            server.call_ok(tool, json!({}));
            server.call_ok(tool, json!({}));
        }
        assert_eq!(aws.requests_for("GetCallerIdentity").len(), 4);
    }

    #[test]
    fn account_info_fails_by_kind() {
        let check = |code: &'static str, status: u16, kind: &str| {
            let aws = FakeAws::start(move |_| Response::sts_error(status, code, "As AWS says."));
            let server = serve(&aws, Home::new(), &[], &[]);
            let said = server.fails("aws_get_account_info", json!({}), kind);
            assert_eq!(said["aws_code"], code);
            assert_eq!(said["aws_message"], "As AWS says.");
        };
        check("InvalidClientTokenId", 403, "invalid_credentials");
        check("SignatureDoesNotMatch", 403, "invalid_credentials");
        check("ExpiredToken", 403, "expired_credentials");
        check("AccessDenied", 403, "access_denied");
        check("Throttling", 400, "throttled");
        check("InternalFailure", 500, "execution_error");
    }

    #[test]
    fn good_credentials_are_valid() {
        let moto = Moto::shared();
        let server = Server::start(&[], &[&moto.env()[..], &[("LOG_LEVEL", "debug")]].concat());
        server.initialize();
        let told = server.call_ok("aws_validate_credentials", json!({}));
        assert_eq!(told["valid"], true);
        assert_eq!(told["account_id"], moto.seed()["account_id"]);
        assert!(told["arn"].is_string());
        assert_eq!(told["target"]["account_id"], moto.seed()["account_id"]);
        for member in ["error", "error_code", "message", "next_step"] {
            assert_eq!(told.get(member), None, "{told:#}");
        }
    }

    /// A validation that must come to `valid: false`.
    fn invalid(server: &Server, args: Value, error: &str, code: &str) -> Value {
        let told = server.call_ok("aws_validate_credentials", args);
        assert_eq!(told["valid"], false, "{told:#}");
        assert_eq!(told["error"], error, "{told:#}");
        assert_eq!(told["error_code"], code, "{told:#}");
        assert!(told["message"].is_string() && told["next_step"].is_string(), "{told:#}");
        told
    }

    #[test]
    fn keys_that_aws_refuses_are_not_valid() {
        let check = |code: &'static str, error: &str| {
            let aws = FakeAws::start(move |_| Response::sts_error(403, code, "As AWS says."));
            let server = serve(&aws, Home::new(), &[], &[]);
            let told = invalid(&server, json!({}), error, code);
            assert_eq!(told["aws_message"], "As AWS says.");
            assert_eq!(told["target"]["source"], "environment");
        };
        check("InvalidClientTokenId", "invalid_credentials");
        check("ExpiredToken", "expired_credentials");
    }

    #[test]
    fn no_credentials_and_unknown_profiles_are_not_valid() {
        let aws = no_instances();
        let server = serve_keyless(&aws, home(&keys("staging", DEV_KEY)), &[], &[]);
        invalid(&server, json!({}), "no_credentials", "no_credentials");
        let told = invalid(&server, json!({"profile": "stagin"}), "not_found", "not_found");
        assert!(told["message"].as_str().unwrap().contains("staging"));
        assert_eq!(told["profile"], "stagin");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn a_refused_connection_is_not_valid() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &[], &[("AWS_ENDPOINT_URL", NOBODY)]);
        invalid(&server, json!({}), "execution_error", "execution_error");
        let said = server.fails("aws_get_account_info", json!({}), "execution_error");
        assert_eq!(said["retryable"], true);
    }
}

mod status {
    use super::*;

    #[test]
    fn the_server_tells_of_itself_and_of_its_calls() {
        let aws = no_instances();
        let server = serve_keyless(&aws, home(&keys("dev", DEV_KEY)), full(), &[]);
        server.call_ok("ec2_list_instances", json!({"profile": "dev"}));
        server.call_ok("ec2_list_instances", json!({"profile": "dev"}));
        server.fails(
            "ec2_list_instances",
            json!({"limit": 0, "profile": "dev"}),
            "validation_error",
        );
        server.fails("ec2_list_instances", json!({}), "no_credentials");
        let told = server.call_ok("aws_server_status", json!({}));
        assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
        assert!(told["uptime_seconds"].is_u64());
        assert_eq!(told["mode"], "full");
        let sets = ["core", "operations", "ec2", "ecs", "rds", "cloudwatch", "cost"];
        assert_eq!(told["toolsets"], json!(sets));
        assert_eq!(told["tools_offered"], server.tools().len());
        let calls = told["calls"].as_array().unwrap();
        assert_eq!(calls.len(), 1);
        let figures = &calls[0];
        assert_eq!(figures["tool"], "ec2_list_instances");
        assert_eq!((&figures["calls"], &figures["successes"]), (&json!(4), &json!(2)));
        assert_eq!(figures["failures"], json!({"no_credentials": 1, "validation_error": 1}));
        let [p50, p95, p99] =
            ["p50_ms", "p95_ms", "p99_ms"].map(|name| figures[name].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p95 && p95 <= p99, "{figures}");
    }

    #[test]
    fn a_read_only_server_says_so() {
        let aws = no_instances();
        let server = serve(&aws, Home::new(), &["--toolsets", "core", "--read-only"], &[]);
        let told = server.call_ok("aws_server_status", json!({}));
        assert_eq!(told["mode"], "read_only");
        assert_eq!(told["toolsets"], json!(["core"]));
        server.fails("aws_server_status", json!({"region": "eu-west-1"}), "validation_error");
    }
}

mod configuration {
    use super::*;

    #[test]
    fn a_broken_configuration_is_the_answer_to_every_call() {
        let check = |home: Home, more: &[(&str, &str)], words: &str| {
            let aws = no_instances();
            let server = serve(&aws, home, full(), more);
            for tool in server.tools() {
                let name = tool["name"].as_str().unwrap();
                let said = server.fails(name, json!({}), "config_error");
                assert!(said["message"].as_str().unwrap().contains(words), "{said:#}");
            }
            assert!(aws.requests().is_empty());
        };
        let file = ".config/aws-mcp/config.toml";
        check(Home::new().with(file, "[output]\nmax_characters = 'many'\n"), &[], "line 2");
        check(Home::new().with(file, "[output]\nmax_characters = 5\n"), &[], "max_characters");
        check(Home::new(), &[("LOG_LEVEL", "loud")], "LOG_LEVEL");
    }

    /// A bundle that cannot be used is told every time, and ends neither the call nor the server.
    fn refused(home: Home, bundle: &str) {
        let aws = no_instances();
        let server = serve(&aws, home, &[], &[("AWS_CA_BUNDLE", bundle)]);
        for tool in ["aws_get_account_info", "aws_get_account_info", "ec2_list_instances"] {
            let said = server.fails(tool, json!({}), "config_error");
            assert!(said["message"].as_str().unwrap().contains("AWS_CA_BUNDLE"), "{said:#}");
        }
        let told = server.call_ok("aws_server_status", json!({}));
        assert_eq!(told["calls"].as_array().unwrap().len(), 2, "{told:#}");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn a_missing_ca_bundle_is_a_config_error() {
        refused(Home::new(), "/nowhere/ca.pem");
    }

    #[test]
    fn a_broken_ca_bundle_is_a_config_error() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        refused(Home::new().with("ca.pem", broken), "~/ca.pem");
    }

    #[test]
    fn a_ca_bundle_without_a_certificate_is_a_config_error() {
        refused(Home::new().with("ca.pem", "not a certificate\n"), "~/ca.pem");
    }
}

#[test]
fn what_was_given_in_the_wrong_place_is_not_logged() {
    let misplaced = "wJalrXUtnFEMI/K7MDENG+misplaced";
    // AWS repeats what it does not like.
    let aws = fake(move |_| {
        Response::ec2_error(400, "InvalidParameterValue", &format!("Value ({misplaced}) is wrong."))
    });
    let server = serve(&aws, Home::new(), full(), &[]);
    let calls = [
        ("ec2_list_instances", json!({"tags": {"env": misplaced}})),
        ("ec2_list_instances", json!({"profile": misplaced})),
        ("ec2_list_instances", json!({"region": misplaced})),
        ("ec2_list_instances", json!({"role_arn": misplaced})),
        ("ec2_list_instances", json!({"page_token": misplaced})),
        ("ec2_describe_instance", json!({"instance_id": misplaced})),
        ("aws_set_environment", json!({"profile": misplaced})),
        ("aws_set_environment", json!({"access_key_id": misplaced, "secret_access_key": "x"})),
        ("aws_get_credentials", json!({"include_session_token": misplaced})),
    ];
    for (tool, args) in calls {
        server.call_err(tool, args);
    }
    server.call_ok("aws_validate_credentials", json!({"profile": misplaced}));
    server.close_stdin();
    server.wait_exit(Duration::from_secs(20));
    assert!(!server.stderr().contains("misplaced"), "{}", server.stderr());
}
