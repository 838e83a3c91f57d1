//! What must be masked, what must not, and in which form. The property tests are in `planted.rs`.

mod planted;

use serde_json::{Map, json};

use super::*;

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn key() -> DigestKey {
    DigestKey::new([7; 32])
}

fn masked(value: Value) -> Value {
    let once = mask(value, &Secrets::default(), &key());
    assert_eq!(mask(once.clone(), &Secrets::default(), &key()), once, "a second pass changes it");
    once
}

/// `#` in what is expected stands for any digest.
fn check(value: Value, expected: Value) {
    let shown = without_digests(masked(value.clone()));
    assert_eq!(shown, expected, "{value}");
}

fn without_digests(value: Value) -> Value {
    let mut text = value.to_string();
    while let Some(at) = text.find("***(") {
        assert!(text[at + 4..at + 12].bytes().all(|b| b.is_ascii_hexdigit()));
        text.replace_range(at..at + 13, "#");
    }
    serde_json::from_str(&text).unwrap()
}

fn check_text(text: &str, expected: &str) {
    check(json!(text), json!(expected));
}

fn stays(value: Value) {
    assert_eq!(masked(value.clone()), value);
}

#[test]
fn access_keys_are_cut_wherever_they_stand() {
    check_text(ID, "AKIAIOSFOD...");
    check_text("key ASIAIOSFODNN7EXAMPLE, and", "key ASIAIOSFOD..., and");
    check_text(&format!("{ID} {ID}"), "AKIAIOSFOD... AKIAIOSFOD...");
    check_text(&format!("x{ID}y"), "xAKIAIOSFOD...y");
    check_text(&format!("{ID}0ABC"), "AKIAIOSFOD...");
    check_text(&format!("a\\n{ID}\\n"), "a\\nAKIAIOSFOD...\\n");
    check_text(&format!("?k={ID}%2F2025&x"), "?k=AKIAIOSFOD...%2F2025&x");
    check(json!({ID: {"n": [ID]}}), json!({"AKIAIOSFOD...": {"n": ["AKIAIOSFOD..."]}}));
    check_text("AKIA is a prefix", "AKIA is a prefix");
    check_text("AKIAIOSFODNN7é", "AKIAIOSFODNN7é");
}

#[test]
fn keys_that_look_alike_once_masked_are_told_apart() {
    let two = json!({"AKIAIOSFODNN7EXAMPL1": 1, "AKIAIOSFODNN7EXAMPL2": 2});
    check(two, json!({"AKIAIOSFOD...": 1, "AKIAIOSFOD...#": 2}));
}

#[test]
fn short_values_are_never_shown_whole() {
    assert_eq!(access_key_id("AKIA"), "AK...");
    assert_eq!(session_token(&"x".repeat(60)), format!("{}...", "x".repeat(20)));
    assert_eq!(session_token(""), "...");
}

#[test]
fn equal_secrets_have_equal_digests_and_another_key_gives_others() {
    let value = || json!([{"password": "a"}, {"password": "a"}, {"password": "b"}]);
    let shown = masked(value());
    assert_eq!(shown[0], shown[1]);
    assert_ne!(shown[0], shown[2]);
    let other = mask(value(), &Secrets::default(), &DigestKey::new([8; 32]));
    assert_ne!(other[0], shown[0]);
    assert_eq!(format!("{:?}", key()), "DigestKey");
}

#[test]
fn a_digest_is_of_the_secret_and_not_of_how_it_was_written() {
    let shown = masked(json!({"password": "a/b?cd", "q": "x=1&password=a%2Fb%3Fcd"}));
    let digest = shown["password"].as_str().unwrap();
    assert_eq!(shown["q"], format!("x=1&password={digest}"));
}

