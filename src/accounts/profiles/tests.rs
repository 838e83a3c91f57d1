use std::collections::BTreeSet;
use std::error::Error;
use std::fs;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::property::PropertiesKey;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};
use secrecy::ExposeSecret;

use super::*;

type Outcome = Result<(), Box<dyn Error>>;

/// Asserts that the files hold these profiles with these settings (secrets left out), and no more.
#[track_caller]
fn check(config: &str, credentials: &str, expected: &[(&str, &[(&str, &str)])]) {
    let profiles = Profiles::parse(config, credentials);
    let seen: Vec<_> = profiles
        .iter()
        .map(|profile| {
            let settings = profile.settings.iter();
            let settings: Vec<_> = settings.map(|(k, v)| (k.as_str(), v.as_str())).collect();
            (profile.name.as_str(), settings)
        })
        .collect();
    let expected: Vec<_> = expected.iter().map(|(n, s)| (*n, s.to_vec())).collect();
    assert_eq!(seen, expected, "config {config:?}, credentials {credentials:?}");
}

/// Asserts the kind of a profile `p` with these settings.
#[track_caller]
fn check_kind(settings: &str, expected: Kind) {
    let config = format!("[profile p]\n{}", settings.replace(", ", "\n"));
    let profiles = Profiles::parse(&config, "");
    assert_eq!(profiles.get("p").map(Profile::kind), Some(expected), "{settings}");
}

#[test]
fn headings() {
    check("", "", &[]);
    check("[default]\na=1", "", &[("default", &[("a", "1")])]);
    check("[profile x]\na=1", "", &[("x", &[("a", "1")])]);
    check("[ profile \t x ]\na=1", "", &[("x", &[("a", "1")])]);
    check("[profile\tx]", "", &[("x", &[])]);
    check("[profile X]\n[profile x]", "", &[("X", &[]), ("x", &[])]);
    check("[profile x] # why", "", &[("x", &[])]);
    check("[profile x];why", "", &[("x", &[])]);
    check("[profile a:b/c.d%e@f+g-h_i]", "", &[("a:b/c.d%e@f+g-h_i", &[])]);
    check("[x]\na=1", "", &[]);
    check("[profilex]\na=1", "", &[]);
    check("[Profile x]\na=1", "", &[]);
    check("[profile x y]\na=1", "", &[]);
    check("[profile \"x y\"]\na=1", "", &[]);
    check("[profile \"x\"]\na=1", "", &[]);
    check("[profile a]b]\na=1", "", &[]);
    check("[profile a\\]\na=1", "", &[]);
    check("[plugins]\ncli = x\n[profile x]", "", &[("x", &[])]);
    check("[preview]\ncloudsearch = true", "", &[]);
    check("[unknown x]\na=1", "", &[]);
    check("", "[x]\na=1", &[("x", &[("a", "1")])]);
    check("", "[ x\t]", &[("x", &[])]);
    check("", "[profile x]\na=1", &[]);
    check("", "[sso-session x]\na=1", &[]);
    check("", "[x y]\na=1", &[]);
    check("", "[profile]\na=1", &[("profile", &[("a", "1")])]);
    check("", "[]\na=1", &[("", &[("a", "1")])]);
    check("[profile \u{a0}]\na=1", "", &[("", &[("a", "1")])]);
}

#[test]
fn merging() {
    check("[profile x]\na=1\n[profile x]\nb=2", "", &[("x", &[("a", "1"), ("b", "2")])]);
    check("[profile x]\na=1\na=2", "", &[("x", &[("a", "2")])]);
    check("[profile x]\na=1\n[profile x]\nA=2", "", &[("x", &[("a", "2")])]);
    check("[profile x]\na=1\n[ profile  x ]\na=2", "", &[("x", &[("a", "2")])]);
    check("[profile x]\na=1\nb=1", "[x]\na=2", &[("x", &[("a", "2"), ("b", "1")])]);
    check("[profile y]", "[x]", &[("x", &[]), ("y", &[])]);
    check("[default]\na=1\n[profile default]\nb=1", "", &[("default", &[("b", "1")])]);
    check("[profile default]\nb=1\n[default]\na=1", "", &[("default", &[("b", "1")])]);
    check(
        "[default]\na=1\n[profile default]\nb=1",
        "[default]\nc=1",
        &[("default", &[("b", "1"), ("c", "1")])],
    );
}

