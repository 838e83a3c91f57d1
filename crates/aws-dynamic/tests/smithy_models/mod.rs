//! Small Smithy models, and archives of them.

#![allow(dead_code)]

use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

/// A model of one service.
pub struct Model {
    id: String,
    name: String,
    signing_name: String,
    protocol: &'static str,
    url: String,
    properties: Value,
    has_rules: bool,
    version: String,
    /// The input's first member.
    label: String,
    /// Another member of the input, with its traits.
    member: Option<(String, Value)>,
    operations: Vec<(String, Value)>,
    raw: Option<Vec<u8>>,
}

impl Model {
    /// One that speaks JSON.
    pub fn new(id: &str) -> Self {
        let name = id.to_lowercase().replace(' ', "-");
        Self {
            id: id.to_owned(),
            name: id.replace(' ', ""),
            signing_name: name.clone(),
            protocol: "aws.protocols#awsJson1_0",
            url: format!("https://{name}.{{Region}}.{{P#dnsSuffix}}"),
            properties: json!({}),
            has_rules: true,
            version: "2026-01-01".to_owned(),
            label: "name".to_owned(),
            member: None,
            operations: Vec::new(),
            raw: None,
        }
    }

    /// One whose operations have paths.
    pub fn rest(id: &str) -> Self {
        Self { protocol: "aws.protocols#restJson1", ..Self::new(id) }
    }

    /// As S3 does.
    pub fn xml(id: &str) -> Self {
        Self { protocol: "aws.protocols#restXml", ..Self::new(id) }
    }

    /// One that speaks queries.
    pub fn query(id: &str) -> Self {
        Self { protocol: "aws.protocols#awsQuery", ..Self::new(id) }
    }

    pub fn version(self, version: &str) -> Self {
        Self { version: version.to_owned(), ..self }
    }

    pub fn label(self, label: &str) -> Self {
        Self { label: label.to_owned(), ..self }
    }

    pub fn member(self, name: &str, traits: Value) -> Self {
        Self { member: Some((name.to_owned(), traits)), ..self }
    }

    /// A file that is what it is.
    pub fn raw(folder: &str, content: Vec<u8>) -> Self {
        Self { raw: Some(content), ..Self::new(folder) }
    }

    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    pub fn signing_name(self, name: &str) -> Self {
        Self { signing_name: name.to_owned(), ..self }
    }

