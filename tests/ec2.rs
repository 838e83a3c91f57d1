//! EC2's tools: what they list, what they say of one instance, and how they start and stop it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::{FakeAws, Home, Moto, Request, Response, Server, caller, fake, full, serve};

const ID: &str = "i-00000000000000001";

/// Where nothing listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// A server that sees the emulator as AWS.
fn emulated(args: &[&str]) -> Server {
    emulated_at(Home::new(), args)
}

fn emulated_at(home: Home, args: &[&str]) -> Server {
    let env = [&Moto::shared().env()[..], &[("LOG_LEVEL", "debug")]].concat();
    let server = Server::start_at(home, args, &env);
    server.initialize();
    server
}

/// A home in which answers may have so many characters.
fn most(characters: usize) -> Home {
    let text = format!("[output]\nmax_characters = {characters}\n");
    Home::new().with(".config/aws-mcp/config.toml", &text)
}

/// The ids in an answer of ec2_list_instances, in their order.
fn ids(told: &Value) -> Vec<String> {
    let rows = told["instances"].as_array().unwrap();
    rows.iter().map(|row| row["instance_id"].as_str().unwrap().to_owned()).collect()
}

/// Lists page by page to the end. Returns every page.
fn walk(server: &Server, args: &Value) -> Vec<Value> {
    let mut pages = vec![server.call_ok("ec2_list_instances", args.clone())];
    while let Some(token) = pages.last().unwrap().get("next_page_token") {
        assert!(pages.len() < 200, "the listing does not end");
        let mut args = args.clone();
        args["page_token"] = token.clone();
        pages.push(server.call_ok("ec2_list_instances", args));
    }
    pages
}

fn all_ids(pages: &[Value]) -> Vec<String> {
    pages.iter().flat_map(ids).collect()
}

/// The id of the `n`-th instance of the tests' AWS.
fn id(n: usize) -> String {
    format!("i-{n:017x}")
}

/// An instance as EC2 writes it; `tags` are XML.
fn instance(n: usize, state: &str, tags: &[(&str, &str)]) -> String {
    let code = match state {
        "pending" => 0,
        "running" => 16,
        "shutting-down" => 32,
        "terminated" => 48,
        "stopping" => 64,
        _ => 80,
    };
    let tags: String = tags
        .iter()
        .map(|(key, value)| format!("<item><key>{key}</key><value>{value}</value></item>"))
        .collect();
    format!(
        "<item><reservationId>r-{n:017x}</reservationId><ownerId>123456789012</ownerId><instancesSet><item>\
         <instanceId>{}</instanceId><imageId>ami-0abcdef1234567890</imageId>\
         <instanceState><code>{code}</code><name>{state}</name></instanceState>\
         <instanceType>t3.micro</instanceType><launchTime>2026-01-02T03:04:05.000Z</launchTime>\
         <placement><availabilityZone>us-east-1a</availabilityZone></placement>\
         <groupSet><item><groupId>sg-0123456789abcdef0</groupId><groupName>web</groupName></item></groupSet>\
         <tagSet>{tags}</tagSet></item></instancesSet></item>",
        id(n)
    )
}

/// A page of DescribeInstances.
fn page(instances: impl IntoIterator<Item = String>, next: Option<&str>) -> Response {
    let rows: String = instances.into_iter().collect();
    let next = next.map_or_else(String::new, |next| format!("<nextToken>{next}</nextToken>"));
    Response::xml(
        200,
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><reservationSet>{rows}</reservationSet>{next}</DescribeInstancesResponse>"#
        ),
    )
}

/// An answer of EC2 with nothing in it.
fn nothing(action: &str) -> Response {
    Response::xml(200, format!("<{action}Response><requestId>r</requestId></{action}Response>"))
}

/// Instances 0 to `count`, from which DescribeInstances gives what it is asked for: `MaxResults` rows from the one that
/// `NextToken` names. After every page comes one that is empty, with a token, where `gaps` says so.
fn fleet(count: usize, gaps: bool) -> FakeAws {
    fake(move |request| {
        let token = request.param("NextToken").unwrap_or_default();
        let begin = token.trim_start_matches("gap-").parse().unwrap_or(0);
        let most: usize = request.param("MaxResults").map_or(1_000, |most| most.parse().unwrap());
        assert!((5..=1_000).contains(&most), "MaxResults={most}");
        if gaps && begin > 0 && !token.starts_with("gap-") {
            return page([], Some(&format!("gap-{begin}")));
        }
        let end = (begin + most).min(count);
        let next = (end < count).then(|| end.to_string());
        let name = |n| instance(n, "running", &[("Name", &format!("host-{n}"))]);
        page((begin..end).map(name), next.as_deref())
    })
}

