//! `aws-mcp models`, and what the program does with newer models: against tarballs served on this machine.
//! The models in them are small and made for this.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

#[path = "../crates/aws-dynamic/tests/smithy_models/mod.rs"]
mod smithy_models;
mod support;

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use smithy_models::{Model, archive, gzipped, tar_of, unusual};
use support::{FakeAws, Home, PLANTED, PLANTED_KEY, Response, Server};

/// The commit that `unusual` archives are of.
const COMMIT: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
const OTHER_COMMIT: &str = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";
/// What `policy explain` says of an operation that is not known.
const NO_SUCH: &str = "effect: unknown (there is no such operation";
const FOLDER: &str = ".local/share/aws-mcp/models";

fn moon_base() -> Model {
    let readonly = json!({"smithy.api#readonly": {}});
    Model::new("Moon Base")
        .operation("ListRooms", readonly.clone())
        .operation("DeleteRoom", readonly)
        .operation("AddRoom", json!({}))
}

/// A repository on this machine, whose tarball can be another one later.
struct Repository {
    web: FakeAws,
    tarball: Arc<Mutex<Response>>,
}

impl Repository {
    fn of(tarball: Vec<u8>) -> Self {
        let tarball = Arc::new(Mutex::new(found(tarball)));
        let answer = tarball.clone();
        Self { web: FakeAws::start(move |_| answer.lock().unwrap().clone()), tarball }
    }

    fn answers(&self, response: Response) {
        *self.tarball.lock().unwrap() = response;
    }

    fn url(&self) -> String {
        format!("{}/aws/api-models-aws", self.web.url())
    }

    fn paths(&self) -> Vec<String> {
        self.web.requests().into_iter().map(|request| request.path).collect()
    }
}

fn found(tarball: Vec<u8>) -> Response {
    Response { body: tarball, ..Response::xml(200, "") }
}

fn redirect(to: &str) -> Response {
    let mut response = Response::xml(302, "");
    response.headers.push(("Location".to_owned(), to.to_owned()));
    response
}

fn home() -> Home {
    let home = Home::new();
    fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
    home
}

/// What a command printed.
struct Told {
    code: i32,
    out: String,
    err: String,
}

fn run(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Told {
    let output = Command::new(env!("CARGO_BIN_EXE_aws-mcp"))
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", PLANTED_KEY)
        .envs(env.iter().copied())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!PLANTED.iter().any(|secret| out.contains(secret) || err.contains(secret)));
    Told { code: output.status.code().unwrap(), out, err }
}

fn sync(home: &Home, repository: &Repository) -> Told {
    run(home, &["models", "sync"], &[("SMITHY_SYNC_URL", &repository.url())])
}

fn status(home: &Home) -> Told {
    run(home, &["models", "status"], &[])
}

impl Told {
    /// The exit code, each of these words on stdout or stderr, nothing on the other one.
    fn says(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        let text = format!("{}{}", self.out, self.err);
        for word in words {
            assert!(text.contains(word), "no {word:?} in\n{text}");
        }
        self
    }
}

fn explain(home: &Home, operation: &str) -> Told {
    run(home, &["policy", "explain", operation], &[])
}

/// What `aws_server_status` of a server says of the catalog.
fn catalog(server: &Server) -> Value {
    server.initialize();
    server.call_ok("aws_server_status", json!({}))["catalog"].clone()
}

