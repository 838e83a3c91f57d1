//! A secret of any kind, planted anywhere in any result, never comes out.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const CASES: u32 = 10_000;
/// A piece of this length tells more than any form shows.
const PIECE: usize = 12;

/// What is put into a result, and what must not be seen of it.
#[derive(Clone, Debug)]
struct Planted {
    /// Goes into an object under the name, or into a list.
    member: (String, Value),
    secrets: Vec<String>,
}

fn settings() -> ProptestConfig {
    ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() }
}

/// Values that no rule touches, beside a key id or not.
fn ordinary() -> impl Strategy<Value = Value> {
    let text = select(vec![
        "i-0123456789abcdef0",
        "arn:aws:iam::123456789012:role/app",
        "123456789012",
        "eu-west-1",
        "",
        "6f3c1a52-3f7e-4c8e-9c1a-2b5d8f0e4a11",
        "2026-11-02T10:00:00Z",
        "running",
        "10.0.0.0/16",
        "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        "grün 東京 🚀",
        "a\nb\t\"c\" \\ 100%",
        "{\"a\": 1}",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "[x",
        "AIDAIOSFODNN7EXAMPLE",
        "https://example.com/a?b=c&d=%2Fe#f",
        "password policy",
        "***",
        "***(0123abcd)",
        "Key=Value",
    ]);
    prop_oneof![
        8 => text.prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn member_name() -> impl Strategy<Value = String> {
    let known = select(vec![
        "Name",
        "Value",
        "instance_id",
        "Tags",
        "Key",
        "state",
        "a",
        "",
        "message",
        "Items",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[a-d]{1,3}"]
}

fn result() -> impl Strategy<Value = Value> {
    let tree = ordinary().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((member_name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop::collection::vec((member_name(), tree), 1..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// Puts it into some container; gives the path to it.
fn plant(into: &mut Value, planted: &Planted, at: &Index, place: &Index) -> Vec<String> {
    fn containers(value: &Value, path: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
        match value {
            Value::Object(members) => {
                all.push(path.clone());
                for (name, value) in members {
                    path.push(name.clone());
                    containers(value, path, all);
                    path.pop();
                }
            }
            Value::Array(items) => {
                all.push(path.clone());
                for (n, value) in items.iter().enumerate() {
                    path.push(n.to_string());
                    containers(value, path, all);
                    path.pop();
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    containers(into, &mut Vec::new(), &mut all);
    let mut path = all[at.index(all.len())].clone();
    let mut here = into;
    for step in &path {
        here = match here {
            Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
            other => &mut other[step.as_str()],
        };
    }
    let (name, value) = planted.member.clone();
    match here {
        Value::Object(members) => {
            let order = place.index(members.len() + 1);
            members.shift_remove(&name);
            members.shift_insert(order.min(members.len()), name.clone(), value);
            path.push(name);
        }
        Value::Array(items) => {
            let order = place.index(items.len() + 1);
            // The name is a part of it.
            items.insert(order, json!({name: value}));
            path.push(order.to_string());
        }
        _ => unreachable!(),
    }
    path
}

/// Names, lengths and values are the same but at `path` and below.
fn same_elsewhere(a: &Value, b: &Value, path: &[String]) -> Result<(), TestCaseError> {
    match (a, b, path.split_first()) {
        (_, _, None) => prop_assert_eq!(shape(a), shape(b)),
        (Value::Object(x), Value::Object(y), Some((step, rest))) => {
            prop_assert_eq!(x.len(), y.len());
            for ((k, v), (l, w)) in x.iter().zip(y) {
                if k == step {
                    same_elsewhere(v, w, rest)?;
                } else {
                    prop_assert_eq!((k, v), (l, w));
                }
            }
        }
        (Value::Array(x), Value::Array(y), Some((step, rest))) => {
            prop_assert_eq!(x.len(), y.len());
            for (n, (v, w)) in x.iter().zip(y).enumerate() {
                if n.to_string() == *step {
                    same_elsewhere(v, w, rest)?;
                } else {
                    prop_assert_eq!(v, w);
                }
            }
        }
        _ => prop_assert_eq!(a, b),
    }
    Ok(())
}

/// How a value is built, without texts, and numbers that became texts.
fn shape(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(members) => members.values().map(shape).collect(),
        Value::String(_) | Value::Number(_) => json!(0),
        other => other.clone(),
    }
}

fn never_comes_out(
    mut tree: Value,
    planted: Planted,
    secrets: &Secrets<'_>,
    (at, place): (Index, Index),
) -> Result<(), TestCaseError> {
    let path = plant(&mut tree, &planted, &at, &place);
    let shown = mask(tree.clone(), secrets, &key());
    let text = shown.to_string();
    for secret in &planted.secrets {
        if secret.len() < PIECE {
            prop_assert!(!text.contains(secret.as_str()), "{secret}\n{tree}\n{text}");
        }
        for piece in secret.as_bytes().windows(PIECE) {
            let piece = std::str::from_utf8(piece).unwrap();
            prop_assert!(!text.contains(piece), "{piece}\n{tree}\n{text}");
        }
    }
    prop_assert_eq!(&mask(shown.clone(), secrets, &key()), &shown, "second pass: {}", tree);
    same_elsewhere(&tree, &shown, &path)
}

/// As AWS makes them: every character as likely as any other.
fn base64(least: usize, most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(select(LETTERS), least..=most)
        .prop_map(|bytes| bytes.into_iter().map(char::from).collect())
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn id() -> impl Strategy<Value = String> {
    "A[KS]IA[A-Z2-7]{16}"
}

/// What stands around a secret in a text, glued to it or not.
fn around() -> impl Strategy<Value = String> {
    let part = select(vec![
        " ",
        "\n",
        "\"",
        "'",
        ":",
        ",",
        "=",
        "&",
        "%2F",
        "%20",
        "\\n",
        "\\\"",
        "x",
        "0",
        "_",
        "-",
        "/",
        "日",
        "{",
        "}",
        "[INFO] ",
        "key ",
        "<b>",
        "\\u0026",
        "%",
        "\\",
        "user=",
        "***",
        "...",
        "2026-11-02T10:00:00Z",
        "http://a/b ",
    ]);
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

/// The texts in which a text can be wrapped, and what it then looks like.
fn wrapped() -> impl Strategy<Value = fn(&str) -> String> {
    fn json(text: &str) -> String {
        Value::from(text).to_string()
    }
    fn percent(text: &str) -> String {
        let encoded = text.bytes().map(|b| match b {
            b if b.is_ascii_alphanumeric() || b"-_.".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        });
        encoded.collect()
    }
    select(vec![
        (|text| text.to_owned()) as fn(&str) -> String,
        |text| json(text),
        |text| json(&json(text)),
        |text| percent(text),
        |text| json(&percent(text)),
        |text| percent(&json(text)),
        |text| percent(&percent(text)),
        |text| json(&percent(&json(text))),
        |text| encode(text),
        |text| json(&format!("data\n{}\n", encode(text))),
        |text| format!("#cloud-config data {}", encode(text)),
        |text| serde_json::json!({"a": [{"b": text}]}).to_string(),
    ])
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    // As long as something that hides a key at all.
    let text = format!("{text}{}", " ".repeat(36usize.saturating_sub(text.len())));
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0usize, |bits, b| bits << 8 | usize::from(*b))
            << (8 * (3 - chunk.len()));
        for n in 0..=chunk.len() {
            out.push(char::from(LETTERS[bits >> (18 - 6 * n) & 63]));
        }
        out.push_str(&"="[..usize::from(chunk.len() == 2)]);
        out.push_str(&"=="[..2 * usize::from(chunk.len() == 1)]);
    }
    out
}

/// A text somewhere: as a value, in a list, as a name.
fn text_somewhere(
    text: impl Strategy<Value = (String, Vec<String>)>,
) -> impl Strategy<Value = Planted> {
    (text, wrapped(), 0..5).prop_map(|((text, secrets), wrap, place)| {
        let text = wrap(&text);
        let member = match place {
            0 => ("message".to_owned(), text.into()),
            1 => ("message".to_owned(), json!([text])),
            2 => ("message".to_owned(), json!({"a": {"b": text}})),
            3 => ("message".to_owned(), json!({text: 1})),
            _ => (text, Value::Null),
        };
        Planted { member, secrets }
    })
}

/// A secret that is known by its look alone.
fn shapes() -> impl Strategy<Value = Planted> {
    let token = select(vec!["IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz", "FQoDYXdz"]);
    let token = (token, base64(60, 300)).prop_map(|(opening, rest)| opening.to_owned() + &rest);
    let part = "[A-Za-z0-9_-]{20,80}";
    let jwt = ("[A-Za-z0-9_-]{15,40}", part, part).prop_map(|(a, b, c)| format!("eyJ{a}.{b}.{c}"));
    let jwe = ("[A-Za-z0-9_-]{15,40}", part, part, part)
        .prop_map(|(a, b, c, d)| format!("eyJ{a}.{b}.{c}.{d}.{b}"));
    let github = "gh[pousr]_[A-Za-z0-9]{36}".prop_map(|token| format!(" {token}"));
    let label = select(vec!["RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED ", "PGP "]);
    let pem = (
        label,
        prop::collection::vec(base64(64, 64), 1..4),
        select(vec!["\n", "\\n", " ", "\r\n"]),
        any::<bool>(),
    )
        .prop_map(|(label, lines, line, ends)| {
            let block = if label == "PGP " { " BLOCK" } else { "" };
            let end = format!("{line}-----END {label}PRIVATE KEY{block}-----");
            let end = if ends { end } else { String::new() };
            let body = lines.join(line);
            (format!("-----BEGIN {label}PRIVATE KEY{block}-----{line}{body}{end}"), lines)
        });
    let plain = prop_oneof![id(), token, jwt, jwe, github].prop_map(|secret| {
        let pieces = vec![secret.trim().to_owned()];
        (secret, pieces)
    });
    let secret = prop_oneof![4 => plain, 1 => pem];
    let text = (around(), secret, around()).prop_map(|(before, (secret, pieces), behind)| {
        (format!("{before}{secret}{behind}"), pieces)
    });
    text_somewhere(text)
}

/// A secret beside a key id.
fn beside() -> impl Strategy<Value = Planted> {
    let secret = prop_oneof![base64(40, 40), base64(100, 300)];
    (id(), secret, around(), around(), wrapped(), 0..10).prop_map(
        |(id, secret, before, between, wrap, place)| {
            let value = match place {
                0 => json!(wrap(&format!("{before}{id} {between}{secret}"))),
                1 => json!(wrap(&format!("{before}{secret}\n{between}{id}"))),
                2 => json!([id, format!("{between}{secret}")]),
                3 => json!({"x": format!("{before}{id}"), "y": secret}),
                4 => json!({"y": {"z": secret}, "x": id}),
                5 => json!([{"name": "AWS_ACCESS_KEY_ID", "value": id}, {"name": "OTHER", "value": secret}]),
                6 => json!({id: secret}),
                7 => json!({secret.as_str(): [id]}),
                8 => json!({"x": json!({"id": id, "s": secret}).to_string()}),
                _ => json!({"x": json!({"id": id}).to_string(), "y": secret}),
            };
            Planted { member: ("credentials".to_owned(), value), secrets: vec![secret] }
        },
    )
}

/// A secret that its name makes one.
fn named() -> impl Strategy<Value = Planted> {
    let name = select(vec![
        "SecretAccessKey",
        "aws_secret_access_key",
        "secretKey",
        "SessionToken",
        "aws_session_token",
        "DB_PASSWORD",
        "X-Amz-Security-Token",
        "security_token",
        "masterUserPassword",
        "client_secret",
        "passphrase",
    ]);
    let in_text = (name.clone(), "[A-Za-z0-9][A-Za-z0-9+/_-]{8,50}", around(), 0..7).prop_map(
        |(name, secret, before, form)| {
            let text = match form {
                0 => format!("{before} {name}={secret} "),
                1 => format!("{before}\n{name}: {secret}\n"),
                2 => format!("{before}{{\"{name}\": \"{secret}\", \"x\": 1}}"),
                3 => format!("{before}?a=b&{name}={secret}&c=d"),
                4 => format!("{before} --{name} {secret}"),
                5 => format!("{before} {name} = '{secret}'"),
                _ => format!("{before}<{name}>{secret}</{name}>"),
            };
            (text, vec![secret])
        },
    );
    let member =
        (name, "\\PC{1,8}[A-Za-z0-9]{14}\\PC{0,8}", 0..6).prop_map(|(name, secret, form)| {
            let piece = secret.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            let run: String = secret.chars().skip_while(|c| !c.is_ascii_alphanumeric()).collect();
            let run = run
                .split(|c: char| !c.is_ascii_alphanumeric())
                .max_by_key(|run| run.len())
                .unwrap_or(&piece);
            let secrets = vec![run.to_owned()];
            let (key, value) = match form {
                0 => (name, json!(secret)),
                1 => (name, json!([secret])),
                2 => (name, json!({"S": secret})),
                3 => ("x", json!({"Name": name, "Value": secret})),
                4 => ("x", json!([{"Key": "a", "Value": "b"}, {"value": secret, "key": name}])),
                _ => ("x", json!(json!({name: secret}).to_string())),
            };
            // References and paths are none.
            let stays = secret.starts_with(['$', '{', '%', '<', '/', '~', '!']);
            let secrets = if stays { Vec::new() } else { secrets };
            Planted { member: (key.to_owned(), value), secrets }
        });
    prop_oneof![1 => text_somewhere(in_text), 1 => member]
}

fn headers() -> impl Strategy<Value = Planted> {
    let text = ("[A-Za-z0-9_-]{16,40}[0-9]", "[A-Za-z0-9_+-]{8,30}", around(), 0..4).prop_map(
        |(token, password, before, form)| match form {
            0 => (format!("{before}Authorization: Bearer {token}\n"), vec![token]),
            1 => (format!("{before} bearer {token} "), vec![token]),
            2 => (format!("{before}xpostgres://u:{password}@host/x"), vec![password]),
            _ => (format!("{before}\"Authorization\": \"Basic {token}==\""), vec![token]),
        },
    );
    text_somewhere(text)
}

/// Environment variables, with the names that must be kept.
fn environment() -> impl Strategy<Value = (Planted, Vec<String>)> {
    let holder = select(vec![
        "Environment",
        "environment",
        "env",
        "environmentVariables",
        "EnvironmentVariables",
        "environment_variables",
        "RuntimeEnvironmentVariables",
        "envVars",
        "EnvironmentOverride",
        "ContainerEnvironmentVariables",
    ]);
    let variable = ("[A-Z][A-Z0-9_]{3,12}|[a-z][A-Za-z0-9]{3,12}", "[A-Za-z0-9+/!~:;,-]{14,30}");
    (holder, prop::collection::vec(variable, 1..4), 0..7).prop_map(|(holder, variables, form)| {
        let map: Map<String, Value> =
            variables.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
        let pairs: Value = variables.iter().map(|(k, v)| json!({"name": k, "value": v})).collect();
        let lines: Value = variables.iter().map(|(k, v)| Value::from(format!("{k}={v}"))).collect();
        let value = match form {
            0 => json!(map),
            1 => pairs,
            2 => lines,
            3 => json!({"Variables": map}),
            4 => variables
                .iter()
                .map(|(k, v)| json!({"Value": v, "Key": k, "Type": "PLAINTEXT"}))
                .collect(),
            _ => json!(json!({"x": [1], holder: map}).to_string()),
        };
        let secrets = variables.iter().map(|(_, value)| value.clone()).collect();
        let names = variables.into_iter().map(|(name, _)| name).collect();
        let holder = if form > 4 { "Template" } else { holder };
        (Planted { member: (holder.to_owned(), value), secrets }, names)
    })
}

/// What a model marks.
fn sensitive() -> impl Strategy<Value = Planted> {
    let name = select(vec![
        "SecretString",
        "secret_string",
        "secretString",
        "secret-string",
        "PIN",
        "pin",
    ]);
    let leaf = prop_oneof![
        "[A-Za-z0-9]{14,30}".prop_map(Value::from),
        (1_000_000_000_000u64..).prop_map(Value::from)
    ];
    let below = leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Value::from),
            prop::collection::vec((member_name(), inner), 1..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    (name, below, 0..3).prop_map(|(name, value, form)| {
        let mut secrets = Vec::new();
        leaves(&value, &mut secrets);
        let member = match form {
            0 => (name.to_owned(), value),
            1 => ("x".to_owned(), json!({"Key": name, "Value": value})),
            _ => ("x".to_owned(), json!(json!([{name: value}]).to_string())),
        };
        Planted { member, secrets }
    })
}

fn leaves(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::Object(members) => members.values().for_each(|item| leaves(item, into)),
        Value::String(text) => into.push(text.clone()),
        other => into.push(other.to_string()),
    }
}

/// Anything at all, made of what the rules look for.
fn soup() -> impl Strategy<Value = Value> {
    let part = select(vec![
        "AKIA",
        "ASIA",
        "IOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "eyJhbGciOiJIUzI1NiJ9",
        ".",
        "..",
        "IQoJb3JpZ2lu",
        "password",
        "secret_access_key",
        "session_token",
        "Authorization",
        "Bearer ",
        "signature",
        "env",
        "=",
        ":",
        " ",
        "\"",
        "'",
        "\\",
        "\\\"",
        "\\n",
        "%",
        "%2F",
        "%22",
        "\n",
        "&",
        ",",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "***",
        "***(",
        "***(0123abcd)",
        "...",
        "-----BEGIN ",
        "RSA ",
        "PRIVATE KEY",
        "-----",
        "-----END ",
        "CERTIFICATE",
        "://",
        "@",
        "u:p",
        "ghp_",
        "0123456789abcdef0123",
        "aB3dEf7hIj",
        "+",
        "/",
        "<",
        ">",
        "--",
        "日本",
        "\u{0}",
        "A=",
        "IyEvYmluL3NoCmV4cG9ydCBBV1NfQUNDRVNTX0tFWV9JRD1BS0lBSU9TRk9ETk43RVhBTVBMRQo",
        "=",
        "\\u002F",
        "${",
        "arn:",
        "environment",
        "value",
        "name",
        "true",
    ]);
    let text = prop_oneof![
        8 => prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat()),
        1 => "\\PC{0,20}",
        1 => any::<String>(),
    ];
    let name = prop_oneof![
        2 => text.clone(),
        3 => select(vec![
            "password", "SecretAccessKey", "environment", "env", "Variables", "EnvironmentVariables", "Name", "Value", "key",
            "Authorization", "SessionToken", "namespace", "classification", "properties", "AccessKeyId", "apiKey", "S",
        ]).prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        8 => text.prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner.clone()), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn a_secret_that_is_known_by_its_look(tree in result(), planted in shapes(), at: (Index, Index)) {
        never_comes_out(tree, planted, &Secrets::default(), at)?;
    }

    #[test]
    fn a_secret_beside_a_key_id(tree in result(), planted in beside(), at: (Index, Index)) {
        never_comes_out(tree, planted, &Secrets::default(), at)?;
    }

    #[test]
    fn a_secret_by_its_name(tree in result(), planted in named(), at: (Index, Index)) {
        never_comes_out(tree, planted, &Secrets::default(), at)?;
    }

    #[test]
    fn a_secret_in_a_header_or_url(tree in result(), planted in headers(), at: (Index, Index)) {
        never_comes_out(tree, planted, &Secrets::default(), at)?;
    }

    #[test]
    fn a_variable_of_an_environment(tree in result(), (planted, names) in environment(), at: (Index, Index)) {
        let mut whole = tree.clone();
        plant(&mut whole, &planted, &at.0, &at.1);
        let shown = masked(whole).to_string();
        for name in names {
            prop_assert!(shown.contains(&name), "{name} is lost: {shown}");
        }
        never_comes_out(tree, planted, &Secrets::default(), at)?;
    }

    #[test]
    fn a_member_that_the_model_marks(tree in result(), planted in sensitive(), at: (Index, Index)) {
        never_comes_out(tree, planted, &Secrets::new(["SecretString", "pin"]), at)?;
    }

    #[test]
    fn any_json_is_masked_once_and_for_all(value in soup()) {
        let secrets = Secrets::new(["properties"]);
        let once = mask(value, &secrets, &key());
        prop_assert_eq!(&mask(once.clone(), &secrets, &key()), &once);
    }
}