#[test]
fn a_secret_key_beside_its_id_is_hidden() {
    check_text(&format!("{ID} {SECRET}"), "AKIAIOSFOD... ***");
    check_text(&format!("{ID}:{SECRET}\\n"), "AKIAIOSFOD...:***\\n");
    check_text(&format!("a={ID},\\nb={SECRET}"), "a=AKIAIOSFOD...,\\nb=***");
    check_text(&format!("{ID},{}", SECRET.replace('/', "%2F")), "AKIAIOSFOD...,***");
    check_text(&format!("{ID} {}", SECRET.replace('/', "\\/")), "AKIAIOSFOD... ***");
    check(json!({"a": ID, "b": SECRET}), json!({"a": "AKIAIOSFOD...", "b": "***"}));
    check(json!({"b": SECRET, "a": ID}), json!({"b": "***", "a": "AKIAIOSFOD..."}));
    check(json!([ID, SECRET]), json!(["AKIAIOSFOD...", "***"]));
    check(json!({ID: SECRET}), json!({"AKIAIOSFOD...": "***"}));
    check(json!({SECRET: ID}), json!({"***": "AKIAIOSFOD..."}));
    check(json!([{"x": ID}, {"x": SECRET}]), json!([{"x": "AKIAIOSFOD..."}, {"x": "***"}]));
    check(json!({"a": ID, "b": {"c": SECRET}}), json!({"a": "AKIAIOSFOD...", "b": {"c": "***"}}));
    check(json!({"a": {"c": ID}, "b": SECRET}), json!({"a": {"c": "AKIAIOSFOD..."}, "b": "***"}));
    check(json!([["AWS_SECRET_ACCESS_KEY", SECRET]]), json!([["AWS_SECRET_ACCESS_KEY", "***"]]));
    check(
        json!([{"n": "AWS_ACCESS_KEY_ID", "v": "x"}, {"n": "aws_secret_access_key", "v": SECRET}]),
        json!([{"n": "AWS_ACCESS_KEY_ID", "v": "x"}, {"n": "aws_secret_access_key", "v": "***"}]),
    );
    // In what is masked as a whole, beside what is JSON in itself.
    check(
        json!({"env": {"A": ID}, "x": SECRET}),
        json!({"env": {"A": "AKIAIOSFOD..."}, "x": "***"}),
    );
    check(
        json!({"a": ID, "b": "{\"password\":\"x\"}", "c": SECRET}),
        json!({"a": "AKIAIOSFOD...", "b": "{\"password\":\"#\"}", "c": "***"}),
    );
    // A key id that is masked already is one.
    check(json!(["AKIAIOSFOD...", SECRET]), json!(["AKIAIOSFOD...", "***"]));
    check_text(
        &format!("aws configure set aws_secret_access_key {SECRET}"),
        "aws configure set aws_secret_access_key ***",
    );
    check_text(&format!("{ID}{SECRET}"), "#");
}

#[test]
fn far_from_a_key_id_forty_characters_are_no_secret() {
    stays(json!({"a": SECRET}));
    stays(json!({"a": {"b": {"c": "AKIAIOSFOD..."}}, "d": SECRET}));
}

#[test]
fn what_is_not_random_stays_beside_a_key_id() {
    check(
        json!({
            "AccessKeyId": ID,
            "sha1": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "digits": "1234567890123456789012345678901234567890",
            "path": "/usr/local/lib/node/modules/Library/frameworks/longnames",
            "arn": "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            "UserName": "deploy",
        }),
        json!({
            "AccessKeyId": "AKIAIOSFOD...",
            "sha1": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "digits": "1234567890123456789012345678901234567890",
            "path": "/usr/local/lib/node/modules/Library/frameworks/longnames",
            "arn": "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            "UserName": "deploy",
        }),
    );
    let certificate = "-----BEGIN CERTIFICATE-----\n\
         MIICUTCCAfugAwIBAgIBADANBgkqhkiG9w0BAQQFADBXMQswCQYDVQQGEwJDTjEL\n\
         -----END CERTIFICATE-----\n";
    check(json!([ID, certificate]), json!(["AKIAIOSFOD...", certificate]));
    check(
        json!([ID, format!("-----BEGIN CERTIFICATE-----\n{SECRET}")]),
        json!(["AKIAIOSFOD...", "-----BEGIN CERTIFICATE-----\n***"]),
    );
}

#[test]
fn members_named_like_secrets_are_masked_in_any_style() {
    for name in ["SecretAccessKey", "secret_access_key", "AWS_SECRET_ACCESS_KEY", "secretKey"] {
        check(json!({name: "short"}), json!({name: "***"}));
        check(json!({name: {"S": "x", "n": [1]}}), json!({name: {"S": "***", "n": ["***"]}}));
        check(json!({"Name": name, "Value": "short"}), json!({"Name": name, "Value": "***"}));
        check_text(&format!("{name}=short"), &format!("{name}=***"));
        check_text(&format!("say {name}: short, then"), &format!("say {name}: ***, then"));
        check_text(&format!("{{\"{name}\": \"short\""), &format!("{{\"{name}\": \"***\""));
        check_text(&format!("<{name}>short</{name}>"), &format!("<{name}>***</{name}>"));
    }
    for name in [
        "SessionToken",
        "session_token",
        "X-Amz-Security-Token",
        "MasterUserPassword",
        "DB_PASSWORD_2",
        "clientSecret",
        "pre_shared_key",
        "passphrase",
        "SecretString",
        "passwd",
    ] {
        check(json!({name: "s3cret"}), json!({name: "#"}));
        check(json!({name: ["s3cret"]}), json!({name: ["#"]}));
        check(json!({"key": name, "value": "s3cret"}), json!({"key": name, "value": "#"}));
        check(
            json!({"ParameterKey": name, "ParameterValue": "s3cret"}),
            json!({"ParameterKey": name, "ParameterValue": "#"}),
        );
        check_text(&format!("a=1&{name}=s3cret&b=2"), &format!("a=1&{name}=#&b=2"));
        check_text(&format!("{name}: s3cret\nb: c"), &format!("{name}: #\nb: c"));
        check_text(&format!("x {name}='s3 cret' y"), &format!("x {name}='#' y"));
        check_text(&format!("%22{name}%22%3A%22s3cret%22"), &format!("%22{name}%22%3A%22#%22"));
        check_text(
            &format!("{{\\\"{name}\\\": \\\"s3\\\\\\\"cret\\\"}}"),
            &format!("{{\\\"{name}\\\": \\\"#\\\"}}"),
        );
    }
    for name in ["apiKey", "access_token", "RefreshToken", "idToken", "authorizationToken"] {
        check(json!({name: "0123456789abcdef"}), json!({name: "#"}));
        stays(json!({name: "hours"}));
    }
    check(json!({"password": {"S": "x"}}), json!({"password": {"S": "#"}}));
    check(json!(["--db-password", "x", "--y"]), json!(["--db-password", "#", "--y"]));
    check_text("mysql --password hunter2 -h db", "mysql --password # -h db");
    check_text("Server=a;Uid=root;Pwd=x;Database=d", "Server=a;Uid=root;Pwd=#;Database=d");
    check_text("A=1\nDB_PASSWORD=a,b&c;d\nB=2", "A=1\nDB_PASSWORD=#\nB=2");
}