#[test]
fn settings() {
    let x = |text: &str| format!("[profile x]\n{text}");
    for (line, key, value) in [
        ("a=1", "a", "1"),
        ("A \t= \t1 \t", "a", "1"),
        ("a=", "a", ""),
        ("a=b=c", "a", "b=c"),
        ("a = b # c", "a", "b"),
        ("a = b ; c", "a", "b"),
        ("a = b# c; d", "a", "b# c; d"),
        ("a = #b", "a", ""),
        ("a =#b", "a", "#b"),
        ("a=#b", "a", "#b"),
        ("a = b\\", "a", "b\\"),
        ("a = \\\\", "a", "\\\\"),
        ("a = \\n\\x0041", "a", "\\n\\x0041"),
        ("a = \"b c\"", "a", "\"b c\""),
        ("a = 'b", "a", "'b"),
        ("a = b: c", "a", "b: c"),
        ("a:b = c", "a:b", "c"),
        (":a = c", ":a", "c"),
        ("a = \u{a0}b\u{a0}", "a", "\u{a0}b\u{a0}"),
        ("a = b\rc", "a", "b\rc"),
        ("a = [b]", "a", "[b]"),
        ("a = 🐱", "a", "🐱"),
        ("a = 1\r\n", "a", "1"),
        ("a = 1\n\n \t\nb", "a", "1"),
        ("a = 1\n# b = 2\n; c = 3", "a", "1"),
        ("credential_process = \"C:\\Program Files\\x.exe\" --as 'me'", "credential_process", {
            "\"C:\\Program Files\\x.exe\" --as 'me'"
        }),
    ] {
        check(&x(line), "", &[("x", &[(key, value)])]);
    }
    check(&x("a b = 1"), "", &[("x", &[])]);
    check(&x("a\\ = 1\nb=2"), "", &[("x", &[("b", "2")])]);
}

#[test]
fn nested_blocks_do_not_leak() {
    check(
        "[profile x]\nregion = eu-west-1\ns3 =\n  region = us-east-1\n\n\tfast = yes # no\noutput = json",
        "",
        &[(
            "x",
            &[
                ("output", "json"),
                ("region", "eu-west-1"),
                ("s3", "\nregion = us-east-1\nfast = yes # no"),
            ],
        )],
    );
    check(
        "[profile x]\na = 1\n  more\n  # more\nb = 2",
        "",
        &[("x", &[("a", "1\nmore\n# more"), ("b", "2")])],
    );
    // An indented heading is no heading.
    check(
        "[profile x]\na = 1\n [profile y]\nb = 2",
        "",
        &[("x", &[("a", "1\n[profile y]"), ("b", "2")])],
    );
    // What is indented below a setting with a bad name goes with it.
    check("[profile x]\na=1\nb b = 2\n c = 3", "", &[("x", &[("a", "1")])]);
}

#[test]
fn bad_lines_are_skipped() {
    check("\u{feff}[default]\na=1", "", &[("default", &[("a", "1")])]);
    check("a=1\n b=2\n[default]\nc=3", "", &[("default", &[("c", "3")])]);
    check("[default]\n a=1\nb=2", "", &[("default", &[("b", "2")])]);
    check("[default]\na=1\nbad\n  b=2\nc=3", "", &[("default", &[("a", "1"), ("c", "3")])]);
    check("[default]\n=1\na=1", "", &[("default", &[("a", "1")])]);
    check("[default]\nkey : value", "", &[("default", &[])]);
    check(
        "[default]\na=1\n[profile x\nb=2\n[profile y]\nc=3",
        "",
        &[("default", &[("a", "1")]), ("y", &[("c", "3")])],
    );
    check(
        "[default]\ns3 =\n  # why\n  a = 1\n  bad\n  b = 2",
        "",
        &[("default", &[("s3", "\na = 1\nb = 2")])],
    );
}