/// One instance in this state, which a start or a stop changes as `change` says.
fn one(
    state: &'static str,
    change: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> FakeAws {
    fake(move |request| match request.action().as_str() {
        "DescribeInstances" => page([instance(1, state, &[])], None),
        _ => change(request),
    })
}

/// An AWS on which DescribeInstances fails with this code.
fn failing(status: u16, code: &'static str) -> FakeAws {
    fake(move |_| Response::ec2_error(status, code, "As AWS says."))
}

mod listing {
    use super::*;

    #[test]
    fn instances_are_found_by_tag() {
        let moto = Moto::shared();
        let server = emulated(&[]);
        let told = server.call_ok("ec2_list_instances", json!({"tags": {"Name": "web-1"}}));
        assert_eq!(ids(&told), [moto.seeded("us-east-1", "web-1")]);
        let row = &told["instances"][0];
        assert_eq!(row["name"], "web-1");
        assert_eq!(row["state"], "running");
        assert_eq!(row["type"], "t3.micro");
        assert!(row["az"].as_str().unwrap().starts_with("us-east-1"));
        assert!(row["private_ip"].is_string());
        let launched = row["launched"].as_str().unwrap();
        assert!(launched.len() == 20 && launched.ends_with('Z'), "{launched}");
        for member in ["vpc_id", "tags", "image_id"] {
            assert_eq!(row.get(member), None, "only with detail: {row:#}");
        }
        let two = json!({"tags": {"Name": ["web-1", "batch-1"], "env": "production"}});
        assert_eq!(ids(&server.call_ok("ec2_list_instances", two)).len(), 2);
    }

    #[test]
    fn instances_are_found_by_state() {
        let moto = Moto::shared();
        let server = emulated(&[]);
        let args = json!({"states": ["stopped"], "tags": {"Name": ["web-1", "batch-1"]}});
        let told = server.call_ok("ec2_list_instances", args);
        assert_eq!(ids(&told), [moto.seeded("us-east-1", "batch-1")]);
        let args = json!({"states": ["terminated"]});
        let told = server.call_ok("ec2_list_instances", args);
        assert_eq!(ids(&told), [moto.seeded("us-east-1", "old-1")]);
        let said =
            server.fails("ec2_list_instances", json!({"states": ["up"]}), "validation_error");
        assert!(said["message"].as_str().unwrap().contains("states[0]"), "{said:#}");
    }

    #[test]
    fn instances_are_found_by_id() {
        let moto = Moto::shared();
        let server = emulated(&[]);
        let (one, two) = (moto.seeded("us-east-1", "web-1"), moto.seeded("us-east-1", "batch-1"));
        let told = server.call_ok("ec2_list_instances", json!({"ids": [one, two]}));
        let found: BTreeSet<String> = ids(&told).into_iter().collect();
        assert_eq!(found, BTreeSet::from([one.to_owned(), two.to_owned()]));
        server.fails("ec2_list_instances", json!({"ids": ["web-1"]}), "validation_error");
        let said = server.fails("ec2_list_instances", json!({"ids": [ID]}), "not_found");
        assert_eq!(said["aws_code"], "InvalidInstanceID.NotFound");
    }

    #[test]
    fn instances_are_found_by_filters_with_wildcards() {
        let moto = Moto::shared();
        let server = emulated(&[]);
        let args = json!({"filters": {"tag:Name": "web-*"}, "region": "eu-west-1"});
        let told = server.call_ok("ec2_list_instances", args);
        assert_eq!(ids(&told), [moto.seeded("eu-west-1", "web-eu-1")]);
        let args = json!({
            "filters": {"tag:Name": ["web-?", "batch-?"], "instance-state-name": ["running"]}
        });
        assert_eq!(ids(&server.call_ok("ec2_list_instances", args)).len(), 2);
    }

    #[test]
    fn filters_tags_and_states_are_sent_as_filters() {
        let aws = fleet(0, false);
        let server = serve(&aws, Home::new(), &[], &[]);
        let args = json!({
            "filters": {"vpc-id": ["vpc-1", "vpc-2"]},
            "tags": {"env": "staging"},
            "states": ["running", "shutting-down"],
        });
        let told = server.call_ok("ec2_list_instances", args);
        assert_eq!(told["instances"], json!([]));
        let sent = &aws.requests_for("DescribeInstances")[0];
        let check = |name: &str, value: &str| {
            assert_eq!(sent.param(name).as_deref(), Some(value), "{name} in {}", sent.text());
        };
        check("Filter.1.Name", "vpc-id");
        check("Filter.1.Value.2", "vpc-2");
        check("Filter.2.Name", "tag:env");
        check("Filter.2.Value.1", "staging");
        check("Filter.3.Name", "instance-state-name");
        check("Filter.3.Value.2", "shutting-down");
        let empty = json!({"tags": {"env": []}});
        let said = server.fails("ec2_list_instances", empty, "validation_error");
        assert!(said["message"].as_str().unwrap().contains("tag:env"), "{said:#}");
    }

    #[test]
    fn detail_adds_network_image_and_tags() {
        let server = emulated(&[]);
        let args = json!({"tags": {"Name": "web-1"}, "detail": true});
        let told = server.call_ok("ec2_list_instances", args);
        let row = &told["instances"][0];
        for member in ["vpc_id", "subnet_id", "image_id", "architecture"] {
            assert!(row[member].is_string(), "{member} in {row:#}");
        }
        assert_eq!(row["security_group_ids"].as_array().unwrap().len(), 1);
        assert_eq!(row["tags"], json!({"env": "production"}));
    }

    #[test]
    fn what_it_does_not_take_is_refused_with_the_nearest() {
        let aws = fleet(1, false);
        let server = serve(&aws, Home::new(), &[], &[]);
        let check = |args: Value, words: &str| {
            let said = server.fails("ec2_list_instances", args, "validation_error");
            assert!(said["message"].as_str().unwrap().contains(words), "{said:#}");
        };
        check(json!({"limit": 0}), "limit");
        check(json!({"limit": 1_001}), "limit");
        check(json!({"limit": "many"}), "limit");
        check(json!({"filter": {}}), "Did you mean filters?");
        check(json!({"tags": {"env": 5}}), "tags");
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn fifty_rows_come_where_no_limit_is_given() {
        let aws = fleet(60, false);
        let server = serve(&aws, Home::new(), &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({}));
        assert_eq!(ids(&told).len(), 50);
        assert_eq!(told.get("truncated"), None);
        assert!(told["next_page_token"].is_string());
    }

    #[test]
    fn hidden_characters_in_names_come_out_visible() {
        let aws = fake(|_| {
            let name = "evil\u{202E}txt &#x1B;[31mred\u{200B}";
            let tags = [("Name", name), ("no\u{2066}te", "x\u{E0041}y")];
            page([instance(1, "running", &tags)], None)
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"detail": true}));
        let row = &told["instances"][0];
        assert_eq!(row["name"], r"evil\u{202E}txt \u{001B}[31mred\u{200B}");
        assert_eq!(row["tags"], json!({r"no\u{2066}te": r"x\u{E0041}y"}));
    }

    #[test]
    fn hidden_characters_in_awss_words_come_out_visible() {
        let aws = fake(|_| Response::ec2_error(400, "Odd\u{202E}", "see \u{2066}here"));
        let server = serve(&aws, Home::new(), &[], &[]);
        let said = server.fails("ec2_list_instances", json!({}), "client_error");
        assert_eq!(said["aws_code"], r"Odd\u{202E}");
        assert_eq!(said["aws_message"], r"see \u{2066}here");
    }

    #[test]
    fn an_access_key_id_in_a_tag_or_an_error_comes_out_masked() {
        let aws = fake(|request| match request.param("Filter.1.Name") {
            None => {
                let tags = [("Name", "AKIAIOSFODNN7EXAMPLE"), ("ASIAIOSFODNN7EXAMPLE", "x")];
                page([instance(1, "running", &tags)], None)
            }
            Some(_) => Response::ec2_error(400, "Odd", "for AKIAIOSFODNN7EXAMPLE, no"),
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"detail": true}));
        assert_eq!(told["instances"][0]["name"], "AKIAIOSFOD...");
        assert_eq!(told["instances"][0]["tags"], json!({"ASIAIOSFOD...": "x"}));
        let args = json!({"tags": {"a": "b"}});
        let said = server.fails("ec2_list_instances", args, "client_error");
        assert_eq!(said["aws_message"], "for AKIAIOSFOD..., no");
        assert!(!server.stdout().contains("AKIAIOSFODNN7EXAMPLE"));
    }
}