#[test]
fn passwords_in_sql_and_commands_are_masked() {
    for name in ["PASSWORD", "ENCRYPTED PASSWORD", "password"] {
        check_text(
            &format!("ALTER ROLE app WITH {name} 'S3 cret';"),
            &format!("ALTER ROLE app WITH {name} '#';"),
        );
    }
    check_text(
        "statement: CREATE ROLE a PASSWORD E'S3''c' LOGIN",
        "statement: CREATE ROLE a PASSWORD E'#' LOGIN",
    );
    check_text(
        "CREATE LOGIN a WITH PASSWORD = N'S3cret', x",
        "CREATE LOGIN a WITH PASSWORD = N'#', x",
    );
    check_text("{\"q\": \"x PASSWORD \\\"S3 cret\\\"\"", "{\"q\": \"x PASSWORD \\\"#\\\"\"");
    check_text("SET PASSWORD FOR 'a'@'%' = 'S3cret'", "SET PASSWORD FOR 'a'@'%' = '#'");
    check_text("SET PASSWORD = PASSWORD('S3cret')", "SET PASSWORD = PASSWORD('#')");
    check_text(
        "CREATE USER 'a'@'%' IDENTIFIED BY 'S3 cret' x",
        "CREATE USER 'a'@'%' IDENTIFIED BY '#' x",
    );
    check_text(
        "identified with caching_sha2_password by \"S3cret\"",
        "identified with caching_sha2_password by \"#\"",
    );
    check_text("IDENTIFIED WITH ed25519 BY 'S3cret'", "IDENTIFIED WITH ed25519 BY '#'");
    check_text("IDENTIFIED BY PASSWORD '*0123ABCD'", "IDENTIFIED BY PASSWORD '#'");
    for quote in ["'", "\"", "\\\""] {
        let header =
            |value: &str| format!("curl -H {quote}X-Api-Key: {value}{quote} http://localhost");
        check_text(&header("9f8e7d6c5b4a39281706"), &header("#"));
    }
    check_text("curl -fsS -u app:S3cret http://x", "curl -fsS -u app:# http://x");
    check_text("/usr/bin/curl --user 'app:S3 cret' x", "/usr/bin/curl --user 'app:#' x");
    check_text("curl --user=app:S3cret x", "curl --user=app:# x");
    check_text("redis-cli -h x -a S3cret ping", "redis-cli -h x -a # ping");
    check_text(
        "CMD-SHELL mysqladmin ping -uroot -pS3cret || exit 1",
        "CMD-SHELL mysqladmin ping -uroot -p# || exit 1",
    );
    check_text("sh -c \"mysql -pS3cret\"", "sh -c \"mysql -p#\"");
    check_text("DB_PASS=S3cret ./run", "DB_PASS=# ./run");
    check_text("env APP_SECRET=S3cret ./run", "env APP_SECRET=# ./run");
    check_text("GITHUB_TOKEN=0123456789abcdefXY ./run", "GITHUB_TOKEN=# ./run");
}