#[test]
fn sync_brings_a_new_service_and_the_program_knows_it_from_then_on() {
    let home = home();
    status(&home)
        .says(0, &["the models of this program are used: 439 services, 19796", "pinned: no"]);
    assert!(!home.path().join(FOLDER).exists());
    explain(&home, "moon-base:ListRooms").says(0, &[NO_SUCH]);

    let readonly = json!({"smithy.api#readonly": {}, "smithy.api#idempotent": {}});
    let repository = Repository::of(archive(&[
        moon_base(),
        Model::new("Evil").url("https://evil.example").operation("ListRooms", json!({})),
        Model::raw("broken", b"{".to_vec()),
        // A known operation that says of itself that it does nothing.
        Model::new("DynamoDB")
            .signing_name("dynamodb")
            .named("DynamoDB_20120810")
            .operation("DeleteTable", readonly),
    ]));
    sync(&home, &repository).says(
        0,
        &[
            "new services (1):\n  moon-base\n",
            "  moon-base:ListRooms (read)\n",
            "  moon-base:DeleteRoom (destructive)\n",
            "  moon-base:AddRoom (write)\n",
            "unusable (1):\n  evil: ",
            "left out; what was known of them stays (1):\n  broken: ",
            "440 services, 19799 operations",
            "used from the next start",
        ],
    );
    assert_eq!(repository.paths(), ["/aws/api-models-aws/archive/HEAD.tar.gz"]);
    for request in repository.web.requests() {
        let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert!(!names.contains(&"authorization") && !names.contains(&"cookie"), "{names:?}");
    }
    status(&home).says(0, &["newer models are used", &repository.url(), "unusable: evil: "]);

    // Everything that names operations has them.
    explain(&home, "moon-base:ListRooms").says(0, &["effect: read"]);
    explain(&home, "moon-base:DeleteRoom").says(0, &["effect: destructive"]);
    explain(&home, "dynamodb:DeleteTable").says(0, &["effect: destructive"]);
    let evil = "effect: unknown (the newer models of evil cannot be used: ";
    explain(&home, "evil:ListRooms").says(0, &[evil, "evil.example"]);
    let rules = ".config/aws-mcp/policy.yaml";
    let home = home.with(rules, "rules: {deny: ['moon-base:.*']}\n");
    for (name, mode) in [(".config/aws-mcp", 0o700), (rules, 0o600)] {
        fs::set_permissions(home.path().join(name), Permissions::from_mode(mode)).unwrap();
    }
    run(&home, &["policy", "check"], &[]).says(0, &["\"moon-base:.*\": 3 operations"]);
    let server = Server::start_in(&home, &[], &[]);
    let known = catalog(&server);
    assert_eq!((&known["models"], &known["services"]), (&json!("newer"), &json!(440)));
    assert_eq!(known["operations"], 19_799);

    // Nothing is new the second time; and no command but sync ever asked.
    sync(&home, &repository).says(0, &["no new services or operations, no other effects"]);
    assert_eq!(repository.paths().len(), 2);
}

#[test]
fn what_was_synced_is_found_described_checked_and_called() {
    let home = home();
    let moon = moon_base().operation("LaunchRover", json!({}));
    sync(&home, &Repository::of(archive(&[moon]))).says(0, &["moon-base:LaunchRover (write)"]);
    let server = Server::start_in(&home, &[], &[]);
    server.initialize();
    let call = |tool: &str, args: Value| server.call_ok(tool, args);
    for query in ["launch rover", "moonbase rooms", "LaunchRover"] {
        let found = call("aws_search_operations", json!({"query": query}));
        let first = &found["operations"][0];
        assert_eq!(first["service"], "moon-base", "{query}: {found}");
        let about = format!("Does {}.", first["operation"].as_str().unwrap());
        assert_eq!(first["title"], about, "{found}");
        assert_eq!(first["description"], "And so on.", "{found}");
    }
    let names = |operation: &str| json!({"service": "moon-base", "operation": operation});
    let schema = call("aws_get_operation_schema", names("launch-rover"));
    assert_eq!(schema["input"]["properties"]["name"]["description"], "A name.", "{schema}");
    assert_eq!(schema["description"], "Does LaunchRover. And so on.", "{schema}");
    assert_eq!(schema["effect"], "write", "{schema}");
    let mut validate = names("LaunchRover");
    validate["action"] = json!("validate");
    validate["payload"] = json!({"nam": "x"});
    let refused = server.call_err("aws_execute", validate).to_string();
    assert!(refused.contains("did you mean name"), "{refused}");
    // Nothing is known of it but what a stranger says: a read by its verb alone is none.
    let mut read = names("LaunchRover");
    read["payload"] = json!({});
    let refused = server.call_err("aws_read", read)["message"].to_string();
    assert!(refused.contains("does not only read"), "{refused}");
}