mod paging {
    use super::*;

    #[test]
    fn every_instance_of_the_emulator_comes_exactly_once() {
        let moto = Moto::shared();
        let made: BTreeSet<String> =
            (0..17).map(|_| moto.run_instance("us-east-1", &[("paged", "yes")])).collect();
        let server = emulated(&[]);
        for limit in [1, 3, 5, 6, 16, 17, 50] {
            let args = json!({"tags": {"paged": "yes"}, "limit": limit});
            let pages = walk(&server, &args);
            let found = all_ids(&pages);
            assert_eq!(found.len(), made.len(), "limit {limit}");
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), made, "limit {limit}");
            assert!(pages.iter().all(|page| ids(page).len() <= limit), "limit {limit}");
        }
    }

    #[test]
    fn every_instance_comes_exactly_once_in_order_over_awss_pages() {
        let expected: Vec<String> = (0..43).map(id).collect();
        for gaps in [false, true] {
            let aws = fleet(43, gaps);
            let server = serve(&aws, Home::new(), &[], &[]);
            for limit in [1, 2, 3, 4, 5, 7, 42, 43, 44] {
                let pages = walk(&server, &json!({"limit": limit}));
                assert_eq!(all_ids(&pages), expected, "limit {limit}, gaps {gaps}");
            }
        }
    }

    #[test]
    fn pages_of_awss_own_size_are_gone_on_with_in_their_middle() {
        // Whatever is asked for: three a page, then none with a token, then six.
        let aws = fake(|request| {
            let rows = |from, to| (from..to).map(|n| instance(n, "running", &[]));
            match request.param("NextToken").as_deref() {
                None => page(rows(0, 3), Some("none")),
                Some("none") => page([], Some("none at all")),
                Some("none at all") => page([], Some("six")),
                Some(_) => page(rows(3, 9), None),
            }
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        let expected: Vec<String> = (0..9).map(id).collect();
        for limit in [1, 2, 3, 4, 5, 8, 9, 10] {
            let pages = walk(&server, &json!({"limit": limit}));
            assert_eq!(all_ids(&pages), expected, "limit {limit}");
        }
    }

    #[test]
    fn ids_are_paged_too() {
        let aws = fake(|_| page((0..20).map(|n| instance(n, "running", &[])), None));
        let server = serve(&aws, Home::new(), &[], &[]);
        let expected: Vec<String> = (0..20).map(id).collect();
        let pages = walk(&server, &json!({"ids": expected.clone(), "limit": 6}));
        assert_eq!(all_ids(&pages), expected);
        for sent in aws.requests_for("DescribeInstances") {
            assert_eq!(sent.param("MaxResults"), None, "AWS refuses it beside ids");
        }
    }

    #[test]
    fn a_page_token_is_good_for_the_same_question_only() {
        let aws = fleet(30, false);
        let server = serve(&aws, Home::new(), &[], &[]);
        let first = server.call_ok("ec2_list_instances", json!({"limit": 5}));
        let token = first["next_page_token"].as_str().unwrap();
        let sent = aws.requests_for("DescribeInstances").len();
        let check = |mut args: Value, token: &str| {
            args["page_token"] = token.into();
            let said = server.fails("ec2_list_instances", args, "validation_error");
            assert!(said["message"].as_str().unwrap().contains("page_token"), "{said:#}");
        };
        check(json!({"tags": {"env": "staging"}}), token);
        check(json!({"states": ["running"]}), token);
        check(json!({"filters": {"vpc-id": "vpc-1"}}), token);
        check(json!({"ids": [ID]}), token);
        check(json!({"region": "eu-west-1"}), token);
        check(json!({}), "garbage");
        check(json!({}), "");
        check(json!({}), &token[..token.len() / 2]);
        assert_eq!(aws.requests_for("DescribeInstances").len(), sent);
        let rest = json!({"limit": 50, "detail": true, "page_token": token});
        assert_eq!(ids(&server.call_ok("ec2_list_instances", rest)).len(), 25);
    }

    #[test]
    fn a_long_answer_is_cut_by_whole_rows_and_goes_on_exactly() {
        let aws = fleet(1_000, false);
        let server = serve(&aws, Home::new(), &[], &[]);
        let pages = walk(&server, &json!({"limit": 1_000}));
        assert_eq!(all_ids(&pages), (0..1_000).map(id).collect::<Vec<_>>());
        assert!(pages.len() > 3, "{}", pages.len());
        let (last, cut) = pages.split_last().unwrap();
        for page in cut {
            let length = page.to_string().chars().count();
            assert!((18_000..=20_000).contains(&length), "{length}");
            assert_eq!(page["truncated"]["shown"], ids(page).len());
            assert!(page["truncated"]["how"].as_str().unwrap().contains("next_page_token"));
        }
        assert_eq!(last.get("truncated"), None);
    }

    #[test]
    fn a_cut_over_many_of_awss_pages_goes_on_exactly() {
        // Seven a page, whatever is asked for.
        let aws = fake(|request| {
            let begin = request.param("NextToken").map_or(0, |token| token.parse().unwrap());
            let end = (begin + 7).min(500);
            let next = (end < 500).then(|| end.to_string());
            page((begin..end).map(|n| instance(n, "stopped", &[])), next.as_deref())
        });
        let server = serve(&aws, most(2_000), &[], &[]);
        let pages = walk(&server, &json!({"limit": 100}));
        assert_eq!(all_ids(&pages), (0..500).map(id).collect::<Vec<_>>());
        assert!(pages.iter().all(|page| page.to_string().chars().count() <= 2_000));
    }

    #[test]
    fn a_long_token_of_awss_does_not_make_the_answer_too_long() {
        let aws = fake(|request| {
            let long = "x".repeat(2_000);
            let begin = match request.param("NextToken") {
                None => 0,
                Some(token) => token.trim_start_matches('x').parse().unwrap(),
            };
            let end = (begin + 50).min(200);
            let next = (end < 200).then(|| format!("{long}{end}"));
            page((begin..end).map(|n| instance(n, "stopped", &[])), next.as_deref())
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        let pages = walk(&server, &json!({"limit": 200}));
        assert_eq!(all_ids(&pages), (0..200).map(id).collect::<Vec<_>>());
        for page in pages {
            assert!(page.to_string().chars().count() <= 20_000, "{}", page.to_string().len());
        }
    }

    #[test]
    fn how_long_an_answer_may_be_is_configured() {
        let aws = fleet(1_000, false);
        let short = serve(&aws, most(3_000), &[], &[]);
        let told = short.call_ok("ec2_list_instances", json!({"limit": 1_000}));
        assert!(told.to_string().chars().count() <= 3_000);
        assert!(!ids(&told).is_empty());
        let long = serve(&aws, most(250_000), &[], &[]);
        let told = long.call_ok("ec2_list_instances", json!({"limit": 1_000}));
        assert_eq!(ids(&told).len(), 1_000);
        assert_eq!(told.get("truncated"), None);
    }

    #[test]
    fn a_row_that_cannot_fit_is_read_on_by_its_handle() {
        let aws = fake(|_| {
            let keys: Vec<String> = (0..50).map(|n| format!("key-{n:0>80}")).collect();
            let tags: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "value")).collect();
            page([instance(1, "running", &tags)], None)
        });
        let server = serve(&aws, most(2_000), &[], &[]);
        let part = server.call_ok("ec2_list_instances", json!({"detail": true}));
        assert!(part.to_string().chars().count() <= 2_000, "{part:#}");
        let whole = json!({"handle": part["truncated"]["handle"],
            "query": "[length(instances), length(keys(instances[0].tags))]"});
        assert_eq!(server.call_ok("aws_get_result", whole)["result"], json!([1, 50]));
        assert_eq!(ids(&server.call_ok("ec2_list_instances", json!({}))), [id(1)]);
    }

    #[test]
    fn where_nothing_reads_on_there_is_no_handle() {
        let aws = fleet(1_000, false);
        let server = serve(&aws, Home::new(), &["--toolsets", "ec2"], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"limit": 1_000}));
        assert_eq!(told["truncated"].get("handle"), None);
        assert!(told["truncated"]["how"].as_str().unwrap().contains("Narrow"));
        let server = serve(&aws, Home::new(), &[], &[]);
        let told = server.call_ok("ec2_list_instances", json!({"limit": 1_000}));
        assert!(told["truncated"]["handle"].is_string());
    }

    #[test]
    fn a_long_listing_reports_its_progress() {
        let aws = fake(|request| match request.param("NextToken").as_deref() {
            None => page([instance(1, "running", &[])], Some("more")),
            Some(_) => page([instance(2, "running", &[])], None),
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        let notes = with_progress(&server, "ec2_list_instances", json!({})).1;
        assert_eq!(notes, ["1 rows so far"]);
    }
}

/// Calls a tool with a progress token. Returns the result, and the messages that came before it.
fn with_progress(server: &Server, tool: &str, args: Value) -> (Value, Vec<String>) {
    let meta = json!({"progressToken": "p"});
    let params = json!({"name": tool, "arguments": args, "_meta": meta});
    let response = server.request("tools/call", params);
    let mut notes = server.notifications();
    notes.retain(|note| note["method"] == "notifications/progress");
    assert!(notes.iter().all(|note| note["params"]["progressToken"] == "p"), "{notes:#?}");
    let steps: Vec<f64> =
        notes.iter().map(|note| note["params"]["progress"].as_f64().unwrap()).collect();
    assert!(steps.windows(2).all(|two| two[0] < two[1]), "progress must grow: {steps:?}");
    let words =
        notes.iter().map(|note| note["params"]["message"].as_str().unwrap().to_owned()).collect();
    (response["result"].clone(), words)
}

mod describing {
    use super::*;

    #[test]
    fn one_instance_is_told_in_full() {
        let moto = Moto::shared();
        let server = emulated(&[]);
        let id = moto.seeded("us-east-1", "web-1");
        let told = server.call_ok("ec2_describe_instance", json!({"instance_id": id}));
        assert_eq!(told["instance_id"], id);
        assert_eq!(told["name"], "web-1");
        assert_eq!(told["state"], "running");
        assert_eq!(told["tags"], json!({"env": "production"}));
        assert!(told["vpc_id"].is_string());
        assert_eq!(told["system_status"], "ok");
        assert_eq!(told["instance_status"], "ok");
        let volumes = told["volumes"].as_array().unwrap();
        let data = volumes.iter().find(|volume| volume["device"] == "/dev/sdf").unwrap();
        assert_eq!((&data["size_gib"], &data["type"]), (&json!(8), &json!("gp3")));
        assert!(data["volume_id"].as_str().unwrap().starts_with("vol-"));
        let groups = told["security_groups"].as_array().unwrap();
        assert_eq!(groups[0]["name"], "tests-web");
        assert_eq!(groups[0]["inbound"], json!(["tcp 443 from 10.0.0.0/8"]));
        assert_eq!(
            told["console_url"],
            format!(
                "https://us-east-1.console.aws.amazon.com/ec2/home?region=us-east-1\
                 #InstanceDetails:instanceId={id}"
            )
        );
        assert_eq!(told.get("missing"), None);
    }

    #[test]
    fn status_checks_and_scheduled_events_are_told() {
        let aws = one("running", |request| match request.action().as_str() {
            "DescribeInstanceStatus" => {
                assert_eq!(request.param("IncludeAllInstances").as_deref(), Some("true"));
                Response::xml(
                    200,
                    format!(
                        "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>{ID}</instanceId>\
                         <systemStatus><status>impaired</status></systemStatus>\
                         <instanceStatus><status>ok</status></instanceStatus>\
                         <eventsSet><item><code>instance-stop</code><description>Retired\u{202E}</description>\
                         <notBefore>2026-12-01T00:00:00.000Z</notBefore></item></eventsSet>\
                         </item></instanceStatusSet></DescribeInstanceStatusResponse>"
                    ),
                )
            }
            action => nothing(action),
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        let told = server.call_ok("ec2_describe_instance", json!({"instance_id": ID}));
        assert_eq!(told["system_status"], "impaired");
        assert_eq!(told["instance_status"], "ok");
        assert_eq!(
            told["scheduled_events"],
            json!([{
                "code": "instance-stop",
                "description": r"Retired\u{202E}",
                "not_before": "2026-12-01T00:00:00Z",
            }])
        );
    }

    #[test]
    fn a_part_that_is_denied_is_missing_and_the_rest_is_there() {
        let parts = ["DescribeInstanceStatus", "DescribeVolumes", "DescribeSecurityGroups"];
        for denied in parts {
            let aws = one("running", move |request| match request.action() {
                action if action == denied => {
                    Response::ec2_error(403, "UnauthorizedOperation", "You may not.")
                }
                action => nothing(&action),
            });
            let server = serve(&aws, Home::new(), &[], &[]);
            let told = server.call_ok("ec2_describe_instance", json!({"instance_id": ID}));
            assert_eq!(told["state"], "running");
            let missing = told["missing"].as_array().unwrap();
            assert_eq!(missing.len(), 1, "{told:#}");
            assert_eq!(missing[0]["error"], "access_denied");
            assert_eq!(missing[0]["aws_code"], "UnauthorizedOperation");
            assert_eq!(missing[0]["aws_message"], "You may not.");
            assert!(missing[0]["message"].as_str().unwrap().contains(denied), "{told:#}");
            assert_eq!(told["security_groups"][0]["group_id"], "sg-0123456789abcdef0");
        }
    }

    #[test]
    fn everything_but_the_instance_may_be_missing() {
        let aws = one("running", |_| Response::ec2_broken());
        let server = serve(&aws, Home::new(), &[], &[]);
        let told = server.call_ok("ec2_describe_instance", json!({"instance_id": ID}));
        assert_eq!(told["missing"].as_array().unwrap().len(), 3);
        assert_eq!(told["instance_id"], ID);
    }

    #[test]
    fn an_instance_that_is_not_there_is_not_found() {
        let server = emulated(&[]);
        let args = json!({"instance_id": ID});
        let said = server.fails("ec2_describe_instance", args.clone(), "not_found");
        assert_eq!(said["aws_code"], "InvalidInstanceID.NotFound");
        let web = Moto::shared().seeded("eu-west-1", "web-eu-1");
        server.fails("ec2_describe_instance", json!({"instance_id": web}), "not_found");
        let aws = fleet(0, false);
        let server = serve(&aws, Home::new(), &[], &[]);
        server.fails("ec2_describe_instance", args, "not_found");
    }

    #[test]
    fn a_malformed_id_is_refused_before_anything_is_sent() {
        let aws = fleet(1, false);
        let server = serve(&aws, Home::new(), full(), &[]);
        for tool in ["ec2_describe_instance", "ec2_start_instance", "ec2_stop_instance"] {
            for wrong in [json!("web-1"), json!("i-1"), json!("I-12345678"), json!(5), json!(null)]
            {
                server.fails(tool, json!({"instance_id": wrong}), "validation_error");
            }
            server.fails(tool, json!({}), "validation_error");
            server.fails(tool, json!({"id": ID}), "validation_error");
        }
        assert!(aws.requests().is_empty());
    }

    #[test]
    fn an_id_that_aws_calls_malformed_is_a_validation_error() {
        let aws = failing(400, "InvalidInstanceID.Malformed");
        let server = serve(&aws, Home::new(), &[], &[]);
        server.fails("ec2_describe_instance", json!({"instance_id": ID}), "validation_error");
    }

    #[test]
    fn a_description_that_cannot_fit_is_read_on_by_its_handle() {
        let aws = fake(|request| match request.action().as_str() {
            "DescribeInstances" => {
                let keys: Vec<String> = (0..50).map(|n| format!("key-{n:0>80}")).collect();
                let tags: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
                page([instance(1, "running", &tags)], None)
            }
            action => nothing(action),
        });
        let server = serve(&aws, most(2_000), &[], &[]);
        let part = server.call_ok("ec2_describe_instance", json!({"instance_id": ID}));
        assert!(part.to_string().chars().count() <= 2_000, "{part:#}");
        let whole = json!({"handle": part["truncated"]["handle"], "query": "length(keys(tags))"});
        assert_eq!(server.call_ok("aws_get_result", whole)["result"], 50);
    }
}

mod changing {
    use super::*;

    fn started(_: &Request) -> Response {
        Response::state_change("StartInstances", ID, "stopped", "pending")
    }

    fn stopped(_: &Request) -> Response {
        Response::state_change("StopInstances", ID, "running", "stopping")
    }

    fn this() -> Value {
        json!({"instance_id": ID})
    }

    #[test]
    fn an_instance_of_the_emulator_is_stopped_and_started() {
        let moto = Moto::shared();
        let server = emulated(full());
        let id = moto.run_instance("us-east-1", &[("Name", "switched")]);
        let told = server.call_ok("ec2_stop_instance", json!({"instance_id": id, "wait": true}));
        assert_eq!(told["status"], "done");
        assert_eq!(told["instance_id"], id);
        assert_eq!(told["previous_state"], "running");
        assert_eq!(told["current_state"], "stopped");
        assert!(told["message"].as_str().unwrap().contains(&id));
        assert_eq!(moto.instance_state("us-east-1", &id), "stopped");
        let told = server.call_ok("ec2_stop_instance", json!({"instance_id": id}));
        assert_eq!(told["status"], "no_change");
        let told = server.call_ok("ec2_start_instance", json!({"instance_id": id, "wait": true}));
        assert_eq!(told["status"], "done");
        assert_eq!(told["previous_state"], "stopped");
        assert_eq!(told["current_state"], "running");
        assert_eq!(moto.instance_state("us-east-1", &id), "running");
        let told = server.call_ok("ec2_start_instance", json!({"instance_id": id}));
        assert_eq!(told["status"], "no_change");
        assert_eq!(
            (&told["previous_state"], &told["current_state"]),
            (&json!("running"), &json!("running"))
        );
    }

    #[test]
    fn an_instance_of_the_emulator_that_is_not_there_is_not_found() {
        let server = emulated(full());
        for tool in ["ec2_start_instance", "ec2_stop_instance"] {
            let said = server.fails(tool, this(), "not_found");
            assert_eq!(said["status"], "no_change");
        }
    }

    #[test]
    fn a_write_that_went_through_tells_what_aws_said() {
        let aws = one("stopped", started);
        let server = serve(&aws, Home::new(), full(), &[]);
        let told = server.call_ok("ec2_start_instance", this());
        assert_eq!(told["status"], "done");
        assert_eq!(told["previous_state"], "stopped");
        assert_eq!(told["current_state"], "pending");
        let sent = aws.requests_for("StartInstances");
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].param("InstanceId.1").as_deref(), Some(ID));
    }

    #[test]
    fn where_there_is_nothing_to_do_nothing_is_sent() {
        let check = |tool: &str, state: &'static str| {
            let aws = one(state, |_| Response::ec2_broken());
            let server = serve(&aws, Home::new(), full(), &[]);
            let told = server.call_ok(tool, this());
            assert_eq!(told["status"], "no_change", "{tool} {state}");
            assert_eq!(told["previous_state"], state);
            assert_eq!(told["current_state"], state);
            assert!(aws.requests_for("StartInstances").is_empty());
            assert!(aws.requests_for("StopInstances").is_empty());
        };
        check("ec2_start_instance", "running");
        check("ec2_start_instance", "pending");
        check("ec2_stop_instance", "stopped");
        check("ec2_stop_instance", "stopping");
    }

    #[test]
    fn a_state_that_rules_it_out_is_refused_and_nothing_is_sent() {
        let check = |tool: &str, state: &'static str| {
            let aws = one(state, |_| Response::ec2_broken());
            let server = serve(&aws, Home::new(), full(), &[]);
            let said = server.fails(tool, this(), "client_error");
            assert_eq!(said["status"], "no_change", "{tool} {state}");
            assert!(said["message"].as_str().unwrap().contains(state), "{said:#}");
            assert!(aws.requests_for("StartInstances").is_empty());
            assert!(aws.requests_for("StopInstances").is_empty());
        };
        check("ec2_start_instance", "terminated");
        check("ec2_start_instance", "shutting-down");
        check("ec2_start_instance", "stopping");
        check("ec2_stop_instance", "terminated");
        check("ec2_stop_instance", "pending");
    }

    #[test]
    fn hibernate_and_force_are_sent() {
        let aws = one("running", stopped);
        let server = serve(&aws, Home::new(), full(), &[]);
        let check = |args: Value, hibernate: Option<&str>, force: Option<&str>| {
            server.call_ok("ec2_stop_instance", args);
            let sent = aws.requests_for("StopInstances").pop().unwrap();
            assert_eq!(sent.param("Hibernate").as_deref(), hibernate);
            assert_eq!(sent.param("Force").as_deref(), force);
        };
        check(this(), None, None);
        check(json!({"instance_id": ID, "hibernate": true}), Some("true"), None);
        check(json!({"instance_id": ID, "force": true}), None, Some("true"));
        server.fails(
            "ec2_start_instance",
            json!({"instance_id": ID, "force": true}),
            "validation_error",
        );
    }

    #[test]
    fn a_stopping_instance_can_be_forced() {
        let aws = one("stopping", stopped);
        let server = serve(&aws, Home::new(), full(), &[]);
        let told = server.call_ok("ec2_stop_instance", json!({"instance_id": ID, "force": true}));
        assert_eq!(told["status"], "done");
        assert_eq!(aws.requests_for("StopInstances").len(), 1);
    }

    #[test]
    fn waiting_reports_progress_and_ends_with_the_state() {
        let looks = AtomicUsize::new(0);
        let aws = fake(move |request| match request.action().as_str() {
            "StartInstances" => started(request),
            _ => {
                let states = ["stopped", "pending", "pending", "running"];
                let look = looks.fetch_add(1, Ordering::SeqCst);
                page([instance(1, states[look.min(3)], &[])], None)
            }
        });
        let server = serve(&aws, Home::new(), full(), &[]);
        let args = json!({"instance_id": ID, "wait": true});
        let (result, notes) = with_progress(&server, "ec2_start_instance", args);
        let told = &result["structuredContent"];
        server.check_output("ec2_start_instance", told);
        assert_eq!((&told["status"], &told["current_state"]), (&json!("done"), &json!("running")));
        assert_eq!(notes, vec![format!("{ID} is pending"); 3]);
        assert_eq!(aws.requests_for("StartInstances").len(), 1);
    }

    #[test]
    fn waiting_ends_within_the_call_where_the_state_does_not_come() {
        let aws = fake(|request| match request.action().as_str() {
            "StopInstances" => stopped(request),
            _ => page([instance(1, "running", &[])], None),
        });
        let server = serve(&aws, Home::new(), full(), &[]);
        let args = json!({"instance_id": ID, "wait": true});
        let told = server.call_ok("ec2_stop_instance", args);
        assert_eq!((&told["status"], &told["current_state"]), (&json!("done"), &json!("running")));
        assert!(told["message"].as_str().unwrap().contains("not stopped yet"), "{told:#}");
        assert_eq!(aws.requests_for("StopInstances").len(), 1);
    }

    #[test]
    fn a_look_that_fails_while_waiting_does_not_undo_the_write() {
        let looks = AtomicUsize::new(0);
        let aws = fake(move |request| match request.action().as_str() {
            "StartInstances" => started(request),
            _ if looks.fetch_add(1, Ordering::SeqCst) == 0 => {
                page([instance(1, "stopped", &[])], None)
            }
            _ => Response::ec2_error(403, "UnauthorizedOperation", "Not any more."),
        });
        let server = serve(&aws, Home::new(), full(), &[]);
        let args = json!({"instance_id": ID, "wait": true});
        let told = server.call_ok("ec2_start_instance", args);
        assert_eq!((&told["status"], &told["current_state"]), (&json!("done"), &json!("pending")));
    }

    /// A start or stop of which nobody knows whether it was done: sent once, and said so.
    fn unknown(tool: &str, action: &'static str, answer: fn() -> Response) {
        let before = if tool == "ec2_start_instance" { "stopped" } else { "running" };
        let aws = one(before, move |_| answer());
        let server = serve(&aws, Home::new(), full(), &[]);
        let said = server.call_err(tool, this());
        assert_eq!(aws.requests_for(action).len(), 1);
        assert_eq!(said["error"], "outcome_unknown", "{said:#}");
        assert_eq!(said["status"], "unknown");
        assert_eq!(said["retryable"], false);
        assert!(said["next_step"].as_str().unwrap().contains("ec2_describe_instance"), "{said:#}");
        server.check_output(tool, &said);
    }

    #[test]
    fn a_start_that_fails_at_aws_is_sent_once_and_unknown() {
        unknown("ec2_start_instance", "StartInstances", Response::ec2_broken);
    }

    #[test]
    fn a_start_whose_connection_is_cut_is_sent_once_and_unknown() {
        unknown("ec2_start_instance", "StartInstances", Response::closed);
    }

    #[test]
    fn a_start_whose_answer_is_cut_is_sent_once_and_unknown() {
        let cut = || Response::state_change("StartInstances", ID, "stopped", "pending").cut_off();
        unknown("ec2_start_instance", "StartInstances", cut);
    }

    #[test]
    fn a_start_that_is_never_answered_is_sent_once_and_unknown() {
        unknown("ec2_start_instance", "StartInstances", Response::never);
    }

    #[test]
    fn a_stop_is_unknown_in_the_same_way() {
        unknown("ec2_stop_instance", "StopInstances", Response::ec2_broken);
        unknown("ec2_stop_instance", "StopInstances", Response::closed);
    }

    #[test]
    fn a_write_that_aws_refuses_was_not_done() {
        let check = |status, code: &'static str, kind: &str| {
            let aws = one("stopped", move |_| {
                Response::ec2_error(status, code, "You are not authorized.")
            });
            let server = serve(&aws, Home::new(), full(), &[]);
            let said = server.fails("ec2_start_instance", this(), kind);
            assert_eq!(said["status"], "no_change");
            assert_eq!(said["aws_code"], code);
            assert_eq!(said["aws_message"], "You are not authorized.");
            assert!(said["aws_request_id"].is_string(), "{said:#}");
            assert_eq!(aws.requests_for("StartInstances").len(), 1);
        };
        check(403, "UnauthorizedOperation", "access_denied");
        check(400, "IncorrectInstanceState", "client_error");
        check(400, "InsufficientInstanceCapacity", "client_error");
    }

    #[test]
    fn a_write_that_is_throttled_was_not_done() {
        let aws = one("stopped", |_| Response::ec2_throttled());
        let server = serve(&aws, Home::new(), full(), &[]);
        let said = server.fails("ec2_start_instance", this(), "throttled");
        assert_eq!(said["status"], "no_change");
        assert_eq!(aws.requests_for("StartInstances").len(), 1);
    }

    #[test]
    fn writes_are_neither_listed_nor_done_by_a_read_only_server() {
        let check = |args: &[&str], more: &[(&str, &str)]| {
            let aws = one("stopped", started);
            let server = serve(&aws, Home::new(), args, more);
            for tool in ["ec2_start_instance", "ec2_stop_instance"] {
                assert!(server.tools().iter().all(|listed| listed["name"] != tool));
                let said = server.fails(tool, this(), "denied_by_policy");
                assert_eq!(said["status"], "no_change");
                server.fails(tool, json!({"instance_id": "x"}), "denied_by_policy");
            }
            assert!(aws.requests().is_empty());
        };
        check(&["--read-only"], &[]);
        check(full(), &[("AWS_MCP_READ_ONLY", "true")]);
    }

    #[test]
    fn writes_are_listed_with_hints_where_they_are_allowed() {
        let aws = one("stopped", started);
        let server = serve(&aws, Home::new(), full(), &[]);
        let tools = server.tools();
        for name in ["ec2_start_instance", "ec2_stop_instance"] {
            let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
            assert_eq!(tool["annotations"]["readOnlyHint"], false);
            assert_eq!(tool["annotations"]["destructiveHint"], true);
            assert_eq!(tool["outputSchema"]["required"], json!(["status"]));
        }
    }
}