#[test]
fn what_only_speaks_of_passwords_stays() {
    for text in [
        "the password 's first letter",
        "password authentication failed for user \"app\"",
        "password for 'app' is wrong",
        "getPassword('app') failed",
        "missing \"password\" \"user\"",
        "the token 'abc' expired",
        "it was identified by 3 hosts, identified by name",
        "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'",
        "\"X-Api-Key: is missing here\"",
        "curl -fsS http://localhost:8080/health -o /tmp/x:y",
        "mysql -u root -p -h db",
        "docker run mysql -p3306:3306",
        "redis-cli -h x ping",
        "NEXT_TOKEN=0123456789abcdefXY TESTS_TOKEN=short COMPASS=north bypass=x",
        "password must be at least 8 characters",
        "Invalid password: access denied for user",
        "PasswordPolicy",
        "password=${DB_PASSWORD}",
        "password: $DB_PASSWORD",
        "password=<password>",
        "password: '{{resolve:secretsmanager:prod/db:SecretString:password}}'",
        "password=****",
        "password = null",
        "The token expired",
        "nextToken=eyJ2ZXJzaW9uIjoxfQ",
        "Bearer authentication_required",
        "GetSessionToken",
        "secretKeyRef: name",
        "OLDPWD=/var/task",
    ] {
        stays(json!(text));
    }
    stays(json!({"password": "{{resolve:ssm-secure:db:1}}", "MasterUserPassword": "****"}));
    stays(
        json!({"PasswordPolicy": {"MinimumPasswordLength": 8, "AllowUsersToChangePassword": true}}),
    );
    stays(
        json!({"MasterUserSecret": {"SecretArn": "arn:aws:secretsmanager:x", "SecretStatus": "active"}}),
    );
    stays(json!({"ParameterName": "disconnect_on_expired_password", "ParameterValue": "1"}));
    stays(
        json!({"privateKey": "/keys/key.pem", "publicKeyMaterial": "abc", "NextToken": "abcdefabcdefabcdef"}),
    );
    stays(json!({"AttributeName": "password", "AttributeType": "S"}));
    stays(json!({"password": {"type": "string", "description": "of the user"}}));
    stays(json!({"Authorization": "Enabled", "authorization": {"scopes": ["a"]}}));
    stays(json!({"signature": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="}));
}

#[test]
fn session_tokens_are_known_by_their_openings() {
    let rest = "X2VjEOz//////////wEaCXVzLWVhc3QtMSJHMEUCIQDe+x==";
    for opening in ["IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz", "FQoDYXdz"] {
        check_text(&format!("x {opening}{rest} y"), "x # y");
        check_text(&format!("t={opening}{}&y", rest.replace('/', "%2F")), "t=#&y");
        check_text(&format!("n{opening}{rest}"), "n#");
    }
    check_text(&format!("AQoD{}", "aB3/".repeat(30)), "#");
    check_text(&format!("ABSKQmVkcm9ja0FQSUtleS{}", "aB3d".repeat(20)), "#");
    check_text("aws_session_token = abc", "aws_session_token = #");
    check_text("AQoD is short", "AQoD is short");
}

#[test]
fn presigned_urls_are_cut_where_they_sign() {
    let hex = "0123456789abcdef".repeat(4);
    check_text(
        &format!(
            "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ID}%2F20250101\
             %2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Expires=900&X-Amz-Security-Token=IQoJb3&\
             X-Amz-SignedHeaders=host&X-Amz-Signature={hex}"
        ),
        "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFOD...%2F20250101\
         %2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Expires=900&X-Amz-Security-Token=#&\
         X-Amz-SignedHeaders=host&X-Amz-Signature=#",
    );
    check_text(
        &format!("/k?AWSAccessKeyId={ID}&Expires=1&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D"),
        "/k?AWSAccessKeyId=AKIAIOSFOD...&Expires=1&Signature=#",
    );
    check(json!({"X-Amz-Signature": hex}), json!({"X-Amz-Signature": "#"}));
    check_text(
        &format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={ID}/20250101, SignedHeaders=host, Signature={hex}"
        ),
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFOD.../20250101, SignedHeaders=host, Signature=#",
    );
}

#[test]
fn jwt_and_jwe_are_masked() {
    let (header, body) = ("eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0");
    let sign = "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
    check_text(&format!("t {header}.{body}.{sign}, x"), "t #, x");
    check_text(&format!("x?id_token={header}.{body}.{sign}&x"), "x?id_token=#&x");
    check_text(&format!("{header}.{body}."), "#.");
    check_text(&format!("{header}..{sign}"), "#");
    check_text(
        &format!("{header}.OKOawDo13gRp2o.48V1_ALb6US04U3b.5eym8TW_c8SuK0lt.XFBoMYUZodetZdvT"),
        "#",
    );
    check_text(&format!("{header}==.{body}==.{sign}=="), "#");
    stays(json!(header));
    stays(json!(format!("{header}.{body}")));
    stays(json!(format!("{header}... and so on")));
}

#[test]
fn private_keys_are_masked_to_their_end() {
    for label in [
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
        check_text(&format!("a\n{begin}\nMIIEow\nIBAA==\n{end}\nb"), "a\n#\nb");
        check_text(&format!("a\\n{begin}\\nMIIEow\\nIBAA==\\n{end}\\nb"), "a\\n#\\nb");
        check_text(&format!("{begin} MIIEow IBAA== {end} b"), "# b");
        check_text(&format!("a {begin}\nMIIEow\nIBAA== and more"), "a #");
        check_text(
            &format!("{begin}\nMII\n-----BEGIN CERTIFICATE-----\nx"),
            "#-----BEGIN CERTIFICATE-----\nx",
        );
        check_text(&format!("k={}", format!("{begin}\nMII").replace(' ', "+")), "k=#");
        check_text(
            &format!("k={}", format!("{begin}\nMII").replace(' ', "%20").replace('\n', "%0A")),
            "k=#",
        );
        let line = "MIIEowIBAAKCAQEAwYSiPeJLSi6k8J4msjqtUwCbfzerOiCQ2b5a2I5AtBO8M2n";
        check(
            json!([{"m": format!("x {begin}\n"), "l": "a"}, {"m": format!("{line}\n"), "l": "b"},
                {"m": "Jg==", "l": "c"}, {"m": "running"}, {"m": end}, {"m": line}]),
            json!([{"m": format!("x {begin}\n"), "l": "a"}, {"m": "#", "l": "b"},
                {"m": "#", "l": "c"}, {"m": "running"}, {"m": end}, {"m": line}]),
        );
        check(json!([begin, line, "Jg==", end, "done"]), json!([begin, "#", "#", end, "done"]));
        check(json!([begin, "running", line]), json!([begin, "running", "#"]));
        check(json!([format!("{begin}\n{line}"), "running"]), json!(["#", "running"]));
    }
    check_text(
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nx\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
        "#",
    );
    stays(json!("-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"));
    stays(json!("-----BEGIN PUBLIC KEY-----\nMIIC\n-----END PUBLIC KEY-----\n"));
    stays(json!("BEGIN PRIVATE KEY is how it begins"));
}

#[test]
fn secrets_that_overlap_are_one() {
    check_text(
        "x?password=ab-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- y",
        "x?password=# y",
    );
}

#[test]
fn headers_urls_and_tokens_of_others() {
    check_text("Authorization: Bearer x1", "Authorization: Bearer #");
    check_text("-H 'authorization: Basic dXNlcjpwYXNz' x", "-H 'authorization: Basic #' x");
    check_text("sent Bearer AbCdEf0123456789 to", "sent Bearer # to");
    check(json!({"Authorization": "Bearer x1"}), json!({"Authorization": "Bearer #"}));
    check(json!({"authorization": ["token x1"]}), json!({"authorization": ["token #"]}));
    check(
        json!({"name": "Authorization", "value": "0123456789abcdefg"}),
        json!({"name": "Authorization", "value": "#"}),
    );
    check_text("postgres://app:hunter2@db:5432/x", "postgres://app:#@db:5432/x");
    check_text("redis://:pa/ss?w@cache:6379 x", "redis://:#@cache:6379 x");
    check_text("https%3A%2F%2Fu%3Apw%40host%2F", "https%3A%2F%2Fu%3A#%40host%2F");
    check_text("mongodb://u:p,w@a:1,b:2/d", "mongodb://u:#@a:1,b:2/d");
    for token in [
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oO",
        concat!("sk_", "live_4eC39HqLyjWDarjtT1zdp7dc"),
        "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
        "glpat-aBcDeFgHiJkLmNoPqRsT",
    ] {
        check_text(&format!("t {token} x"), "t # x");
    }
    stays(json!(
        "https://example.com:8443/a@b https://u@host/ ssh://git@host:22/x docker://nginx:1.2@sha256:abc"
    ));
    stays(json!("https://user:${PASSWORD}@host/"));
    stays(json!("task_live_AbCdEf0123456789x"));
}

#[test]
fn environments_keep_names_and_lose_values() {
    for name in [
        "Environment",
        "environment",
        "env",
        "environment_variables",
        "RuntimeEnvironmentVariables",
        "envVars",
        "OverrideEnvironment",
        "ContainerEnvironmentVariables",
    ] {
        check(
            json!({name: {"a": "x", "B_C": "y", "d": ""}}),
            json!({name: {"a": "#", "B_C": "#", "d": ""}}),
        );
        check(
            json!({name: [{"name": "a", "value": "x", "type": "PLAINTEXT"}, {"Key": "b", "Value": "y"}]}),
            json!({name: [{"name": "a", "value": "#", "type": "PLAINTEXT"}, {"Key": "b", "Value": "#"}]}),
        );
        check(json!({name: ["A=x=y", "b=z", "c"]}), json!({name: ["A=#", "b=#", "c"]}));
        check(json!({name: "A=x,B=y"}), json!({name: "A=#"}));
        check_text(&json!({name: {"a": "x"}}).to_string(), &json!({name: {"a": "#"}}).to_string());
        check_text(&format!(" {{\n \"{name}\" : [\"a=x\"]}}"), &json!({name: ["a=#"]}).to_string());
        check(json!({name: "{\"a\": \"x\"}"}), json!({name: "{\"a\":\"#\"}"}));
    }
    check(
        json!({"envVars": {"a": ["x"], "b": {"c": "y"}, "d": [{"name": "e", "value": ["z"]}]}}),
        json!({"envVars": {"a": ["#"], "b": {"c": "#"}, "d": [{"name": "e", "value": ["#"]}]}}),
    );
    check(
        json!({"Environment": {"Variables": {"a": "x"}, "Error": {"Message": "m"}}}),
        json!({"Environment": {"Variables": {"a": "#"}, "Error": {"Message": "m"}}}),
    );
    check(
        json!({"environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
            "environmentVariables": [{"name": "A", "value": "x", "type": "PLAINTEXT"}]}}),
        json!({"environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
            "environmentVariables": [{"name": "A", "value": "#", "type": "PLAINTEXT"}]}}),
    );
    check(
        json!([{"Namespace": "aws:elasticbeanstalk:application:environment", "OptionName": "A", "Value": "x"}]),
        json!([{"Namespace": "aws:elasticbeanstalk:application:environment", "OptionName": "A", "Value": "#"}]),
    );
    check(
        json!({"OptionName": "EnvironmentVariables", "Value": "A=x,B=y"}),
        json!({"OptionName": "EnvironmentVariables", "Value": "A=#"}),
    );
    check(
        json!({"Classification": "export", "Properties": {"a": "x"}}),
        json!({"Classification": "export", "Properties": {"a": "#"}}),
    );
    check(
        json!({"env": {"A_B": "x", "arn": "arn:aws:x", "name": "n"}}),
        json!({"env": {"A_B": "#", "arn": "arn:aws:x", "name": "n"}}),
    );
    check(
        json!({"env": {"A": "x", "QUEUE_ARN": "arn:aws:x", "low": "y"}}),
        json!({"env": {"A": "#", "QUEUE_ARN": "#", "low": "#"}}),
    );
    check(
        json!({"environmentVariables": {"PORT": 8080, "ON": true, "X": null}}),
        json!({"environmentVariables": {"PORT": "#", "ON": true, "X": null}}),
    );
}