#[test]
fn other_sections() {
    let profiles = Profiles::parse(
        "[profile x]\nsso_session = s\nservices = local\n\
         [profile y]\nservices = absent\n\
         [ sso-session  s ]\nSSO_Region = us-east-1\n\
         [services local]\ndynamodb =\n  endpoint_url = http://localhost:8000\n\
         cost_explorer =\n  endpoint_url = http://localhost/ce\n\
         route-53 = \n  endpoint_url = http://localhost/r53\n\
         s3 =\n endpoint_url = old\ns3 =\n  other = 1\n",
        "",
    );
    let session = profiles.sso_session("s");
    assert_eq!(session.and_then(|s| s.get("sso_region")), Some("us-east-1"));
    assert!(profiles.sso_session("x").is_none());

    let endpoint = |name: &str, service| {
        profiles.service_setting(profiles.get(name)?, service, "endpoint_url")
    };
    assert_eq!(endpoint("x", "DynamoDB"), Some("http://localhost:8000"));
    assert_eq!(endpoint("x", "Cost Explorer"), Some("http://localhost/ce"));
    assert_eq!(endpoint("x", "Route 53"), Some("http://localhost/r53"));
    assert_eq!(endpoint("x", "s3"), None);
    assert_eq!(endpoint("x", "sts"), None);
    assert_eq!(endpoint("y", "dynamodb"), None);
}

#[test]
fn kinds() {
    let keys = "aws_access_key_id=A, aws_secret_access_key=S";
    check_kind("region=r", Kind::Empty);
    check_kind(keys, Kind::Static);
    check_kind("aws_access_key_id=A", Kind::Empty);
    check_kind("aws_secret_access_key=S, aws_session_token=T", Kind::Empty);
    check_kind("role_arn=r, source_profile=b", Kind::Role);
    check_kind("role_arn=r, source_profile=p", Kind::Role);
    check_kind("role_arn=r, credential_source=Environment", Kind::Role);
    check_kind("role_arn=r, sso_session=s", Kind::Role);
    check_kind("credential_source=Environment, sso_session=s", Kind::Source);
    check_kind("role_arn=r, web_identity_token_file=t", Kind::WebIdentity);
    check_kind(
        "role_arn=r, web_identity_token_file=t, source_profile=b, sso_session=s",
        Kind::WebIdentity,
    );
    check_kind("source_profile=b, region=r", Kind::Empty);
    for setting in SSO_SETTINGS {
        let rest = "login_session=l, credential_process=c";
        check_kind(&format!("{setting}=1, {rest}, {keys}"), Kind::Sso);
    }
    check_kind(&format!("login_session=l, credential_process=c, {keys}"), Kind::Login);
    check_kind(&format!("credential_process=c, {keys}"), Kind::Process);
}

#[test]
fn keys_may_come_from_both_files() {
    let profiles = Profiles::parse(
        "[default]\naws_access_key_id = OLD\nAWS_Secret_Access_Key = s\naws_account_id = 123456789012",
        "[default]\naws_access_key_id = NEW\naws_session_token = t",
    );
    let keys = profiles.get("default").and_then(|p| p.keys.clone());
    let seen = keys.map(|keys| {
        let token = keys.session_token.map(|t| t.expose_secret().to_owned());
        let secret = keys.secret_access_key.expose_secret().to_owned();
        (keys.access_key_id, secret, token, keys.account_id)
    });
    let expected = ("NEW", "s", Some("t"), Some("123456789012"));
    let owned = |text: &str| text.to_owned();
    let (id, secret, token, account) = expected;
    assert_eq!(seen, Some((owned(id), owned(secret), token.map(owned), account.map(owned))));
}