mod failing {
    use super::*;

    #[test]
    fn awss_codes_become_kinds_in_every_tool() {
        let cases = [
            (400, "RequestExpired", "expired_credentials"),
            (401, "AuthFailure", "invalid_credentials"),
            (403, "UnauthorizedOperation", "access_denied"),
            (400, "InvalidInstanceID.NotFound", "not_found"),
            (400, "InvalidParameterValue", "validation_error"),
            (400, "FilterLimitExceeded", "client_error"),
        ];
        for (status, code, kind) in cases {
            let aws = super::failing(status, code);
            let server = serve(&aws, Home::new(), full(), &[]);
            let tools = [
                ("ec2_list_instances", json!({})),
                ("ec2_describe_instance", json!({"instance_id": ID})),
                ("ec2_start_instance", json!({"instance_id": ID})),
                ("ec2_stop_instance", json!({"instance_id": ID})),
            ];
            for (tool, args) in tools {
                let said = server.fails(tool, args, kind);
                assert_eq!(said["aws_code"], code);
                assert_eq!(said["aws_message"], "As AWS says.");
                assert!(said["message"].as_str().unwrap().contains("ec2:DescribeInstances"));
                assert!(!said["message"].as_str().unwrap().contains("As AWS says"), "{said:#}");
            }
            assert_eq!(aws.requests_for("DescribeInstances").len(), 4, "{code} is not retried");
        }
    }