#[test]
fn sync_takes_botocore_too() {
    let service = json!({
        "metadata": {"apiVersion": "2026-01-01", "endpointPrefix": "moon-base", "protocol": "json",
            "protocols": ["json"], "jsonVersion": "1.0", "targetPrefix": "Moon",
            "serviceFullName": "Moon Base", "serviceId": "Moon Base", "signatureVersion": "v4",
            "signingName": "moon-base", "uid": "moon-base-2026-01-01"},
        "operations": {"DeleteRoom": {"name": "DeleteRoom",
            "http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "In"},
            "documentation": "<p>Removes a room.</p>"}},
        "shapes": {"In": {"type": "structure", "required": ["Name"],
            "members": {"Name": {"shape": "Name"}}}, "Name": {"type": "string"}},
    });
    let rules = json!({"version": "1.0",
        "parameters": {"Region": {"type": "String", "builtIn": "AWS::Region"}},
        "rules": [{"type": "endpoint", "conditions": [
            {"fn": "aws.partition", "argv": [{"ref": "Region"}], "assign": "P"}],
            "endpoint": {"url": "https://moon-base.{Region}.{P#dnsSuffix}"}}]});
    let top = "botocore-9.0.0/botocore/data/moon-base/2026-01-01";
    let files = [("service-2.json", service), ("endpoint-rule-set-1.json", rules)];
    let files = files.map(|(name, content)| (format!("{top}/{name}"), content.to_string()));
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, content)| (&**name, content.as_bytes())).collect();
    let repository = Repository::of(gzipped(&tar_of(&files)));
    let home = home();
    let url = format!("{}/botocore-9.0.0.tar.gz", repository.web.url());
    let env = [("SMITHY_SYNC_URL", &*url)];
    run(&home, &["models", "sync"], &env)
        .says(0, &["new services (1):\n  moon-base", "moon-base:DeleteRoom (destructive)", &url]);
    assert_eq!(repository.paths(), ["/botocore-9.0.0.tar.gz"]);
    status(&home).says(0, &["newer models are used", "440 services, 19797 operations"]);
    let server = Server::start_in(&home, &[], &[]);
    server.initialize();
    let found =
        server.call_ok("aws_search_operations", json!({"query": "delete a moon base room"}));
    assert_eq!(found["operations"][0]["title"], "Removes a room.", "{found}");
    assert_eq!(found["operations"][0]["required"], json!(["Name"]), "{found}");
}