#[test]
fn secrets_are_neither_settings_nor_printed() {
    let config = "[profile a]\naws_access_key_id = AKIA\naws_secret_access_key = HUSH\n\
        aws_session_token = HUSH\naws_security_token = HUSH\n\
        [profile b]\nAWS_SECRET_ACCESS_KEY = HUSH\n\
        [profile c]\naws_access_key_id = AKIA\n  aws_secret_access_key = HUSH\n  aws_session_token: HUSH\n\
        [profile d]\ncredential_process = get --password HUSH-COMMAND\n\
        [profile e]\naws_secret_access_key HUSH\naws_session_token: HUSH\n\
        [sso-session s]\naws_secret_access_key = HUSH\nx = HUSH-SESSION\n\
        [services v]\nx =\n aws_session_token = HUSH\n y = HUSH-SERVICE\n";
    let profiles = Profiles::parse(config, "");
    assert!(!format!("{profiles:?} {profiles:#?}").contains("HUSH"));
    for profile in profiles.iter() {
        assert!(!format!("{profile:?} {:?}", profile.keys).contains("HUSH"));
        for (key, value) in &profile.settings {
            assert!(!key.starts_with("aws_se"), "{key}");
            assert!(!value.contains("HUSH") || key == "credential_process", "{key}");
        }
    }
    assert_eq!(profiles.iter().filter(|p| p.keys.is_some()).count(), 1);
}

#[test]
fn files() -> Outcome {
    let dir = tempfile::tempdir()?;
    let (config, credentials) = (dir.path().join("config"), dir.path().join("credentials"));
    assert_eq!(Profiles::load(&config, &credentials)?.iter().count(), 0);

    fs::write(&config, "[profile x]\nregion = r\n")?;
    fs::write(&credentials, "[y]\n")?;
    let profiles = Profiles::load(&config, &credentials)?;
    assert_eq!(profiles.get("x").and_then(|p| p.get("Region")), Some("r"));
    assert!(profiles.get("y").is_some());

    let fails = |with: &[u8], reason: &str| -> Outcome {
        fs::write(&credentials, with)?;
        let message = Profiles::load(&config, &credentials).err().unwrap_or_default();
        assert!(message.contains(&*credentials.to_string_lossy()), "{message}");
        assert!(message.contains(reason), "{message}");
        assert!(!message.contains("HUSH"), "{message}");
        Ok(())
    };
    fails(b"[x]\naws_secret_access_key = HUSH\xff", "UTF-8")?;
    fails(&vec![b'#'; 4 * 1024 * 1024 + 1], "4 MiB")?;
    fs::write(&credentials, vec![b'#'; 4 * 1024 * 1024])?;
    assert!(Profiles::load(&config, &credentials).is_ok());
    assert!(Profiles::load(&config, dir.path()).is_err());
    Ok(())
}