    #[test]
    fn the_request_id_of_a_failure_is_told() {
        let aws = super::failing(403, "UnauthorizedOperation");
        let server = serve(&aws, Home::new(), &[], &[]);
        let said = server.fails("ec2_list_instances", json!({}), "access_denied");
        assert_eq!(said["aws_request_id"], "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE");
    }

    /// A read that fails in this way is tried three times.
    fn three_times(answer: fn() -> Response, kind: &str) {
        let aws = fake(move |_| answer());
        let server = serve(&aws, Home::new(), &[], &[]);
        let said = server.fails("ec2_list_instances", json!({}), kind);
        assert_eq!(said["retryable"], true);
        assert_eq!(aws.requests_for("DescribeInstances").len(), 3);
    }

    #[test]
    fn a_read_that_fails_at_aws_is_tried_three_times() {
        three_times(Response::ec2_broken, "execution_error");
    }

    #[test]
    fn a_read_that_is_throttled_is_tried_three_times() {
        three_times(Response::ec2_throttled, "throttled");
    }

    #[test]
    fn a_read_that_times_out_at_aws_is_tried_three_times() {
        three_times(|| Response::xml(504, ""), "timeout");
    }

    #[test]
    fn a_read_whose_connection_is_cut_is_tried_three_times() {
        three_times(Response::closed, "execution_error");
    }