#[test]
fn what_cannot_be_used_changes_nothing() {
    let home = home();
    let repository = Repository::of(archive(&[moon_base()]));
    sync(&home, &repository).says(0, &["moon-base"]);
    let before = status(&home).says(0, &["440 services"]).out;
    let whole = archive(&[Model::new("Sun Base").operation("ListRooms", json!({}))]);
    let half = whole[..whole.len() / 2].to_vec();
    let without_end = whole[..whole.len() - 6].to_vec();
    let folder = home.path().join(FOLDER);
    let tried = |out: &str| {
        let lines = out.lines().filter(|line| !line.starts_with("last sync begun"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for (name, response, words) in [
        ("garbage", found(b"not a tarball".to_vec()), "the models cannot be used"),
        ("half", found(half), "the models cannot be used"),
        ("no end", found(without_end), "the models cannot be used"),
        ("no models", found(gzipped(&tar_of(&[("top/a", b"x")]))), "there are none in it"),
        ("broken", found(archive(&[Model::raw("x", b"{".to_vec())])), "none of them can be used"),
        ("empty", found(Vec::new()), "the models cannot be used"),
        ("cut off", found(whole.clone()).cut_off(), "broke off"),
        ("closed", Response::closed(), "cannot be reached"),
        ("gone", Response::xml(404, ""), "is not there"),
        ("failing", Response::xml(500, ""), "HTTP 500"),
        ("to http", redirect("http://mirror.example/x.tar.gz"), "is not https"),
        ("to a file", redirect("file:///etc/passwd"), "redirect"),
        ("round", redirect("/again"), "more than 3 redirects"),
    ] {
        repository.answers(response);
        let told = sync(&home, &repository);
        assert_eq!((told.code, told.out.as_str()), (1, ""), "{name}: {}", told.err);
        assert!(told.err.contains(words), "{name}: {}", told.err);
        assert_eq!(tried(&status(&home).out), tried(&before), "{name}");
    }
    let left: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 4, "the manifest, its files, the lock, the time: {left:?}");
    // No network at all: what was synced is used, and sync says that it cannot.
    let url = repository.url();
    drop(repository);
    run(&home, &["models", "sync"], &[("SMITHY_SYNC_URL", &url)]).says(1, &["cannot be reached"]);
    explain(&home, "moon-base:ListRooms").says(0, &["effect: read"]);
}

#[test]
fn a_pin_holds_a_commit() {
    let home = home();
    let model = moon_base();
    let repository = Repository::of(unusual(&model, &model.json()));
    let models = |args: &[&str]| {
        let args: Vec<&str> = ["models"].iter().chain(args).copied().collect();
        run(&home, &args, &[("SMITHY_SYNC_URL", &repository.url()), ("SMITHY_SYNC_REF", "v7")])
    };
    models(&["pin", "../../evil"]).says(2, &["no name of a commit"]);
    models(&["pin", "v1"]).says(0, &["pinned to v1", "can be moved"]);
    models(&["sync"]).says(0, &["moon-base", &format!("commit: {COMMIT}")]);
    models(&["pin", OTHER_COMMIT]).says(0, &["pinned to 0b"]);
    models(&["status"])
        .says(0, &[&format!("pinned: to {OTHER_COMMIT}"), &format!("commit: {COMMIT}")]);
    // The tarball is of another commit than was asked for.
    models(&["sync"]).says(1, &["was to be of commit 0b", COMMIT]);
    models(&["pin", COMMIT]).says(0, &[]);
    models(&["sync"]).says(0, &["no new services"]);
    models(&["sync"]).says(0, &["nothing was brought"]);
    // What somebody has brings itself, and says that the pin does not hold it.
    fs::write(home.path().join("own.tar.gz"), archive(&[moon_base()])).unwrap();
    let pinned = format!("the pin to {COMMIT} is for sync alone");
    models(&["build", "own.tar.gz"]).says(0, &[&pinned]);
    models(&["status"]).says(0, &["own.tar.gz", &format!("pinned: to {COMMIT}")]);
    models(&["sync"]).says(0, &[&format!("commit: {COMMIT}")]);
    models(&["unpin"]).says(0, &["not pinned"]);
    models(&["status"]).says(0, &["pinned: no"]);
    models(&["sync"]).says(0, &["no new services"]);
    let path = |name: &str| format!("/aws/api-models-aws/archive/{name}.tar.gz");
    let expected = ["v1", OTHER_COMMIT, COMMIT, COMMIT, "v7"].map(path);
    assert_eq!(repository.paths(), expected);
    // A pin that others may write is none of the user's.
    models(&["pin", COMMIT]).says(0, &[]);
    let pin = home.path().join(FOLDER).join("pin");
    fs::set_permissions(pin, Permissions::from_mode(0o666)).unwrap();
    models(&["sync"]).says(2, &["written by other users"]);
    models(&["build", "own.tar.gz"]).says(2, &["written by other users"]);
    assert_eq!(repository.paths().len(), 5);
}

#[test]
fn settings_that_cannot_be_meant_run_nothing() {
    let home = home();
    for (name, value) in [
        ("SMITHY_SYNC_URL", "http://mirror.example/aws/api-models-aws"),
        ("SMITHY_SYNC_URL", "https://eve:hunter2@mirror.example/x"),
        ("SMITHY_SYNC_REF", "../x"),
        ("SMITHY_AUTO_SYNC", "perhaps"),
    ] {
        let told = run(&home, &["models", "sync"], &[(name, value)]).says(2, &[]);
        assert!(!told.err.contains("hunter2") && !told.err.is_empty(), "{}", told.err);
        let server = Server::start_in(&home, &[], &[(name, value)]);
        server.initialize();
        assert_eq!(server.call_err("aws_list_profiles", json!({}))["error"], "config_error");
    }
}

#[test]
fn models_that_others_may_write_are_refused_and_told() {
    let home = home();
    let repository = Repository::of(archive(&[moon_base()]));
    let own = home.path().join("mine");
    let env = [("SMITHY_MODEL_PATH", "~/mine"), ("SMITHY_SYNC_URL", &*repository.url())];
    run(&home, &["models", "sync"], &env).says(0, &["moon-base"]);
    assert!(own.join("manifest.json").exists());
    fs::set_permissions(&own, Permissions::from_mode(0o777)).unwrap();
    run(&home, &["models", "sync"], &env).says(2, &["can be written by others", "chmod"]);
    run(&home, &["models", "status"], &env)
        .says(1, &["! newer models are not used", "written by others"]);
    run(&home, &["policy", "explain", "moon-base:ListRooms"], &env)
        .says(0, &["newer models are not used", NO_SUCH]);
    run(&home, &["policy", "explain", "ec2:StopInstances"], &env).says(0, &["not used"]);
    let server = Server::start_in(&home, &[], &env[..1]);
    let known = catalog(&server);
    assert_eq!((&known["models"], &known["services"]), (&json!("embedded"), &json!(439)));
    assert!(known["problem"].as_str().unwrap().contains("written by others"), "{known}");
    server.wait_for_stderr("newer models are not used");
    assert_eq!(repository.paths().len(), 1);
}

#[test]
fn a_folder_that_no_models_could_be_kept_in_is_told() {
    let home = home();
    let env = [("SMITHY_MODEL_PATH", "~/mine")];
    let status = || run(&home, &["models", "status"], &env);
    let own = home.path().join("mine");
    status().says(0, &["mine"]);
    fs::create_dir(&own).unwrap();
    fs::set_permissions(&own, Permissions::from_mode(0o777)).unwrap();
    let told = status().says(1, &["439 services", "! newer models cannot be put here: "]);
    assert!(told.out.contains("can be written by others"), "{}", told.out);
    run(&home, &["models", "pin", COMMIT], &env).says(2, &["can be written by others"]);
    fs::set_permissions(&own, Permissions::from_mode(0o700)).unwrap();
    status().says(0, &["mine"]);
    fs::write(own.join("letter"), "").unwrap();
    status().says(1, &["cannot be put here", "not ours"]);
    fs::remove_dir_all(&own).unwrap();
    fs::write(&own, "").unwrap();
    status().says(2, &["Not a directory"]);
}

#[test]
fn a_damaged_folder_is_left_out_whole_and_mended_by_sync() {
    let home = home();
    let repository = Repository::of(archive(&[moon_base()]));
    sync(&home, &repository).says(0, &["moon-base"]);
    let folder = home.path().join(FOLDER);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.into_iter().find(|path| path.is_dir()).unwrap();
    for name in ["index.bin", "models.bin", "endpoints.bin"] {
        let path = files.join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, bad).unwrap();
        status(&home).says(1, &["damaged", "439 services"]);
        explain(&home, "ec2:StopInstances").says(0, &["newer models are not used", "damaged"]);
        fs::write(&path, good).unwrap();
    }
    status(&home).says(0, &["440 services"]);
    fs::write(folder.join("manifest.json"), "{").unwrap();
    let server = Server::start_in(&home, &[], &[]);
    let known = catalog(&server);
    assert!(known["problem"].as_str().unwrap().contains("damaged"), "{known}");
    sync(&home, &repository).says(0, &["moon-base"]);
    status(&home).says(0, &["440 services"]);
}

#[test]
fn build_takes_a_folder_or_a_tarball() {
    let home = home();
    let path = home.path().join("download/models/moon-base/service/2026-01-01");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("moon-base-2026-01-01.json"), moon_base().json()).unwrap();
    run(&home, &["models", "build", "download"], &[])
        .says(0, &["new services (1):", "moon-base:AddRoom (write)", "/download\n"]);
    status(&home).says(0, &["440 services"]);
    fs::write(
        home.path().join("sun.tar.gz"),
        archive(&[Model::new("Sun Base").operation("ListRooms", json!({}))]),
    )
    .unwrap();
    run(&home, &["models", "build", "sun.tar.gz"], &[])
        .says(0, &["new services (1):\n  sun-base\n", "gone (1):\n  moon-base\n"]);
    run(&home, &["models", "build", "nowhere"], &[]).says(2, &["nowhere"]);
    fs::write(home.path().join("bad.tar.gz"), "x").unwrap();
    run(&home, &["models", "build", "bad.tar.gz"], &[]).says(1, &["the models cannot be used"]);
    status(&home).says(0, &["440 services", "sun.tar.gz"]);
    // Nothing is put beside what is not ours.
    let env = [("SMITHY_MODEL_PATH", "download")];
    run(&home, &["models", "build", "sun.tar.gz"], &env).says(2, &["not ours"]);
}