/// File pairs that the SDK accepts and that a parser is likely to get wrong.
const NASTY: [(&str, &str); 36] = [
    ("", ""),
    ("[default]", "[default]\n"),
    ("[default]\nregion = a\n[profile default]\nregion = b", "[default]\nregion = c"),
    ("[profile default]\na = 1\n[default]\nb = 2\n[profile default]\nc = 3", "[default]\nd = 4"),
    ("[default]\na = 1\n[profile \"default\"]\nb = 2", "[profile default]\nc = 3"),
    ("[ profile \t foo\t ]\nA_b \t = \t c d \t", "[\tfoo ]\na_B=e"),
    ("[profile \"quoted name\"]\na = 1\n[profile 'q']\na = 2", "[\"q\"]\na = 3\n[q q]\na = 4"),
    ("[profile foo]\na = \"x # y\" # z\nb = 'x;y' ;z\nc = x#y;z", "[foo]\nd = \"\nb = '"),
    (
        "[profile foo]\ncredential_process = \"C:\\Program Files\\a.exe\" --x 'y' \\\nregion = r",
        "[foo]\npath = C:\\dir\\\nnext = \\\\server\\share\\\nlast = \\",
    ),
    ("[profile foo]\r\na = 1\r\n\r\n  b = 2\r\nc =\r\n d = 3\r\n", "[foo]\r\ne = 5\r\n"),
    ("[profile foo]\ns3 =\n  region = x\n  max = 1\n\n\taddressing = path\nregion = y", ""),
    ("[profile foo]\ns3 = inline\n  region = x\n  # not a comment\n  [x]\nregion = y", ""),
    ("[profile foo]\nin valid = 1\n  region = x\nregion = y\nin\\valid\\= 2\nöl = 3", ""),
    ("[profile foo]\na:b = c\n:d = e\nf = g:h\ni/j.k%l@m+n-o = p\n@ = :\n/ = =", ""),
    ("[profile foo]\na = 1\na = 2\nA = 3\na =\n  b = 4", "[foo]\na = 5\n[foo]\nA = 6"),
    ("[profile foo]\ns3 =\n a = 1\n[profile foo]\ns3 =\n b = 2", "[foo]\ns3 = 3"),
    ("[foo]\na = 1\n[profilefoo]\nb = 2\n[Profile foo]\nc = 3", "[profile foo]\nd = 4"),
    ("[profile foo] # x ] y\n[profile bar];\n[profile baz]#[profile no]", "[a]#]\n[b];"),
    ("[profile a]b]\nx = 1\n[[profile c]]\nx = 2\n[profile d\\]\nx = 3", "[a]b]\ny = 1\n[]\nz = 2"),
    ("[profile ]\na = 1\n[profile]\nb = 2\n[]\nc = 3", "[profile]\nd = 4\n[default ]\ne = 5"),
    ("[profile \u{a0}]\na = 1\n[\u{a0}default]\nb = 2", "[\u{a0}x\u{a0}]\nc = \u{a0}d\u{a0}"),
    ("[profile foo]\na = \u{a0}x\u{2003}# y\nb = \u{b}z\u{c}\n\u{a0}c = d", "[ü]\na = 1"),
    ("[profile foo]\na = x\ry\nb = \r\nc = \0\nd = 🐱 \u{7f}", "[foo]\n\u{feff}e = f\n"),
    ("# top\n; top\n\n \t\n[profile foo]\n#a = 1\na = 2\n;b = 3\n  ;c = 4", "#\n;\n"),
    (
        "[sso-session s]\nsso_region = r\nsso_start_url = https://x/start#/\n\
         [profile foo]\nsso_session = s\n[sso-session default]\na = b\n[sso-session in valid]\nc = d",
        "[sso-session s]\nsso_region = other",
    ),
    (
        "[sso-sessions]\na = 1\n[sso-sesion x]\nb = 2\n[sso-session\tx]\nc = 3",
        "[sso-sessionx]\nd = 4",
    ),
    (
        "[services dev]\ns3 =\n  endpoint_url = http://a:1/?b=c # d\n  X = y\ndynamodb =\n endpoint_url=http://e\n\
         [profile foo]\nservices = dev",
        "[services dev]\ns3 =\n endpoint_url = no",
    ),
    (
        "[services dev]\ns3 = a = b\n  c = d\n  not one\n  =e\ns3 x =\n f = g\n[services dev]\nec2 =\n h = i\n\
         [services dev]\nec2 =\n j = k",
        "",
    ),
    (
        "[plugins]\ncli_legacy_plugin_path = x\n  y\n[preview]\na = true\n[profile foo]\nb = c",
        "[plugins]\nd = e",
    ),
    ("[profile foo]\na = 1\n  [profile bar]\nb = 2\n\t[bar]\nc = 3", "[foo]\na = 4\n = 5\n  ="),
    ("[profile foo]\na = \\n\\t\\x0041\\u0041\\\nb = %(c)s ${d} $e\nc = ~/x", "[foo]\nd = \\\"\\'"),
    (
        "[profile foo]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile=foo\nmfa_serial=",
        "",
    ),
    (
        "[default]\naws_access_key_id = A\naws_secret_access_key = a/b+c==\naws_account_id = 1",
        "[default]\naws_session_token = \"t\\\"\n[half]\naws_access_key_id = B\n[other]\naws_secret_access_key=#c",
    ),
    (
        "[default]\naws_secret_access_key = a\n  b\naws_session_token =\n c = d",
        "[default]\nAWS_SECRET_ACCESS_KEY = e",
    ),
    ("[profile foo]\na ==\nb = =\nc= # =\nd =# e\nf = ;\ng=;", "[foo]\nh = #\ni =\t#x\nj = k\t;l"),
    ("[profile foo]\nA.B = 1\na.b = 2\n[profile Foo]\na = 3\n[profile FOO]\na = 4", "[fOO]\na = 5"),
];

