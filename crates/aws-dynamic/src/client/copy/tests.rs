#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use serde_json::json;

use super::super::tests::stub::{Stub, config, run};
use super::*;

type Pairs = BTreeMap<String, String>;

/// The pairs of a query or of a form; none twice.
fn pairs(text: &str) -> Pairs {
    let mut pairs = Pairs::new();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        assert!(pairs.insert(plain(name), plain(value)).is_none(), "{name}");
    }
    pairs
}

fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap().bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

/// The members of the one request of a call.
fn sent(service: &str, operation: &str, input: &Value) -> Result<Pairs, CallError> {
    let stub = Stub::answers(200, "<r/>");
    let client = Client::new(&config().http_client(stub.clone()).build());
    let answer = run(client.call(service, operation, input));
    let sent = stub.sent();
    assert!(sent.len() < 2);
    match sent.first() {
        Some(sent) => Ok(pairs(std::str::from_utf8(&sent.body).unwrap())),
        None => Err(answer.unwrap_err()),
    }
}

#[test]
fn copies_carry_the_url_that_botocore_makes() {
    // The signatures are those of botocore 1.44.5 for the same calls, with the same credentials and
    // at the same time; they cover the host and all of the query.
    let check = |service: &str, operation: &str, rest: Value, signature: &str| {
        let mut input = rest;
        input["SourceRegion"] = json!("us-east-1");
        let mut sent = sent(service, operation, &input).unwrap();
        let is_ec2 = service == "ec2";
        let url = sent.remove(if is_ec2 { "PresignedUrl" } else { "PreSignedUrl" }).unwrap();
        let kept = |name: &str| sent.get(name).map(String::as_str);
        assert_eq!(kept("SourceRegion"), is_ec2.then_some("us-east-1"));
        assert_eq!(kept("DestinationRegion"), is_ec2.then_some("eu-west-1"));
        let host = if is_ec2 { "ec2" } else { "rds" };
        let query = url.strip_prefix(&format!("https://{host}.us-east-1.amazonaws.com/?"));
        let mut query = pairs(query.unwrap_or_else(|| panic!("{url}")));
        assert_eq!(query.remove("X-Amz-Signature").as_deref(), Some(signature), "{operation}");
        assert_eq!(query.remove("DestinationRegion").as_deref(), Some("eu-west-1"));
        for (name, value) in [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &format!("AKIDEXAMPLE/20260102/us-east-1/{host}/aws4_request")),
            ("X-Amz-Date", "20260102T030405Z"),
            ("X-Amz-Expires", "3600"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Security-Token", "session"),
        ] {
            assert_eq!(query.remove(name).as_deref(), Some(value), "{name}");
        }
        sent.remove("DestinationRegion");
        assert_eq!(query, sent);
    };
    let arn = |of: &str| format!("arn:aws:rds:us-east-1:123456789012:{of}");
    check(
        "ec2",
        "CopySnapshot",
        json!({"SourceSnapshotId": "snap-1", "Description": "a b+c/é"}),
        "5bd72dbcd94b6008d5d5fe325f66cd1daf58a9dbbc47e1568a5b16a47576a1cb",
    );
    check(
        "rds",
        "CopyDBSnapshot",
        json!({"SourceDBSnapshotIdentifier": arn("snapshot:s"), "TargetDBSnapshotIdentifier": "t",
            "KmsKeyId": "k"}),
        "36abc407e64961ea781d8197723ca600956b233ae80dbcf5e8214dbaa6d8e1ec",
    );
    check(
        "rds",
        "CreateDBInstanceReadReplica",
        json!({"DBInstanceIdentifier": "d", "SourceDBInstanceIdentifier": "s"}),
        "121e5d6047d9e875b651add1fb7816646f41cc3c2af2f99c383100441c807032",
    );
    check(
        "rds",
        "StartDBInstanceAutomatedBackupsReplication",
        json!({"SourceDBInstanceArn": arn("db:d")}),
        "1c1b90a0012f7ca46b84d4daccf062872abe8900ca802b0a4c519f8f634809d5",
    );
    for service in ["rds", "docdb", "neptune"] {
        check(
            service,
            "CopyDBClusterSnapshot",
            json!({"SourceDBClusterSnapshotIdentifier": "s",
                "TargetDBClusterSnapshotIdentifier": "t"}),
            "d2313d7a26a00c698f989079a5388ece041d5e498e7f2c1155475aca6cc67d93",
        );
    }
    for (service, engine, signature) in [
        ("rds", "mysql", "1e88d958b953a8e1dc2516ac0ceb16da5c516b283006316dfa7744d8cf0eb7d4"),
        ("docdb", "docdb", "8264155c41366d0e5bb6e6b9f99a2c564695804b7cdf3e3dfc0c69aa846363db"),
        ("neptune", "neptune", "e3e73c69cd6a4d2aed4d709ea8766bbad1a9e3f2c75c418fe466ea1978b26dfc"),
    ] {
        let input = json!({"DBClusterIdentifier": "c", "Engine": engine});
        check(service, "CreateDBCluster", input, signature);
    }
}