    #[test]
    fn a_read_that_works_at_the_third_attempt_is_a_success() {
        let attempts = AtomicUsize::new(0);
        let aws = fake(move |_| match attempts.fetch_add(1, Ordering::SeqCst) {
            0 => Response::ec2_broken(),
            1 => Response::ec2_throttled(),
            _ => page([instance(1, "running", &[])], None),
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        assert_eq!(ids(&server.call_ok("ec2_list_instances", json!({}))), [id(1)]);
    }

    #[test]
    fn an_answer_that_is_no_xml_is_an_execution_error() {
        let aws = fake(|_| Response::xml(200, "<html>not AWS"));
        let server = serve(&aws, Home::new(), &[], &[]);
        server.fails("ec2_describe_instance", json!({"instance_id": ID}), "execution_error");
        let aws = fake(|_| Response::xml(200, "{}"));
        let server = serve(&aws, Home::new(), &[], &[]);
        server.fails("ec2_list_instances", json!({}), "execution_error");
    }

    #[test]
    fn a_refused_connection_is_an_execution_error() {
        let aws = FakeAws::start(|_| caller());
        let server = serve(&aws, Home::new(), full(), &[("AWS_ENDPOINT_URL_EC2", NOBODY)]);
        for tool in ["ec2_describe_instance", "ec2_start_instance"] {
            let said = server.fails(tool, json!({"instance_id": ID}), "execution_error");
            assert!(said["message"].as_str().unwrap().contains("could not reach AWS"), "{said:#}");
        }
    }
}

/// What a person approves is a tool's arguments, so all that is sent has to follow from them: every
/// request, whole.
#[test]
fn what_each_tool_sends_follows_from_its_arguments() {
    let check = |tool: &str, args: Value, state: &'static str, expected: &[&str]| {
        let aws = one(state, |request| {
            Response::state_change(&request.action(), &id(1), "stopped", "pending")
        });
        let server = serve(&aws, Home::new(), full(), &[]);
        server.call(tool, args);
        let mut sent: Vec<String> = aws
            .requests()
            .iter()
            .map(|request| {
                let text = request.text();
                let kept = text.split('&').filter(|member| !member.starts_with("Version="));
                kept.collect::<Vec<_>>().join("&")
            })
            .collect();
        // Beside any call: whose the keys are.
        sent.retain(|request| request != "Action=GetCallerIdentity" || expected.contains(&"who"));
        sent.sort();
        let mut expected = expected.to_vec();
        for request in &mut expected {
            if *request == "who" {
                *request = "Action=GetCallerIdentity";
            }
        }
        expected.sort();
        assert_eq!(sent, expected, "{tool}");
    };
    let one_id = id(1);
    let by_id = format!("Action=DescribeInstances&InstanceId.1={one_id}");
    let this = || json!({"instance_id": one_id});
    check(
        "ec2_list_instances",
        json!({"tags": {"env": "x y"}, "states": ["running"], "limit": 7}),
        "running",
        &["Action=DescribeInstances&Filter.1.Name=tag%3Aenv&Filter.1.Value.1=x%20y&\
           Filter.2.Name=instance-state-name&Filter.2.Value.1=running&MaxResults=7"],
    );
    check("ec2_list_instances", json!({"ids": [one_id]}), "running", &[&by_id]);
    // The groups are those of the instance.
    let groups = "Action=DescribeSecurityGroups&GroupId.1=sg-0123456789abcdef0";
    let status =
        format!("Action=DescribeInstanceStatus&InstanceId.1={one_id}&IncludeAllInstances=true");
    let volumes = format!(
        "Action=DescribeVolumes&Filter.1.Name=attachment.instance-id&Filter.1.Value.1={one_id}"
    );
    let all = [by_id.as_str(), groups, &status, &volumes];
    check("ec2_describe_instance", this(), "running", &all);
    let start = format!("Action=StartInstances&InstanceId.1={one_id}");
    check("ec2_start_instance", this(), "stopped", &[&by_id, &start]);
    let stop = format!("Action=StopInstances&InstanceId.1={one_id}&Force=true");
    let forced = json!({"instance_id": one_id, "force": true});
    check("ec2_stop_instance", forced, "running", &[&by_id, &stop]);
    check("aws_get_account_info", json!({}), "running", &["who"]);
    check("aws_validate_credentials", json!({}), "running", &["who"]);
    for silent in ["aws_get_credentials", "aws_list_profiles", "aws_server_status"] {
        check(silent, json!({}), "running", &[]);
    }
    check("aws_set_environment", json!({"region": "eu-west-1"}), "running", &[]);
    let keys =
        json!({"access_key_id": "AKIAOTHEROTHEROTHERO", "secret_access_key": support::PLANTED[2]});
    check("aws_set_environment", keys, "running", &["who"]);
}

#[test]
fn transcripts() {
    let aws = fake(|request| match request.action().as_str() {
        "DescribeInstances" => match request.param("InstanceId.1") {
            Some(asked) if asked == id(1) => {
                page([instance(1, "stopped", &[("Name", "batch-1")])], None)
            }
            _ => {
                page([instance(2, "running", &[("Name", "bastion"), ("env", "production")])], None)
            }
        },
        "DescribeInstanceStatus" => Response::xml(
            200,
            format!(
                "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>{}</instanceId>\
                 <systemStatus><status>ok</status></systemStatus><instanceStatus><status>impaired</status>\
                 </instanceStatus></item></instanceStatusSet></DescribeInstanceStatusResponse>",
                id(2)
            ),
        ),
        "StartInstances" => Response::state_change("StartInstances", &id(1), "stopped", "pending"),
        "StopInstances" => Response::state_change("StopInstances", &id(2), "running", "stopping"),
        other => nothing(other),
    });
    let server = serve(&aws, Home::new(), full(), &[]);
    let example = |tool, arguments, use_of_it| support::Example { tool, arguments, use_of_it };
    let examples = [
        example(
            "ec2_list_instances",
            json!({"tags": {"env": "production"}}),
            "The model finds the instance that is meant, and its id for the other tools.",
        ),
        example(
            "ec2_describe_instance",
            json!({"instance_id": id(2)}),
            "The model says whether the fault is AWS's (system_status) or inside the instance (instance_status), \
             and which ports the security groups let in.",
        ),
        example(
            "ec2_start_instance",
            json!({"instance_id": id(1)}),
            "The model says what was changed, from which state; `wait` would have told when it runs.",
        ),
        example(
            "ec2_stop_instance",
            json!({"instance_id": id(2)}),
            "The same for stopping; an instance that is stopped already is `no_change`, and nothing is sent.",
        ),
    ];
    support::check_section(&server, "ec2", &examples);
}