#[tokio::test]
async fn reads_files_as_the_sdk_does() -> Outcome {
    for (config, credentials) in NASTY {
        let sdk = sdk_parse(config, credentials).await?;
        let sdk = sdk.ok_or_else(|| format!("the SDK rejects {config:?} {credentials:?}"))?;
        compare(config, credentials, &sdk);
    }
    Ok(())
}

#[tokio::test]
async fn reads_mangled_files_as_the_sdk_does() -> Outcome {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for round in 0..1200 {
        let at = round % NASTY.len();
        let Some((config, credentials)) = NASTY.get(at) else {
            continue;
        };
        let (mut config, mut credentials) = (config.to_string(), credentials.to_string());
        for _ in 0..=random.below(3) {
            let text = [&mut config, &mut credentials];
            if let Some(text) = text.into_iter().nth(random.below(2)) {
                *text = random.mangle(text);
            }
        }
        for (text, source) in [(&config, Source::Config), (&credentials, Source::Credentials)] {
            let normal = normalise(text, source);
            assert!(Ini::load_from_str(&normal).is_ok(), "{text:?} -> {normal:?}");
        }
        let profiles = Profiles::parse(&config, &credentials);
        for profile in profiles.iter() {
            profile.kind();
            profiles.service_setting(profile, "S3", "endpoint_url");
        }
        // Where two spellings of a heading meet, the SDK's answer is a matter of chance.
        if one_spelling(&config)
            && one_spelling(&credentials)
            && let Some(sdk) = sdk_parse(&config, &credentials).await?
        {
            compare(&config, &credentials, &sdk);
            accepted += 1;
        }
    }
    assert!(accepted >= 500, "only {accepted} mangled pairs were fit to compare");
    Ok(())
}

/// What the SDK makes of the files; nothing, if it rejects them.
async fn sdk_parse(
    config: &str,
    credentials: &str,
) -> Result<Option<EnvConfigSections>, Box<dyn Error>> {
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, config)
        .with_contents(EnvConfigFileKind::Credentials, credentials)
        .build();
    let loaded = source::load(&Env::from_slice(&[]), &Fs::from_slice(&[]), &files).await?;
    Ok(EnvConfigSections::parse(loaded).ok())
}

/// Asserts that both parsers see the same names, settings and values.
#[track_caller]
fn compare(config: &str, credentials: &str, sdk: &EnvConfigSections) {
    let ours = Profiles::parse(config, credentials);
    let context = format!("config {config:?}, credentials {credentials:?}");
    let names: BTreeSet<_> = ours.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, sdk.profiles().collect(), "profiles of {context}");
    let names: BTreeSet<_> = ours.sso_sessions.keys().map(String::as_str).collect();
    assert_eq!(names, sdk.sso_sessions().collect(), "sessions of {context}");

    // The SDK lists no settings, so ask it for every name that the files could hold.
    let mut candidates: BTreeSet<String> = [config, credentials]
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim_matches(BLANK).to_owned())
        .flat_map(|key| [key.to_ascii_lowercase(), key])
        .collect();
    for profile in ours.iter() {
        candidates.extend(profile.settings.keys().cloned());
    }
    for key in &candidates {
        for profile in ours.iter() {
            let theirs = sdk.get_profile(&profile.name).and_then(|p| p.get(key));
            let theirs = theirs.map(without_secret_lines);
            let context = format!("{key:?} of {:?} of {context}", profile.name);
            let mine = match (&profile.keys, key.to_ascii_lowercase().as_str()) {
                (Some(keys), SECRET_ACCESS_KEY) => Some(keys.secret_access_key.expose_secret()),
                (Some(keys), SESSION_TOKEN) => {
                    keys.session_token.as_ref().map(ExposeSecret::expose_secret)
                }
                _ => profile.get(key),
            };
            if profile.keys.is_none() && is_secret(key) {
                assert_eq!(mine, None, "{context}");
            } else {
                assert_eq!(mine, theirs.as_deref(), "{context}");
            }
        }
        for (name, session) in &ours.sso_sessions {
            let theirs = sdk.sso_session(name).and_then(|s| s.get(key));
            let theirs = theirs.map(without_secret_lines);
            if !is_secret(key) {
                assert_eq!(session.get(key), theirs.as_deref(), "{key:?} of {name:?} of {context}");
            }
        }
    }
    compare_services(&ours, sdk, &candidates, &context);
}