#[test]
fn what_the_caller_gives_stays() {
    let url = "https://rds.us-east-1.amazonaws.com/?x";
    let cluster = json!({"DBClusterIdentifier": "c", "Engine": "mysql",
        "SourceRegion": "us-east-1", "PreSignedUrl": url});
    let cluster = sent("rds", "CreateDBCluster", &cluster).unwrap();
    assert_eq!(cluster.get("PreSignedUrl").map(String::as_str), Some(url));
    assert_eq!(cluster.get("SourceRegion"), None);
    let copy = json!({"SourceRegion": "us-east-1", "SourceSnapshotId": "s", "PresignedUrl": url});
    let copy = sent("ec2", "CopySnapshot", &copy).unwrap();
    assert_eq!(copy.get("PresignedUrl").map(String::as_str), Some(url));
    assert_eq!(copy.get("SourceRegion").map(String::as_str), Some("us-east-1"));
    assert_eq!(copy.get("DestinationRegion"), None);
    // A copy within the region needs none.
    let cluster = json!({"DBClusterIdentifier": "c", "Engine": "mysql"});
    let cluster = sent("rds", "CreateDBCluster", &cluster).unwrap();
    assert_eq!(cluster.get("PreSignedUrl"), None);
}

#[test]
fn a_source_is_a_region_and_no_host() {
    for region in [
        "",
        "evil.example/",
        "us-east-1.evil.example",
        "evil.example#us-east-1",
        "us-east-1/",
        "us-east-1@evil.example",
        "us-east-1\n",
        "nowhere",
        "US-EAST-1",
        "cn-north-1",
        "us-gov-west-1",
    ] {
        for (service, operation) in [("ec2", "CopySnapshot"), ("rds", "CreateDBCluster")] {
            let input = match service {
                "ec2" => json!({"SourceRegion": region, "SourceSnapshotId": "s"}),
                _ => json!({"SourceRegion": region, "DBClusterIdentifier": "c", "Engine": "e"}),
            };
            let error = sent(service, operation, &input).unwrap_err();
            let expected = match region {
                "" => "the region is empty".to_owned(),
                other => format!("{other:?} is not a region"),
            };
            assert_eq!(error.to_string(), expected);
        }
    }
}

#[test]
fn a_copy_without_credentials_says_so() {
    let mut config = config().http_client(Stub::answers(200, ""));
    config.set_credentials_provider(None);
    let input = json!({"SourceRegion": "us-east-1", "SourceSnapshotId": "s"});
    let called = run(Client::new(&config.build()).call("ec2", "CopySnapshot", &input));
    assert!(matches!(called, Err(CallError::NoCredentials)));
}
