//! Newer models: what is new in them is there, and whatever a stranger writes into them makes nothing
//! that is known weaker. The models here are small and made for this.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod smithy_models;

use std::io::Write;
use std::path::Path;

use aws_dynamic::catalog::newer::{
    About, Differences, Newer, NewerError, Source, build, differences,
};
use aws_dynamic::catalog::{Effect, Index, Models, Retry};
use aws_dynamic::endpoint::Rules;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use smithy_models::{Folder, Model, archive, gzipped, tar_of, unusual};

const ABOUT: About<'_> = About { source: "test", reference: Some("1234"), date: "2026-11-21" };

fn built(models: &[Model]) -> Newer {
    build(Source::Archive(Box::new(std::io::Cursor::new(archive(models)))), &ABOUT).unwrap()
}

fn failed(archive: Vec<u8>) -> String {
    match build(Source::Archive(Box::new(std::io::Cursor::new(archive))), &ABOUT) {
        Err(NewerError::Source(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn found(newer: &Newer) -> Differences {
    differences(Index::embedded().unwrap(), newer)
}

fn effect(newer: &Newer, operation: &str) -> Effect {
    newer.index().operation(operation).expect(operation).1.effect()
}

/// A model with this in it is left out, for a reason with these words.
fn left_out(model: Model, service: &str, expected: &str) -> Newer {
    let newer = built(&[model, Model::new("Fine Thing").operation("ListThings", json!({}))]);
    let found = found(&newer);
    let all = found.left_out.iter().chain(&found.unusable);
    let why: Vec<String> =
        all.filter(|one| one.service == service).map(|one| one.why.clone()).collect();
    assert!(why.len() == 1 && why[0].contains(expected), "{service}: {why:?} not {expected}");
    newer
}

#[test]
fn a_new_service_is_there_with_all_that_belongs_to_it() {
    let newer = built(&[Model::new("Moon Base")
        .operation("ListRooms", json!({"smithy.api#readonly": {}}))
        .operation("StartRoom", json!({"smithy.api#idempotent": {}}))
        .operation("AddRoom", json!({}))]);
    let found = found(&newer);
    assert_eq!(found.new_services, ["moon-base"]);
    assert_eq!(found.new_operations.len(), 3);
    assert!(found.changed_effects.is_empty() && found.left_out.is_empty(), "{found}");
    let (service, list) = newer.index().operation("Moon Base:list-rooms").unwrap();
    assert_eq!((list.effect(), list.retry(), list.changes()), (Effect::Read, Retry::Read, false));
    assert_eq!(list.sensitive().collect::<Vec<_>>(), ["secretName"]);
    assert_eq!(service.operation("StartRoom").unwrap().retry(), Retry::Idempotent);
    let add = service.operation("AddRoom").unwrap();
    assert_eq!((add.effect(), add.retry(), add.changes()), (Effect::Write, Retry::Token, true));
    let model = newer.models().service("moon-base").unwrap().unwrap();
    let input = model.operation("ListRooms").unwrap().input().unwrap();
    assert_eq!(input.members().map(|m| m.name()).collect::<Vec<_>>(), ["name", "token"]);
    let rules = newer.rules().unwrap();
    assert!(rules.of("moon-base").unwrap().is_some());
    let texts = newer.documentation().unwrap();
    assert_eq!(texts.operation("moon-base", "ListRooms"), Some("Does ListRooms. And so on."));
    assert_eq!(texts.title("moon-base", "ListRooms"), Some("Does ListRooms."));
    assert_eq!(texts.member("moon-base", "In", "name"), Some("A name."));
    assert_eq!(texts.service("moon-base"), Some("A service of the test."));
    assert_eq!(texts.operation("sts", "GetCallerIdentity"), None);
    // What is embedded is all there.
    assert_eq!(newer.index().services().len(), Index::embedded().unwrap().services().len() + 1);
    assert!(newer.models().service("ec2").unwrap().unwrap().operation("RunInstances").is_some());
    let report = found.to_string();
    assert!(report.contains("new services (1):\n  moon-base\n"), "{report}");
    assert!(report.contains("  moon-base:ListRooms (read)\n"), "{report}");
    let provenance = newer.provenance();
    assert!(
        provenance.contains("Apache-2.0") && provenance.contains("test at 1234"),
        "{provenance}"
    );
}

#[test]
fn misleading_traits_of_new_operations_make_nothing_harmless() {
    let readonly = json!({"smithy.api#readonly": {}});
    let get = |uri: &str| {
        json!({"smithy.api#readonly": {},
               "smithy.api#http": {"method": "GET", "uri": uri, "code": 200}})
    };
    let newer = built(&[
        Model::new("Moon Base")
            .operation("DeleteRoom", readonly.clone())
            .operation("StartRoom", readonly.clone())
            .operation("FrobnicateRoom", readonly.clone())
            .operation("ListRooms", json!({}))
            .operation("GetRoomCredentials", readonly.clone()),
        Model::rest("Moon Rest")
            .operation("TerminateRoom", get("/rooms"))
            .operation("ListRooms", get("/list")),
        // Signs as a service that is known.
        Model::new("Moon Lambda").signing_name("lambda").operation("ListRooms", readonly),
    ]);
    for (operation, expected) in [
        ("moon-base:DeleteRoom", Effect::Destructive),
        ("moon-base:StartRoom", Effect::Unknown),
        ("moon-base:FrobnicateRoom", Effect::Unknown),
        ("moon-base:ListRooms", Effect::Write),
        ("moon-base:GetRoomCredentials", Effect::Secret),
        ("moon-rest:TerminateRoom", Effect::Destructive),
        ("moon-rest:ListRooms", Effect::Read),
        ("moon-lambda:ListRooms", Effect::Unknown),
    ] {
        assert_eq!(effect(&newer, operation), expected, "{operation}");
    }
    let notes = found(&newer).notes.join("\n");
    assert!(notes.contains("moon-lambda: it is new and signs as lambda"), "{notes}");
}

#[test]
fn nothing_that_is_known_gets_weaker() {
    let readonly = json!({"smithy.api#readonly": {}, "smithy.api#idempotent": {}});
    let http = |method: &str, uri: &str| {
        json!({"smithy.api#readonly": {},
               "smithy.api#http": {"method": method, "uri": uri, "code": 200}})
    };
    let newer = built(&[
        Model::new("DynamoDB")
            .signing_name("dynamodb")
            .named("DynamoDB_20120810")
            .operation("DeleteTable", readonly.clone())
            .operation("ListTables", json!({}))
            .operation("ListLeftovers", json!({"smithy.api#readonly": {}})),
        Model::rest("Lambda")
            .signing_name("lambda")
            .operation("ListFunctions", http("DELETE", "/2015-03-31/functions/{name}"))
            .operation("ListAnything", http("POST", "/2015-03-31/functions/{name}/invocations"))
            .operation("ListNothing", http("GET", "/2026-01-01/nothing")),
    ]);
    let embedded = Index::embedded().unwrap();
    let (_, deleted) = newer.index().operation("dynamodb:DeleteTable").unwrap();
    let (_, before) = embedded.operation("dynamodb:DeleteTable").unwrap();
    assert_eq!((deleted.effect(), deleted.retry()), (before.effect(), before.retry()));
    assert_eq!(deleted.actions().collect::<Vec<_>>(), before.actions().collect::<Vec<_>>());
    assert_eq!(effect(&newer, "dynamodb:ListLeftovers"), Effect::Read);
    // A new name for the request of a known operation has its effect.
    let invoke = embedded.operation("lambda:Invoke").unwrap().1;
    assert!(invoke.effect() > Effect::Read);
    assert!(effect(&newer, "lambda:ListAnything") >= invoke.effect());
    assert_eq!(effect(&newer, "lambda:ListNothing"), Effect::Read);
    // Another request under a known name: its effect gets stricter, and the request stays.
    assert_eq!(effect(&newer, "lambda:ListFunctions"), Effect::Destructive);
    let model = newer.models().service("lambda").unwrap().unwrap();
    let list = model.operation("ListFunctions").unwrap();
    assert_eq!((list.http_method(), list.http_uri()), ("GET", "/2015-03-31/functions"));
    let found = found(&newer);
    assert_eq!(found.changed_effects.len(), 1, "{found}");
    assert_eq!(
        found.changed_effects[0].to_string(),
        "lambda:ListFunctions from read to destructive"
    );
    assert!(found.notes.join("\n").contains("lambda:ListFunctions: its request is another one"));
    // What only the embedded model has is there still, member by member.
    let old = Models::embedded().unwrap().service("dynamodb").unwrap().unwrap();
    let new = newer.models().service("dynamodb").unwrap().unwrap();
    assert_eq!(new.operations().len(), old.operations().len() + 1);
    let members = |service: &aws_dynamic::model::Service| {
        let input = service.operation("DeleteTable").unwrap().input().unwrap();
        input.members().map(|member| member.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(members(new), [members(old), vec!["name".to_owned(), "token".to_owned()]].concat());
    for service in embedded.services() {
        for known in service.operations() {
            let merged = newer.index().service(service.name()).unwrap().operation(known.name());
            assert!(merged.unwrap().effect() >= known.effect(), "{}", known.name());
            assert!(merged.unwrap().weakest() >= known.weakest(), "{}", known.name());
        }
    }
}

#[test]
fn a_known_service_signs_and_speaks_as_it_did() {
    let lambda = |model: Model| model.operation("ListMore", json!({"smithy.api#readonly": {}}));
    let newer = left_out(
        lambda(Model::rest("Lambda").signing_name("iam")),
        "lambda",
        "its name in signatures would change from \"lambda\" to \"iam\"",
    );
    let model = newer.models().service("lambda").unwrap().unwrap();
    assert_eq!(model.signing_name(), "lambda");
    assert!(model.operation("ListMore").is_none());
    left_out(
        lambda(Model::new("Lambda").signing_name("lambda")),
        "lambda",
        "its protocol would change from \"rest-json\" to \"json\"",
    );
    left_out(
        lambda(Model::new("DynamoDB").signing_name("dynamodb").named("Other")),
        "dynamodb",
        "its name in requests would change",
    );
    // A new service takes no known name.
    left_out(lambda(Model::new("S3API")), "s3api", "its name is that of another service");
}

#[test]
fn new_members_decide_neither_what_a_request_is_nor_where_it_goes() {
    // A second Action in the body of a read.
    let iam = |member: &str| {
        Model::query("IAM")
            .signing_name("iam")
            .named("AWSIdentityManagementV20100508")
            .version("2010-05-08")
            .member(member, json!({}))
            .operation("ListUsers", json!({}))
    };
    left_out(iam("Action"), "iam", "ListUsers: its input's Action decides what a request is");
    let newer = built(&[iam("More")]);
    assert_eq!(effect(&newer, "iam:ListUsers"), Effect::Read);
    let model = newer.models().service("iam").unwrap().unwrap();
    assert!(model.operation("ListUsers").unwrap().input().unwrap().member("More").is_some());
    // Headers that say what a request is.
    let http = |method: &str, uri: &str| json!({"smithy.api#http": {"method": method, "uri": uri, "code": 200}});
    let lambda = |traits: Value| {
        Model::rest("Lambda")
            .signing_name("lambda")
            .member("More", traits)
            .operation("ListFunctions", http("GET", "/2015-03-31/functions"))
    };
    for header in ["Host", "X-Amz-Target", "authorization"] {
        let traits = json!({"smithy.api#httpHeader": header});
        left_out(lambda(traits), "lambda", "decides what a request is");
    }
    // A query that leads to another operation's request: S3 tells them apart by nothing else.
    let s3 = |query: &str| {
        Model::xml("S3")
            .signing_name("s3")
            .member("More", json!({"smithy.api#httpQuery": query}))
            .operation("CreateBucket", http("PUT", "/{name}"))
    };
    let policy = Index::embedded().unwrap().operation("s3:PutBucketPolicy").unwrap().1.effect();
    assert!(policy > Index::embedded().unwrap().operation("s3:CreateBucket").unwrap().1.weakest());
    let rename = |model: Model| model.label("Bucket");
    let newer = built(&[rename(s3("policy"))]);
    assert!(newer.index().operation("s3:CreateBucket").unwrap().1.weakest() >= policy);
    let newer = built(&[rename(s3("anything"))]);
    let is = newer.index().operation("s3:CreateBucket").unwrap().1.weakest();
    assert_eq!(is, Index::embedded().unwrap().operation("s3:CreateBucket").unwrap().1.weakest());
    // The user's own endpoint is nobody else's to say.
    for (name, traits) in [
        ("Region", json!({"smithy.rules#staticContextParams": {"Region": {"value": "x"}}})),
        (
            "Endpoint",
            json!({"smithy.rules#staticContextParams": {"Endpoint": {"value": "https://evil.example"}}}),
        ),
        (
            "Endpoint",
            json!({"smithy.rules#operationContextParams": {"Endpoint": {"path": "name"}}}),
        ),
    ] {
        let expected = format!("it sets {name} of its endpoint rules");
        let known = Model::new("DynamoDB").signing_name("dynamodb").named("DynamoDB_20120810");
        left_out(known.operation("ListMore", traits.clone()), "dynamodb", &expected);
        left_out(Model::new("Moon").operation("ListMore", traits), "moon", &expected);
    }
    let member = json!({"smithy.rules#contextParam": {"name": "Endpoint"}});
    let new = Model::new("Moon").member("More", member).operation("ListMore", json!({}));
    left_out(new, "moon", "it sets Endpoint of its endpoint rules");
}

#[test]
fn what_repeats_calls_is_for_reads_alone() {
    let waiter = json!({"smithy.waiters#waitable": {"Done": {"acceptors": [
        {"state": "success", "matcher": {"success": true}}]}}});
    let mut readonly = waiter.clone();
    readonly["smithy.api#readonly"] = json!({});
    let newer = built(&[
        Model::new("Moon").operation("DeleteRoom", waiter),
        Model::new("Mars").operation("ListRooms", readonly),
    ]);
    let waiters = |name: &str| newer.models().service(name).unwrap().unwrap().waiters().len();
    assert_eq!((waiters("moon"), waiters("mars")), (0, 1));
}

#[test]
fn rules_that_lead_elsewhere_make_a_service_unusable() {
    for (url, expected) in [
        ("https://evil.example", "evil.example"),
        ("https://moon.{Region}.amazonaws.com.evil.example", "no host of AWS"),
        ("https://{Name}", "no host of AWS"),
        ("https://moon.{P#dnsSuffix}{Name}", "no host of AWS"),
        ("https://moon.amazonaws.com.cn", "outside of "),
    ] {
        let new = Model::new("Moon Base").url(url).operation("ListRooms", json!({}));
        let newer = left_out(new, "moon-base", expected);
        assert!(newer.index().service("moon-base").is_none(), "{url}");
        assert_eq!(found(&newer).unusable.len(), 1, "{url}");
        // Of a known service the embedded model and rules stay.
        let known = Model::rest("Lambda").signing_name("lambda").url(url);
        let newer = left_out(known.operation("ListRooms", json!({})), "lambda", expected);
        let rules = newer.rules().unwrap();
        let embedded = Rules::embedded().unwrap().of("lambda").unwrap();
        assert_eq!(rules.of("lambda").unwrap(), embedded, "{url}");
        assert!(newer.index().operation("lambda:ListRooms").is_none());
    }
    let iam = json!({"authSchemes": [{"name": "sigv4", "signingName": "iam"}]});
    let new = Model::new("Moon Base").properties(iam).operation("ListRooms", json!({}));
    left_out(new, "moon-base", "sign for \"iam\"");
    let new = Model::new("Moon Base").without_rules().operation("ListRooms", json!({}));
    left_out(new, "moon-base", "has no endpoint rules");
}

#[test]
fn a_broken_model_is_named_and_left_out() {
    let model = |content: Vec<u8>| Model::raw("moon", content);
    left_out(model(b"{".to_vec()), "moon", "no JSON");
    left_out(model(b"{\"smithy\": \"2.0\", \"shapes\": {}}".to_vec()), "moon", "no service");
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    left_out(model(deep), "moon", "recursion limit");
    left_out(model(vec![b' '; (32 << 20) + 1]), "moon", "larger than 32 MB");
    let uri = json!({"smithy.api#http": {"method": "GET", "uri": "@evil.example/", "code": 200}});
    let new = Model::rest("Moon").operation("ListRooms", uri);
    left_out(new, "moon", "ListRooms: its path is none");
    let prefix = json!({"smithy.api#endpoint": {"hostPrefix": "evil.example/"}});
    left_out(Model::new("Moon").operation("ListRooms", prefix), "moon", "host prefix is none");
    // The known service of a broken model stays.
    let newer = left_out(Model::raw("lambda", b"{".to_vec()), "lambda", "no JSON");
    assert!(newer.models().service("lambda").unwrap().is_ok());
    // Names that would move a cursor are told without that.
    let newer = left_out(Model::raw("moon", b"{\"a\\u001b[2J\": 1}".to_vec()), "moon", "");
    assert!(!found(&newer).to_string().contains('\u{1b}'));
}

#[test]
fn an_archive_is_read_whole_or_not_at_all() {
    let whole = archive(&[Model::new("Moon Base").operation("ListRooms", json!({}))]);
    for length in [0, 1, 10, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let why = failed(whole[..length].to_vec());
        assert!(why.contains("cannot be read") || why.contains("there are none"), "{why}");
    }
    let mut damaged = whole.clone();
    let place = whole.len() - 6;
    damaged[place] ^= 1;
    assert!(failed(damaged).contains("cannot be read"));
    assert!(failed(gzipped(b"no tarball")).contains("cannot be read"));
    assert!(failed(archive(&[])).contains("there are none"));
    let nothing = archive(&[Model::raw("moon", b"{".to_vec())]);
    assert!(failed(nothing).contains("none of them can be used; moon: "));
}

#[test]
fn paths_and_links_of_an_archive_lead_nowhere() {
    let good = Model::new("Moon Base").operation("ListRooms", json!({}));
    let content = good.json();
    let newer =
        build(Source::Archive(Box::new(std::io::Cursor::new(unusual(&good, &content)))), &ABOUT)
            .unwrap();
    assert_eq!(found(&newer).new_services, ["moon-base"]);
    let notes = found(&newer).notes.join("\n");
    assert!(notes.contains("../../models/evil/service/1/evil.json: a path that leads"), "{notes}");
    assert!(notes.contains("models/link/service/1/link-1.json: a link"), "{notes}");
    // The commit that GitHub's tarballs carry is kept where none was asked for.
    let about = About { reference: None, ..ABOUT };
    let stream = Box::new(std::io::Cursor::new(unusual(&good, &content)));
    let newer = build(Source::Archive(stream), &about).unwrap();
    assert_eq!(newer.manifest().reference.as_deref(), Some(&*"0a".repeat(20)));
    // Both kinds of models in one archive are neither.
    let both = tar_of(&[
        ("a/models/x/service/1/x-1.json", &content),
        ("a/botocore/data/x/1/service-2.json", b"{}"),
    ]);
    assert!(failed(gzipped(&both)).contains("name one of them"));
}

#[test]
fn a_folder_says_the_same_as_an_archive() {
    let folder = Folder::new("source");
    let model = Model::new("Moon Base").operation("ListRooms", json!({"smithy.api#readonly": {}}));
    let path = folder.0.join("models/moon-base/service/2026-01-01");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("moon-base-2026-01-01.json"), model.json()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/", folder.0.join("models/linked")).unwrap();
    for path in [folder.0.clone(), folder.0.join("models")] {
        let newer = build(Source::at(&path).unwrap(), &ABOUT).unwrap();
        assert_eq!(effect(&newer, "moon-base:ListRooms"), Effect::Read);
        #[cfg(unix)]
        assert!(found(&newer).notes.join("\n").contains("linked: a link, which is not followed"));
    }
    assert!(Source::at(&folder.0.join("nothing")).is_err());
}

#[test]
fn what_is_written_is_opened_again() {
    let folder = Folder::new("written");
    let path = folder.0.join("models");
    assert_eq!(Newer::open(&path).unwrap_err(), NewerError::Absent { folder: path.clone() });
    let first = built(&[Model::new("Moon Base").operation("ListRooms", json!({}))]);
    first.write(&path).unwrap();
    let opened = Newer::open(&path).unwrap();
    assert!(differences(first.index(), &opened).is_empty());
    assert_eq!(opened.manifest().date, "2026-11-21");
    assert_eq!(opened.manifest().services, opened.index().services().len());
    let count =
        |index: &Index| index.services().iter().map(|s| s.operations().len()).sum::<usize>();
    assert_eq!(opened.manifest().operations, count(opened.index()));
    assert!(opened.documentation().unwrap().operation("moon-base", "ListRooms").is_some());
    assert!(opened.models().service("moon-base").unwrap().is_ok());
    assert!(opened.rules().unwrap().of("moon-base").unwrap().is_some());
    // The same again, then others: the new ones count, and nothing is left of the old.
    first.write(&path).unwrap();
    Newer::open(&path).unwrap();
    let second = built(&[Model::new("Mars Base").operation("ListRooms", json!({}))]);
    second.write(&path).unwrap();
    let opened = Newer::open(&path).unwrap();
    assert!(opened.index().service("mars-base").is_some());
    assert!(opened.index().service("moon-base").is_none());
    assert_eq!(differences(first.index(), &opened).gone, ["moon-base"]);
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 2);
    // A writer that was killed leaves what nobody reads.
    std::fs::create_dir(path.join(".new-1")).unwrap();
    std::fs::write(path.join("manifest.json.1"), "{").unwrap();
    Newer::open(&path).unwrap();
}

/// The folder of the files in a folder of models.
fn files(path: &Path) -> std::path::PathBuf {
    let mut entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.is_dir()).unwrap()
}

fn refused(path: &Path, expected: &str) {
    let error = Newer::open(path).expect_err(expected).to_string();
    assert!(error.contains(expected), "{error} not {expected}");
}

#[test]
fn a_damaged_folder_is_refused() {
    let folder = Folder::new("damaged");
    let newer = built(&[Model::new("Moon Base").operation("DeleteRoom", json!({}))]);
    let fresh = |name: &str| {
        let path = folder.0.join(name);
        newer.write(&path).unwrap();
        path
    };
    for file in ["index.bin", "models.bin", "endpoints.bin"] {
        let path = fresh(file);
        let damaged = files(&path).join(file);
        let mut content = std::fs::read(&damaged).unwrap();
        let middle = content.len() / 2;
        content[middle] ^= 1;
        std::fs::write(&damaged, &content).unwrap();
        refused(&path, "its sum is not that of the manifest");
        std::fs::remove_file(&damaged).unwrap();
        refused(&path, "build or sync the models again");
        // Writing the same again mends it.
        newer.write(&path).unwrap();
        Newer::open(&path).unwrap();
    }
    let path = fresh("texts");
    std::fs::write(files(&path).join("texts.bin"), "x").unwrap();
    let opened = Newer::open(&path).unwrap();
    assert!(opened.documentation().unwrap_err().to_string().contains("sum is not that"));
    let path = fresh("manifest");
    let change = |key: &str, value: Value| {
        let file = path.join("manifest.json");
        let mut json: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let before = std::mem::replace(&mut json[key], value);
        std::fs::write(&file, json.to_string()).unwrap();
        before
    };
    for (key, value) in [("format", json!(2)), ("base", json!("0")), ("program", json!("0.0.0"))] {
        let before = change(key, value);
        refused(&path, "another version");
        assert!(matches!(Newer::open(&path), Err(NewerError::Outdated { .. })));
        change(key, before);
    }
    Newer::open(&path).unwrap();
    change("more", json!(1));
    refused(&path, "unknown field");
    for wrong in ["", "{", "[]", "null"] {
        std::fs::write(path.join("manifest.json"), wrong).unwrap();
        assert!(Newer::open(&path).is_err(), "{wrong}");
    }
}

#[test]
fn a_weaker_catalog_with_the_right_sums_is_refused() {
    use aws_dynamic::catalog::Packing;
    use aws_dynamic::catalog::write::{NewOperation, NewService, encode};
    use sha2::{Digest, Sha256};

    let folder = Folder::new("weaker");
    let newer = built(&[Model::new("Moon Base").operation("DeleteRoom", json!({}))]);
    let hex = |bytes: &[u8]| {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    // Conditions are not to be had from outside, so what has any is weaker in that already; the
    // first test is that of a catalog which lacks them alone.
    for (name, weakened) in [("conditions", ""), ("effect", "dynamodb:DeleteTable")] {
        let path = folder.0.join(name);
        newer.write(&path).unwrap();
        let services = newer.index().services().iter().map(|service| NewService {
            name: service.name().to_owned(),
            aliases: service.aliases().map(str::to_owned).collect(),
            global: service.is_global(),
            operations: service
                .operations()
                .iter()
                .map(|operation| {
                    let is = format!("{}:{}", service.name(), operation.name()) == weakened;
                    NewOperation {
                        name: operation.name().to_owned(),
                        actions: operation.actions().map(str::to_owned).collect(),
                        sensitive: operation.sensitive().map(str::to_owned).collect(),
                        effect: if is { Effect::Read } else { operation.effect() },
                        conditions: Vec::new(),
                        changes: operation.changes(),
                        retry: operation.retry(),
                    }
                })
                .collect(),
        });
        let index = encode("", services.collect(), Packing::Fast).unwrap();
        let old = files(&path);
        std::fs::write(old.join("index.bin"), &index).unwrap();
        let file = path.join("manifest.json");
        let mut json: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        json["files"][0]["bytes"] = json!(index.len());
        json["files"][0]["sha256"] = json!(hex(&index));
        let lines: String = json["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| {
                let text = |key: &str| f[key].as_str().unwrap().to_owned();
                format!("{} {} {}\n", text("name"), f["bytes"], text("sha256"))
            })
            .collect();
        std::fs::write(&file, json.to_string()).unwrap();
        std::fs::rename(old, path.join(&hex(lines.as_bytes())[..16])).unwrap();
        refused(&path, "is weaker than it was");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_write_is_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new("modes");
    let path = folder.0.join("models");
    built(&[Model::new("Moon Base").operation("ListRooms", json!({}))]).write(&path).unwrap();
    let mode = |path: &Path, mode: u32| {
        let before = std::fs::metadata(path).unwrap().permissions();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        before
    };
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let inner = files(&path);
    let all = [
        path.clone(),
        inner.clone(),
        path.join("manifest.json"),
        inner.join("index.bin"),
        inner.join("models.bin"),
        inner.join("endpoints.bin"),
    ];
    for one in &all {
        for bits in [0o020, 0o002] {
            let before = mode(one, 0o700 | bits);
            refused(&path, "can be written by others");
            std::fs::set_permissions(one, before).unwrap();
        }
    }
    Newer::open(&path).unwrap();
    // Above it too, unless nobody can take away there what is another's.
    let before = mode(&folder.0, 0o777);
    refused(&path, "who could put other models there");
    mode(&folder.0, 0o1777);
    Newer::open(&path).unwrap();
    std::fs::set_permissions(&folder.0, before).unwrap();
    let linked = folder.0.join("linked");
    symlink(&path, &linked).unwrap();
    refused(&linked, "is a link");
    let index = inner.join("index.bin");
    let moved = folder.0.join("index.bin");
    std::fs::rename(&index, &moved).unwrap();
    symlink(&moved, &index).unwrap();
    refused(&path, "is a link");
    // Nothing is written into a folder that others may write either.
    mode(&path, 0o777);
    let error = built(&[Model::new("Moon Base").operation("ListRooms", json!({}))]).write(&path);
    assert!(matches!(error, Err(NewerError::Refused { .. })), "{error:?}");
}

#[test]
fn an_archive_of_many_members_is_bounded() {
    // Some megabytes of nothing that anybody asked for are passed over.
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let content = Model::new("Moon Base").operation("ListRooms", json!({})).json();
    for (path, content) in [
        ("a/README.md", vec![b'x'; 40 << 20]),
        ("a/models/moon-base/service/2026-01-01/moon-base-2026-01-01.json", content),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_slice()).unwrap();
    }
    let mut stream = tar.into_inner().unwrap();
    stream.flush().unwrap();
    let archive = stream.finish().unwrap();
    let newer = build(Source::Archive(Box::new(std::io::Cursor::new(archive))), &ABOUT).unwrap();
    assert_eq!(found(&newer).new_services, ["moon-base"]);
}