#[test]
fn what_is_no_environment_map_stays() {
    stays(json!({"tags": {"env": "staging", "Environment": "prod"}}));
    stays(json!([{"Key": "Environment", "Value": "prod"}, {"Name": "env", "Values": ["a", "b"]}]));
    stays(
        json!({"secrets": [{"name": "DB_PASS", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/db"}]}),
    );
    stays(
        json!({"environment": [{"name": "A", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/db"}]}),
    );
    stays(json!({"environmentFiles": [{"value": "arn:aws:s3:::b/prod.env", "type": "s3"}]}));
    stays(
        json!({"Environments": [{"EnvironmentName": "prod", "Status": "Ready"}], "computeEnvironment": "c"}),
    );
    stays(
        json!({"Environment": {"Name": "prod", "Arn": "arn:aws:airflow:x", "Status": "AVAILABLE"}}),
    );
    stays(json!({"environment": ["dev", "prod"], "variables": {"a": "b"}}));
    stays(json!({"runtimeEnvironment": {"Type": "PROTON", "Version": "20250516"}}));
}

#[test]
fn our_own_credentials_answer_passes_unchanged() {
    stays(json!({
        "timestamp": "2026-11-02T10:00:00Z",
        "credentials": {
            "access_key_id": access_key_id("ASIAIOSFODNN7EXAMPLE"),
            "secret_access_key": secret_key(),
            "session_token": session_token("IQoJb3JpZ2luX2VjEOz//////////wEaCXVzLWVhc3QtMSJHMEUC"),
            "region": "eusc-de-east-1",
            "profile": "Prod/Admin",
            "has_session_token": true,
        },
        "environment_variables": {
            "AWS_ACCESS_KEY_ID": access_key_id("testing"),
            "AWS_SECRET_ACCESS_KEY": secret_key(),
            "AWS_SESSION_TOKEN": secret_key(),
            "AWS_REGION": "us-gov-west-1",
            "AWS_DEFAULT_REGION": "us-gov-west-1",
            "AWS_PROFILE": "Prod/Admin",
        },
        "metadata": {"credentials_source": "sso", "expires_at": "2026-11-02T11:00:00Z"},
        "updated_variables": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
    }));
    check(
        json!({"env": {"AWS_REGION": "hunter2", "AWS_ACCESS_KEY_ID": "hunter2"}}),
        json!({"env": {"AWS_REGION": "#", "AWS_ACCESS_KEY_ID": "#"}}),
    );
    for (name, value) in [
        ("AWS_REGION", "abcdefghi-abcdefghi-abcdefghi-abcdefghi-1"),
        ("AWS_REGION", "abcdefghijkl-1"),
        ("AWS_PROFILE", &"a ".repeat(33)),
        ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEOz///..."),
    ] {
        check(json!({"env": {name: value}}), json!({"env": {name: "#"}}));
    }
}

#[test]
fn masked_forms_pass_only_where_they_are_expected() {
    stays(
        json!({"password": "***", "secret_access_key": "***(01234567)", "p": "x password=***(89abcdef), y"}),
    );
    stays(json!("x aws_session_token = IQoJb3JpZ2luX2VjEOz/..., region = x"));
    check(json!({"password": "correcthorse..."}), json!({"password": "#"}));
    check(json!({"password": "***hunter2"}), json!({"password": "#"}));
    check_text("password=***hunter2", "password=#");
    check_text("password=***(89abcdef)x", "password=#");
    check(json!({"session_token": "IQoJb3JpZ2luX2VjEOz//..."}), json!({"session_token": "#"}));
    check(json!({"SecretString": "0123456789ABCDEF0123..."}), json!({"SecretString": "#"}));
}

/// What was found by `planted.rs`, once.
#[test]
fn a_second_pass_changes_nothing() {
    masked(json!({"apiKey": "AKIA-----BEGIN PRIVATE KEY-----\nx"}));
    masked(json!({"apiKey": "secret_access_key=***("}));
    masked(
        json!({"privateKey": "/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY:", "secret_access_key=": ""}),
    );
    masked(json!({"Authorization": ["password://env", "Bearer \\u002FIOSFODNN7EXAMPLE{"]}));
    masked(json!({"password": "AKIACERTIFICATEAKIA"}));
    masked(json!({"secret_access_key://AKIA": "AKIA"}));
    masked(
        json!({format!("{}IQoJb3JpZ2lu0123456789abcdef0123", "IyEvYmluL3NoCmV4cG9ydCBBV1NfQUNDRVNTX0tFWV9JRD1BS0lBSU9TRk9ETk43RVhBTVBMRQo"): ""}),
    );
}

#[test]
fn what_the_model_marks_is_masked_with_all_below() {
    let secrets = Secrets::new(["SecretString", "keyMaterial", "Pin", "MasterUserPassword", ""]);
    let check = |value: Value, expected: Value| {
        let once = mask(value, &secrets, &key());
        assert_eq!(mask(once.clone(), &secrets, &key()), once);
        assert_eq!(without_digests(once), expected);
    };
    check(
        json!({"secret_string": "x", "KeyMaterial": "y"}),
        json!({"secret_string": "#", "KeyMaterial": "#"}),
    );
    check(json!({"master-user-password": "****"}), json!({"master-user-password": "#"}));
    check(
        json!({"Pin": {"a": [1234, "x", "", null, true, {"b": -1.5}]}}),
        json!({"Pin": {"a": ["#", "#", "", null, true, {"b": "#"}]}}),
    );
    check(
        json!({"pin": {"accessKeyId": ID, "secretAccessKey": "s", "sessionToken": "t"}}),
        json!({"pin": {"accessKeyId": "AKIAIOSFOD...", "secretAccessKey": "***", "sessionToken": "#"}}),
    );
    check(json!({"text": "{\"Pin\": 1234}"}), json!({"text": "{\"Pin\":\"#\"}"}));
    check(json!({"Name": "Pin", "Value": "1234"}), json!({"Name": "Pin", "Value": "#"}));
    check(json!({"password": {"Pin": "x"}}), json!({"password": {"Pin": "#"}}));
    let value = Secrets::new(["value"]);
    let shown = mask(json!({"password": {"value": "${x}"}}), &value, &key());
    assert_eq!(without_digests(shown), json!({"password": {"value": "#"}}));
    check(json!({"env": {"Pin": "true", "a": []}}), json!({"env": {"Pin": "#", "a": []}}));
    check(json!({"pins": "x", "": "y", "É": "z"}), json!({"pins": "x", "": "y", "É": "z"}));
}

/// ECS marks the whole list: what a variable is called may be known there as everywhere.
#[test]
fn variables_that_the_model_marks_keep_their_names_alone() {
    let secrets = Secrets::new(["environment", "Pin"]);
    let check = |value: Value, expected: Value| {
        let once = mask(value, &secrets, &key());
        assert_eq!(mask(once.clone(), &secrets, &key()), once);
        assert_eq!(without_digests(once), expected);
    };
    check(
        json!({"environment": [{"name": "A", "value": "x"}, {"name": ID, "value": 5, "type": "t"}]}),
        json!({"environment": [{"name": "A", "value": "#"},
            {"name": "AKIAIOSFOD...", "value": "#", "type": "#"}]}),
    );
    check(json!({"environment": {"A": "x"}}), json!({"environment": {"A": "#"}}));
    // What is no pair, or hides in one.
    check(json!({"environment": ["A=x", 5, ["y"]]}), json!({"environment": ["#", "#", ["#"]]}));
    check(json!({"environment": [{"name": "A"}]}), json!({"environment": [{"name": "#"}]}));
    check(
        json!({"environment": [{"name": {"name": "A"}, "apiKey": "k", "value": ["x", {"name": "y"}]}]}),
        json!({"environment": [{"name": {"name": "#"}, "apiKey": "#", "value": ["#", {"name": "#"}]}]}),
    );
    check(
        json!({"Pin": {"environment": [{"name": "A", "value": "x"}]}}),
        json!({"Pin": {"environment": [{"name": "#", "value": "#"}]}}),
    );
}

#[test]
fn base64_that_holds_secrets_is_masked() {
    // "#!/bin/sh\nexport AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n"
    let script = "IyEvYmluL3NoCmV4cG9ydCBBV1NfQUNDRVNTX0tFWV9JRD1BS0lBSU9TRk9ETk43RVhBTVBMRQo=";
    check_text(script, "#");
    // Of the URL alphabet, with `-`.
    check_text(
        "x=IyEvYmluL3NoCmVjaG8gYT4-Yj9-IH5-fgpleHBvcnQgQVdTX0FDQ0VTU19LRVlfSUQ9QUtJQUlPU0ZPRE5ON0VYQU1QTEUK",
        "x=#",
    );
    check_text(&format!("data:x;base64,{script} y"), "data:x;base64,# y");
    check_text(&format!("{}\n{}\n", &script[..40], &script[40..]), "#");
    check(json!({"UserData": {"Value": script}}), json!({"UserData": {"Value": "#"}}));
    // "#!/bin/sh\nyum install -y httpd && systemctl start httpd\n"
    stays(json!("IyEvYmluL3NoCnl1bSBpbnN0YWxsIC15IGh0dHBkICYmIHN5c3RlbWN0bCBzdGFydCBodHRwZAo="));
}

#[test]
fn ordinary_results_stay_as_they_are() {
    stays(json!({
        "instance_id": "i-0123456789abcdef0", "vpc_id": "vpc-0a1b2c3d4e5f60718", "account_id": "123456789012",
        "user_id": "AIDAIOSFODNN7EXAMPLE", "role_id": "AROAIOSFODNN7EXAMPLE:session", "group": "AGPAIOSFODNN7EXAMPLE",
        "arn": "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/me@example.com",
        "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
        "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }));
    stays(json!({
        "code_sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "commit": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        "etag": "\"9bb58f26192e4ba00f01e2e7b136bbd8\"",
        "request_id": "6f3c1a52-3f7e-4c8e-9c1a-2b5d8f0e4a11",
        "x-amz-id-2": "eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran",
        "time": "2026-11-02T10:00:00.123Z", "cidr": "10.0.0.0/16", "ipv6": "2600:1f14:e22:ed00::/64",
        "console": "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#InstanceDetails:instanceId=i-0123456789abcdef0",
        "next_token": "AAMA-EFRSURBSGd0bGZ1QkVQSGhkMzVxTkt1S0RrPQ==",
        "NextToken": "eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ==",
        // A page token of this server, with one of AWS's in it.
        "next_page_token": "eyJxIjoxMjQzMzg5NTU1MzA2ODYwODgzNSwidCI6ImV5SjJJam9pTWlJc0ltTWlPaUozZEdZNFNHNTVNbkZwIiwicyI6MTd9",
    }));
    stays(json!({
        "policy": {"Version": "2012-10-17", "Statement": [{"Sid": "AllowSecrets", "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "sts:GetSessionToken", "iam:CreateAccessKey"],
            "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/env": "prod"},
            "Bool": {"aws:SecureTransport": "false"}}}]},
        "encoded": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D",
        "certificate": "-----BEGIN CERTIFICATE-----\nMIICUTCCAfugAwIBAgIBADANBgkqhkiG9w0BAQQFADBXMQswCQYDVQQGEwJDTjEL\n-----END CERTIFICATE-----\n",
        "public_key": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDk9GfL1mS0yQ me@host",
        "kms": {"CiphertextBlob": "AQICAHhRYpT4V1vYkQXcPpl2DSfVTnYb9F0GpZ1BzqT8xw0o2wF7Tn3uPPxkQ0Lxk5J0pXzUAAAAfjB8BgkqhkiG9w0BBwag"},
        "metric": 0.1, "count": 12345678901234567u64, "flag": true, "nothing": null, "empty": "", "list": [], "map": {},
        "text": "grün 東京 🚀\nx\ty \\ 100% done; see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords.html",
    }));
    stays(json!({
        "Parameters": [{"ParameterKey": "KeyName", "ParameterValue": "prod-key"}, {"ParameterKey": "DBPassword", "ParameterValue": "****"}],
        "tag_list": [{"Key": "Name", "Value": "api"}, {"Key": "env", "Value": "staging"}],
        "handler": "index.handler", "kernel": "{not json", "json": "{\"a\": 1.50, \"token\": \"none\"}",
        "target": {"account_id": "123456789012", "principal": "arn:aws:iam::123456789012:user/me", "source": "profile"},
    }));
}

#[test]
fn a_text_in_json_that_is_masked_keeps_the_rest() {
    check_text(
        r#"{"b": 1, "environment": {"X": "y"}, "deep": "{\"password\": {\"S\": \"x\"}}", "a": [null]}"#,
        r##"{"b":1,"environment":{"X":"#"},"deep":"{\"password\":{\"S\":\"#\"}}","a":[null]}"##,
    );
}

#[test]
fn depth_ends_nothing() {
    let nest = |levels: usize, inner: Value| {
        (0..levels).fold(inner, |value, _| {
            Value::Object([("env".to_owned(), value)].into_iter().collect())
        })
    };
    let mut deep = json!(ID);
    for _ in 0..3 {
        deep = Value::String(nest(120, deep).to_string());
    }
    for levels in [250, 2_000] {
        let shown = mask(nest(levels, deep.clone()), &Secrets::default(), &key());
        assert!(!shown.to_string().contains(ID));
    }
}

/// Quadratic cost would be minutes here.
#[test]
fn repeated_openings_cost_no_more_than_their_length() {
    for part in [
        "eyJ",
        "eyJaaaaaaaa.",
        "AKIA",
        "AQoD",
        "ghp_",
        "password:",
        "password=",
        "password=arn:",
        "password=\"",
        "pwd='\\\"",
        "://a:b",
        "://",
        "authorization=AWS",
        "authorization: a ",
        "env=",
        "bearer ",
        "-----BEGIN PRIVATE KEY-----",
        "PRIVATE KEY ",
        "-----BEGIN ",
        "%25",
        "\\\\",
        "{\"env\":",
        "<password>",
        "secret_access_key ",
        "--password ",
        "signature:",
        "[\"env\"",
        "***(",
    ] {
        let text = part.repeat(400_000 / part.len());
        mask(json!([ID, text]), &Secrets::default(), &key());
    }
}