/// Makes a named pipe, and has whoever opens it read a little: it shows in what is told, and hangs nobody.
fn pipe(path: PathBuf) {
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    std::thread::spawn(move || fs::write(path, "{"));
}

#[test]
fn what_is_no_file_is_not_opened() {
    let home = home();
    let path = home.path().join("download/models/moon-base/service/2026-01-01");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("moon-base.json"), moon_base().json()).unwrap();
    pipe(path.join("pipe.json"));
    pipe(home.path().join("download/models/pipe"));
    let other = home.path().join("download/models/sun-base/service/2026-01-01");
    fs::create_dir_all(&other).unwrap();
    pipe(other.join("sun-base.json"));
    let build = |path: &str| run(&home, &["models", "build", path], &[]);
    let told = build("download").says(0, &["new services (1):\n  moon-base\n"]);
    assert!(!told.out.contains("left out"), "{}", told.out);
    pipe(home.path().join("models.tar.gz"));
    std::os::unix::fs::symlink("models.tar.gz", home.path().join("link.tar.gz")).unwrap();
    for path in ["models.tar.gz", "link.tar.gz", "/dev/null"] {
        build(path).says(2, &["no regular file"]);
    }
    status(&home).says(0, &["440 services"]);
}

/// A server of files over TLS, ended with the test.
struct Tls(std::process::Child);

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn over_tls_the_certificate_counts_and_nothing_leads_to_http() {
    let home = home();
    fs::write(home.path().join("x.tar.gz"), archive(&[moon_base()])).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/https.py");
    let child = Command::new(support::python())
        .args([script, home.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut tls = Tls(child.unwrap());
    let mut port = String::new();
    BufReader::new(tls.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let ca = home.path().join("ca.pem");
    let sync = |path: &str, ca: &str| {
        let url = format!("https://localhost:{}{path}", port.trim());
        run(&home, &["models", "sync"], &[("SMITHY_SYNC_URL", &url), ("AWS_CA_BUNDLE", ca)])
    };
    let ca = ca.to_str().unwrap();
    sync("/x.tar.gz", "").says(1, &["invalid peer certificate", "AWS_CA_BUNDLE"]);
    sync("/down/x.tar.gz", ca).says(1, &["the redirect leads from https to http"]);
    status(&home).says(0, &["439 services"]);
    sync("/to/x.tar.gz", ca).says(0, &["new services (1):\n  moon-base"]);
}

/// Run by `tests/run.sh`, which names the folder with botocore's archive.
#[test]
#[ignore = "needs AWS_MCP_TEST_SOURCES, and minutes without optimisation"]
fn build_takes_botocore() {
    let sources = std::env::var_os("AWS_MCP_TEST_SOURCES").map(PathBuf::from);
    let archive = sources.expect("a folder").join("botocore-1.44.5.tar.gz");
    let home = home();
    run(&home, &["models", "build", archive.to_str().unwrap()], &[]).says(
        0,
        &["no new services or operations, no other effects", "models of 439 services read"],
    );
    status(&home).says(0, &["439 services, 19796 operations", "botocore-1.44.5.tar.gz"]);
    explain(&home, "ec2:StopInstances").says(0, &["effect: write"]);
}

#[test]
fn the_server_looks_once_a_day_where_the_user_wants_it() {
    let home = home();
    let repository = Repository::of(archive(&[moon_base()]));
    let url = repository.url();
    let env = [("SMITHY_AUTO_SYNC", "true"), ("SMITHY_SYNC_URL", &*url)];
    let server = Server::start_in(&home, &[], &env);
    assert_eq!(catalog(&server)["models"], "embedded");
    server.wait_for_stderr("newer models are used at the next start");
    // This one goes on with what it has.
    assert_eq!(server.call_ok("aws_server_status", json!({}))["catalog"]["services"], 439);
    drop(server);
    assert_eq!(repository.paths(), ["/aws/api-models-aws/archive/HEAD.tar.gz"]);
    let server = Server::start_in(&home, &[], &env[1..]);
    assert_eq!(catalog(&server)["services"], 440);
    status(&home).says(0, &["auto sync: off", "last sync begun: 20"]);
    assert_eq!(repository.paths().len(), 1);
}