#[track_caller]
fn compare_services(
    ours: &Profiles,
    sdk: &EnvConfigSections,
    candidates: &BTreeSet<String>,
    context: &str,
) {
    // Lines of a block start with the name of a setting; a block's first line may hold one too.
    let mut keys = candidates.clone();
    keys.insert("a".to_owned());
    for name in ["dev", "default", ""] {
        for block in candidates {
            for key in &keys {
                let mine = ours.services.get(name).and_then(|services| services.get(block));
                let mine = mine.and_then(|block| block.settings.get(key));
                let path = PropertiesKey::builder()
                    .section_key(SERVICES)
                    .section_name(name)
                    .property_name(block)
                    .sub_property_name(key);
                let theirs = path.build().ok().and_then(|path| sdk.other_sections().get(&path));
                if !is_secret(key) {
                    assert_eq!(mine, theirs, "{key:?} of {block:?} of {name:?} of {context}");
                }
            }
        }
    }
}

/// The SDK's value without the lines that this parser leaves out on purpose.
fn without_secret_lines(value: &str) -> String {
    let mut lines = value.split('\n');
    let first = lines.next().unwrap_or_default();
    let rest = lines.filter(|line| {
        let lower = line.to_ascii_lowercase();
        !SECRETS.into_iter().any(|secret| lower.contains(secret))
    });
    [first].into_iter().chain(rest).collect::<Vec<_>>().join("\n")
}

/// Whether no two headings of the text differ in white space and comments alone.
fn one_spelling(text: &str) -> bool {
    let raw: BTreeSet<_> = text.lines().filter(|line| line.starts_with('[')).collect();
    let plain = raw.iter().map(|line| {
        let line = line.split(COMMENT).next().unwrap_or_default();
        line.split_whitespace().collect::<String>()
    });
    plain.collect::<BTreeSet<_>>().len() == raw.len()
}

/// A small xorshift generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound.max(1)
    }

    /// The text with a piece put in or taken out, or a line doubled or moved.
    fn mangle(&mut self, text: &str) -> String {
        const PIECES: [&str; 30] = [
            "[",
            "]",
            "=",
            "#",
            ";",
            " ",
            "\t",
            "\n",
            "\r",
            "\"",
            "'",
            "\\",
            ":",
            "\u{a0}",
            "🐱",
            "\n ",
            " #",
            "\r\n",
            "a",
            "\0",
            "\\\n",
            "\nk = v",
            "\nk =\n s = t",
            "\n[profile m]\n",
            "\n[default]\n",
            "\n[m]\n",
            "\n[services dev]\n",
            "\n[sso-session s]\n",
            "\u{feff}",
            "\naws_session_token = t\n",
        ];
        let chars: Vec<char> = text.chars().collect();
        let at = self.below(chars.len() + 1);
        let (before, after) = chars.split_at(at);
        let mut lines: Vec<&str> = text.lines().collect();
        match self.below(6) {
            0..3 => {
                let piece = PIECES.get(self.below(PIECES.len())).copied().unwrap_or_default();
                let piece = piece.chars();
                before.iter().copied().chain(piece).chain(after.iter().copied()).collect()
            }
            3 => {
                let gone = self.below(6);
                before.iter().chain(after.iter().skip(gone)).collect()
            }
            4 => {
                if let Some(line) = lines.get(self.below(lines.len())).copied() {
                    lines.insert(self.below(lines.len()), line);
                }
                lines.join("\n")
            }
            _ => {
                if !lines.is_empty() {
                    let line = lines.remove(self.below(lines.len()));
                    lines.insert(self.below(lines.len() + 1), line);
                }
                lines.join("\n")
            }
        }
    }
}