    pub fn url(self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self }
    }

    pub fn properties(self, properties: Value) -> Self {
        Self { properties, ..self }
    }

    pub fn without_rules(self) -> Self {
        Self { has_rules: false, ..self }
    }

    /// An operation with its traits; one without a path gets one of its own.
    pub fn operation(mut self, name: &str, traits: Value) -> Self {
        self.operations.push((name.to_owned(), traits));
        self
    }

    pub fn folder(&self) -> String {
        self.id.to_lowercase().replace(' ', "-")
    }

    pub fn json(&self) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let text = |text: &str| json!({"smithy.api#documentation": text});
        let mut shapes = Map::new();
        let mut references = Vec::new();
        for (name, traits) in &self.operations {
            let text = traits.to_string().replace("{name}", &format!("{{{}}}", self.label));
            let traits: Value = serde_json::from_str(&text).unwrap();
            let mut traits = traits.as_object().unwrap().clone();
            let http = json!({"method": "POST", "uri": format!("/{name}"), "code": 200});
            traits.entry("smithy.api#http").or_insert(http);
            let about = json!(format!("<p>Does <code>{name}</code>.</p> And so on."));
            traits.insert("smithy.api#documentation".to_owned(), about);
            let target = |name: &str| json!({"target": format!("test#{name}")});
            references.push(target(name));
            shapes.insert(
                format!("test#{name}"),
                json!({"type": "operation", "input": target("In"), "output": target("Out"),
                       "traits": traits}),
            );
        }
        let mut label = text("A name.");
        if self.operations.iter().any(|(_, t)| t.to_string().contains("{name}")) {
            label = json!({"smithy.api#required": {}, "smithy.api#httpLabel": {}});
        }
        let token = json!({"smithy.api#idempotencyToken": {}});
        let mut members = Map::new();
        let text_with = |traits: Value| json!({"target": "smithy.api#String", "traits": traits});
        members.insert(self.label.clone(), text_with(label));
        members.insert("token".to_owned(), text_with(token));
        if let Some((name, traits)) = &self.member {
            members.insert(name.clone(), text_with(traits.clone()));
        }
        shapes.insert("test#In".to_owned(), json!({"type": "structure", "members": members}));
        shapes.insert(
            "test#Out".to_owned(),
            json!({"type": "structure", "members": {
                "secretName": {"target": "test#Secret"}, "plain": {"target": "smithy.api#String"}}}),
        );
        let secret = json!({"type": "string", "traits": {"smithy.api#sensitive": {}}});
        shapes.insert("test#Secret".to_owned(), secret);
        let mut traits = json!({
            "aws.api#service": {"sdkId": self.id, "arnNamespace": self.signing_name,
                "endpointPrefix": self.signing_name},
            "aws.auth#sigv4": {"name": self.signing_name},
            "smithy.api#documentation": "<p>A service of the test.</p>",
        });
        traits[self.protocol] = json!({});
        if self.protocol.ends_with("Query") {
            traits["smithy.api#xmlNamespace"] = json!({"uri": "https://test"});
        }
        if self.has_rules {
            traits["smithy.rules#endpointRuleSet"] = self.rules();
        }
        shapes.insert(
            format!("test#{}", self.name),
            json!({"type": "service", "version": self.version, "operations": references,
                   "traits": traits}),
        );
        json!({"smithy": "2.0", "shapes": shapes}).to_string().into_bytes()
    }

    fn rules(&self) -> Value {
        json!({
            "version": "1.0",
            "parameters": {
                "Region": {"type": "String", "builtIn": "AWS::Region"},
                "Name": {"type": "String", "default": "x"},
                "Endpoint": {"type": "String", "builtIn": "SDK::Endpoint"},
            },
            "rules": [{"type": "endpoint", "conditions": [
                {"fn": "aws.partition", "argv": [{"ref": "Region"}], "assign": "P"},
            ], "endpoint": {"url": self.url, "properties": self.properties}}],
        })
    }
}

/// A tarball as the repository's are.
pub fn archive(models: &[Model]) -> Vec<u8> {
    let paths: Vec<(String, Vec<u8>)> = models
        .iter()
        .map(|model| {
            let folder = model.folder();
            let path = format!("top/models/{folder}/service/2026-01-01/{folder}-2026-01-01.json");
            (path, model.json())
        })
        .collect();
    let files: Vec<(&str, &[u8])> =
        paths.iter().map(|(path, content)| (path.as_str(), content.as_slice())).collect();
    gzipped(&tar_of(&files))
}

pub fn gzipped(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut stream = GzEncoder::new(Vec::new(), Compression::fast());
    stream.write_all(content).unwrap();
    stream.finish().unwrap()
}

pub fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        put(&mut tar, tar::EntryType::Regular, path, content);
    }
    tar.into_inner().unwrap()
}

/// An entry with a name that `tar` itself would refuse to write.
fn put(tar: &mut tar::Builder<Vec<u8>>, kind: tar::EntryType, path: &str, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    let name = &mut header.as_old_mut().name;
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

/// An archive with names, links and headers of all kinds, in which only one model is good.
pub fn unusual(model: &Model, content: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let commit = format!("52 comment={}\n", "0a".repeat(20));
    put(&mut tar, tar::EntryType::XGlobalHeader, "pax_global_header", commit.as_bytes());
    put(&mut tar, tar::EntryType::Directory, "top/models/", b"");
    for path in [
        "../../models/evil/service/1/evil.json",
        "/models/evil/service/1/evil.json",
        "top/models/../service/1/evil.json",
        "top/models/e vil/service/1/evil.json",
        "top/models/evil\\x/service/1/evil.json",
        "a/b/models/evil/service/1/evil.json",
        "top/models/evil/service/1/more/evil.json",
    ] {
        put(&mut tar, tar::EntryType::Regular, path, content);
    }
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "top/models/link/service/1/link-1.json", "/etc/passwd").unwrap();
    // A name in a header of its own.
    let folder = model.folder();
    let path = format!("top/models/{folder}/service/2026-01-01/{}.json", "long".repeat(25));
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, path, content).unwrap();
    gzipped(&tar.into_inner().unwrap())
}

/// A folder that is gone with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("newer-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        // Whatever the umask of who runs this is.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
