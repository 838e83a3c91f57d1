//! Puts this program into Claude Desktop's configuration file, and takes it out again.
//!
//! The file belongs to somebody else: to Claude Desktop and to the person at the keyboard.
//! So it is not parsed and printed anew, which would reflow it and round its numbers. It is
//! edited in place: only the bytes of our own entry change, everything else stays as it was.
//! What cannot be understood completely is refused and left alone.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What to do with our entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Add,
    Remove,
}

/// Whether to touch the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Write,
    DryRun,
}

/// What happened to our entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Added,
    Updated,
    Removed,
    Unchanged,
}

/// What would be or was done, to be printed by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The configuration file, as it was named.
    pub path: PathBuf,
    pub change: Change,
    /// Where the text from before is kept; none when there was nothing to keep.
    pub backup: Option<PathBuf>,
}

/// Where Claude Desktop keeps its configuration on `os` (as in `std::env::consts::OS`).
///
/// # Errors
/// When the environment does not say where the user's folder is.
pub fn config_path(os: &str, var: impl Fn(&str) -> Option<String>) -> Result<PathBuf, String> {
    let set = |name: &str| var(name).filter(|value| !value.is_empty());
    let needed = |name: &str| {
        set(name).ok_or_else(|| {
            format!(
                "cannot tell where Claude Desktop keeps its configuration: {name} is not set; \
                 set it, or name the file with --config-file"
            )
        })
    };
    let base = match os {
        "macos" => PathBuf::from(needed("HOME")?).join("Library").join("Application Support"),
        "windows" => PathBuf::from(needed("APPDATA")?),
        // The XDG rules say to ignore a relative path here.
        _ => match set("XDG_CONFIG_HOME").filter(|dir| dir.starts_with('/')) {
            Some(dir) => PathBuf::from(dir),
            None => PathBuf::from(needed("HOME")?).join(".config"),
        },
    };
    Ok(base.join("Claude").join("claude_desktop_config.json"))
}

/// The file's text after `action`, or none when it already is as it should be.
///
/// # Errors
/// When the text is not JSON, or not of a shape this can safely edit. The message says what
/// to do about it, and does not name the file: the caller knows that.
pub fn merge(before: &str, action: Action, command: &Path) -> Result<Option<String>, String> {
    let (mark, body) = match before.strip_prefix(BYTE_ORDER_MARK) {
        Some(body) => (BYTE_ORDER_MARK, body),
        None => ("", before),
    };
    let text = if body.trim().is_empty() { "{}\n" } else { body };
    check_json(text)?;
    let after = match action {
        Action::Add => add(text, &quoted_command(command)?)?,
        Action::Remove => remove(text)?,
    };
    if after == text {
        return Ok(None);
    }
    check_json(&after).map_err(|_| uneditable())?;
    Ok(Some(format!("{mark}{after}")))
}

/// Carries out `action` on the file at `path`, keeping a backup of what was there.
///
/// # Errors
/// When the file cannot be read, understood or written; it is then as it was before.
pub fn apply(path: &Path, action: Action, command: &Path, mode: Mode) -> Result<Report, String> {
    let report = |change, backup| Report { path: path.to_owned(), change, backup };
    let target = behind_links(path)?;
    let found = read(&target)?;
    let before = found.as_ref().map_or("", |file| file.text.as_str());
    let about = |message: String| format!("{}: {message}", path.display());
    let Some(after) = merge(before, action, command).map_err(about)? else {
        return Ok(report(Change::Unchanged, None));
    };
    let change = match action {
        Action::Remove => Change::Removed,
        Action::Add if is_registered(before).map_err(about)? => Change::Updated,
        Action::Add => Change::Added,
    };
    if let Some(file) = &found
        && file.permissions.readonly()
    {
        return Err(about(
            "the file is read-only; make it writable, then run this again".to_owned(),
        ));
    }
    let backup = match &found {
        Some(file) if !file.text.is_empty() => Some(backup_for(path, file)?),
        _ => None,
    };
    if mode == Mode::Write {
        if let (Some(file), Some(Backup::New(copy))) = (&found, &backup) {
            create(copy, &file.text, Some(&file.permissions))
                .map_err(|error| cannot("write the backup", copy, error))?;
        }
        replace(&target, found.as_ref(), &after)?;
    }
    Ok(report(change, backup.map(Backup::into_path)))
}

const BYTE_ORDER_MARK: &str = "\u{feff}";
const SERVERS: &str = "mcpServers";
const PROGRAM: &str = "aws-mcp";
/// The names our entry may have: the second is for when somebody else's has the first.
const NAMES: [&str; 2] = ["aws", PROGRAM];

/// The file as it was found.
struct Found {
    text: String,
    permissions: Permissions,
}

/// Where the backup is: still to be written, or there from an earlier run.
enum Backup {
    New(PathBuf),
    Kept(PathBuf),
}

impl Backup {
    fn into_path(self) -> PathBuf {
        match self {
            Self::New(path) | Self::Kept(path) => path,
        }
    }
}

/// A JSON object in a text: offsets, not copies.
struct Object {
    /// Just after the opening brace.
    open: usize,
    /// At the closing brace.
    close: usize,
    members: Vec<Member>,
}

struct Member {
    key: String,
    key_at: usize,
    value: Range<usize>,
}

/// How the file is laid out, to be imitated.
struct Layout {
    newline: &'static str,
    indent: String,
    shape: Shape,
}

enum Shape {
    Lines,
    OneLine,
}

fn check_json(text: &str) -> Result<(), String> {
    match serde_json::from_str::<Value>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "not valid JSON: {error}; nothing was changed. Correct that line (comments and \
             trailing commas are not allowed in JSON), then run this again"
        )),
    }
}

/// The command as a JSON string.
fn quoted_command(command: &Path) -> Result<String, String> {
    let Some(path) = command.to_str() else {
        return Err(format!(
            "the program's own path {} is not valid Unicode, which JSON needs; install it in a \
             folder with a plain name, then run this again",
            command.display()
        ));
    };
    // Windows' canonical form, `\\?\C:\...`, is for its API rather than for other programs.
    let plain = match path.strip_prefix(r"\\?\") {
        Some(rest) if rest.get(1..2) == Some(":") => rest,
        _ => path,
    };
    Ok(Value::from(plain).to_string())
}

fn add(text: &str, command: &str) -> Result<String, String> {
    let layout = layout(text)?;
    let root = root(text)?;
    let text = match find(&root, SERVERS)? {
        Some(_) => text.to_owned(),
        None => insert(text, &root, 0, SERVERS, "{}", &layout)?,
    };
    let (servers, ours) = servers(&text)?;
    if !ours.is_empty() {
        return update(&text, &ours, command);
    }
    let name = free_name(&servers)?;
    let text = insert(&text, &servers, 1, name, "{}", &layout)?;
    let text = insert(&text, &entry(&text, name)?, 2, "command", command, &layout)?;
    insert(&text, &entry(&text, name)?, 2, "args", "[]", &layout)
}

/// Sets the command of each of our entries and leaves what was added to them.
fn update(text: &str, ours: &[String], command: &str) -> Result<String, String> {
    let mut text = text.to_owned();
    for name in ours {
        let entry = entry(&text, name)?;
        let value = find(&entry, "command")?.ok_or_else(uneditable)?;
        // Written differently (`\/` for `/`) but meaning the same: leave it.
        if string_at(&text, &value.value) != serde_json::from_str(command).ok() {
            text = splice(&text, value.value.clone(), command)?;
        }
    }
    Ok(text)
}

fn remove(text: &str) -> Result<String, String> {
    let mut text = text.to_owned();
    loop {
        let (servers, ours) = servers(&text)?;
        let Some(name) = ours.first() else {
            return Ok(text);
        };
        text = splice(&text, span_with_comma(&servers, name)?, "")?;
    }
}

fn is_registered(before: &str) -> Result<bool, String> {
    let text = before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before);
    if text.trim().is_empty() {
        return Ok(false);
    }
    Ok(!servers(text)?.1.is_empty())
}

fn layout(text: &str) -> Result<Layout, String> {
    let root = root(text)?;
    let gap = gap(text, &root);
    let lines = root.members.is_empty() || gap.contains('\n');
    Ok(Layout {
        newline: if text.contains("\r\n") { "\r\n" } else { "\n" },
        indent: match gap.rsplit_once('\n') {
            Some((_, indent)) if !indent.is_empty() && !root.members.is_empty() => {
                indent.to_owned()
            }
            _ => "  ".to_owned(),
        },
        shape: if lines { Shape::Lines } else { Shape::OneLine },
    })
}

fn root(text: &str) -> Result<Object, String> {
    object_at(text, 0).ok_or_else(|| {
        "the file holds something other than a JSON object, so there is no place for a server \
         in it; nothing was changed. Make it {} (or move it away), then run this again"
            .to_owned()
    })
}

/// The servers there are (an empty object when none), and the names of those that are ours.
fn servers(text: &str) -> Result<(Object, Vec<String>), String> {
    let nothing = Object { open: 0, close: 0, members: Vec::new() };
    let Some(range) = find(&root(text)?, SERVERS)?.map(|member| member.value.clone()) else {
        return Ok((nothing, Vec::new()));
    };
    let servers = object_at(text, range.start).ok_or_else(|| {
        format!(
            "\"{SERVERS}\" is not an object, so there is no place for a server in it; nothing \
             was changed. Make it {{}} (or delete it), then run this again"
        )
    })?;
    let mut ours = Vec::new();
    for name in NAMES {
        if let Some(member) = find(&servers, name)?
            && is_ours(text, member)?
        {
            ours.push(name.to_owned());
        }
    }
    Ok((servers, ours))
}

fn is_ours(text: &str, server: &Member) -> Result<bool, String> {
    let Some(entry) = object_at(text, server.value.start) else {
        return Ok(false);
    };
    let command = find(&entry, "command")?.and_then(|member| string_at(text, &member.value));
    Ok(command.is_some_and(|command| file_stem(&command) == PROGRAM))
}

/// Like `Path::file_stem`, for paths of either kind on either system.
fn file_stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

fn free_name(servers: &Object) -> Result<&'static str, String> {
    for name in NAMES {
        if find(servers, name)?.is_none() {
            return Ok(name);
        }
    }
    let [first, second] = NAMES;
    Err(format!(
        "the names \"{first}\" and \"{second}\" in \"{SERVERS}\" both belong to other servers; \
         nothing was changed. Rename one of them, then run this again"
    ))
}

fn entry(text: &str, name: &str) -> Result<Object, String> {
    let (servers, _) = servers(text)?;
    let server = find(&servers, name)?.ok_or_else(uneditable)?;
    object_at(text, server.value.start).ok_or_else(uneditable)
}

/// The one member called `key`. Twice is refused: programs differ in which of the two counts.
fn find<'a>(object: &'a Object, key: &str) -> Result<Option<&'a Member>, String> {
    let mut called = object.members.iter().filter(|member| member.key == key);
    let first = called.next();
    if called.next().is_some() {
        return Err(format!(
            "the key \"{key}\" is there twice in the same object; nothing was changed. Delete \
             one of the two, then run this again"
        ));
    }
    Ok(first)
}

/// The text with a member added at the end of `object`, which lies `depth` objects deep.
fn insert(
    text: &str,
    object: &Object,
    depth: usize,
    key: &str,
    value: &str,
    layout: &Layout,
) -> Result<String, String> {
    let member = format!("{}: {value}", Value::from(key));
    let Some(last) = object.members.last() else {
        let filled = match layout.shape {
            Shape::OneLine => member,
            Shape::Lines => {
                let outer = layout.indent.repeat(depth);
                let Layout { newline, indent, .. } = layout;
                format!("{newline}{outer}{indent}{member}{newline}{outer}")
            }
        };
        return splice(text, object.open..object.close, &filled);
    };
    let gap = gap(text, object);
    let gap = if gap.contains('\n') { gap } else { " " };
    splice(text, last.value.end..last.value.end, &format!(",{gap}{member}"))
}

/// The white space before the first member.
fn gap<'a>(text: &'a str, object: &Object) -> &'a str {
    let first = object.members.first();
    let end = first.map_or(object.close, |member| member.key_at);
    text.get(object.open..end).unwrap_or_default()
}

/// The member's place together with the comma that sets it apart.
fn span_with_comma(object: &Object, key: &str) -> Result<Range<usize>, String> {
    let members = &object.members;
    let position = members.iter().position(|member| member.key == key);
    let position = position.ok_or_else(uneditable)?;
    let this = members.get(position).ok_or_else(uneditable)?;
    let previous = position.checked_sub(1).and_then(|index| members.get(index));
    Ok(match (previous, members.get(position + 1)) {
        (Some(previous), _) => previous.value.end..this.value.end,
        (None, Some(next)) => this.key_at..next.key_at,
        (None, None) => object.open..object.close,
    })
}

fn splice(text: &str, range: Range<usize>, new: &str) -> Result<String, String> {
    match (text.get(..range.start), text.get(range.end..)) {
        (Some(head), Some(tail)) => Ok(format!("{head}{new}{tail}")),
        _ => Err(uneditable()),
    }
}

fn uneditable() -> String {
    format!(
        "the file could not be edited safely; nothing was changed. Add the entry to \
         \"{SERVERS}\" by hand, as in claude_desktop_config.example.json"
    )
}

/// The object that starts at `start`, or none when something else does. The text is known to
/// be JSON, so this looks only for where things begin and end.
fn object_at(text: &str, start: usize) -> Option<Object> {
    let bytes = text.as_bytes();
    let brace = after_space(bytes, start);
    if *bytes.get(brace)? != b'{' {
        return None;
    }
    let open = brace + 1;
    let mut members = Vec::new();
    let mut at = after_space(bytes, open);
    loop {
        match *bytes.get(at)? {
            b'}' => {
                return Some(Object { open, close: at, members });
            }
            b',' => at = after_space(bytes, at + 1),
            _ => {
                let key_end = value_end(bytes, at)?;
                let colon = after_space(bytes, key_end);
                let value_at = after_space(bytes, colon + 1);
                let value = value_at..value_end(bytes, value_at)?;
                let next = after_space(bytes, value.end);
                members.push(Member { key: string_at(text, &(at..key_end))?, key_at: at, value });
                at = next;
            }
        }
    }
}

fn string_at(text: &str, range: &Range<usize>) -> Option<String> {
    serde_json::from_str(text.get(range.clone())?).ok()
}

fn after_space(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    start + space.count()
}

fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match *bytes.get(at)? {
            b'"' => at = string_end(bytes, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            _ if depth > 0 => at += 1,
            _ => {
                let rest = bytes.get(at..)?;
                let ends =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                return Some(at + rest.iter().take_while(|byte| !ends(byte)).count());
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Just after the closing quote of the string that opens at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The file itself when `path` is a link to it, be it there already or not.
fn behind_links(path: &Path) -> Result<PathBuf, String> {
    const MOST: usize = 40;
    let mut at = path.to_owned();
    for _ in 0..MOST {
        if !at.is_symlink() {
            return Ok(at);
        }
        let to = fs::read_link(&at).map_err(|error| cannot("follow the link", &at, error))?;
        at = match at.parent() {
            Some(folder) => folder.join(to),
            None => to,
        };
    }
    Err(cannot("follow the link", path, "it leads in a circle"))
}

fn read(path: &Path) -> Result<Option<Found>, String> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("read", path, error)),
    };
    let permissions = match fs::metadata(path) {
        Ok(data) => data.permissions(),
        Err(error) => return Err(cannot("read", path, error)),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Found { text, permissions })),
        Err(_) => Err(cannot(
            "read",
            path,
            "it is not UTF-8 text; nothing was changed. Save it as UTF-8, then run this again",
        )),
    }
}

/// The first backup name that is free or that holds the same text already.
fn backup_for(path: &Path, file: &Found) -> Result<Backup, String> {
    const MOST: usize = 1000;
    for number in 1..=MOST {
        let mut name = path.as_os_str().to_owned();
        name.push(".aws-mcp-backup");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let candidate = PathBuf::from(name);
        match fs::read(&candidate) {
            Ok(bytes) if bytes == file.text.as_bytes() => return Ok(Backup::Kept(candidate)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Backup::New(candidate));
            }
            _ => {}
        }
    }
    Err(cannot(
        "write a backup of",
        path,
        "there are too many already; delete some of the *.aws-mcp-backup* files beside it, \
         then run this again",
    ))
}

/// Puts `after` in the place of the file in one step, so that nobody ever reads half of it.
fn replace(target: &Path, found: Option<&Found>, after: &str) -> Result<(), String> {
    let folder = target.parent().unwrap_or_else(|| Path::new(""));
    create_folder(folder).map_err(|error| cannot("create the folder", folder, error))?;
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".aws-mcp-{}.tmp", std::process::id()));
    let temporary = folder.join(name);
    let written = create(&temporary, after, found.map(|file| &file.permissions))
        .map_err(|error| cannot("write", &temporary, error))
        .and_then(|()| still_as(target, found))
        .and_then(|()| {
            fs::rename(&temporary, target).map_err(|error| cannot("replace", target, error))
        });
    if written.is_err() {
        // Best effort: the error that matters is the one above.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Refuses when somebody else wrote the file since it was read.
fn still_as(target: &Path, found: Option<&Found>) -> Result<(), String> {
    let now = read(target)?;
    if now.map(|file| file.text).as_deref() == found.map(|file| file.text.as_str()) {
        return Ok(());
    }
    Err(cannot(
        "replace",
        target,
        "another program changed it in the meantime; quit Claude Desktop, then run this again",
    ))
}

/// A new file, for its owner only unless `like` says otherwise.
fn create(path: &Path, text: &str, like: Option<&Permissions>) -> io::Result<()> {
    let mut file: File = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(text.as_bytes())?;
    if let Some(permissions) = like {
        fs::set_permissions(path, permissions.clone())?;
    }
    file.sync_all()
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn cannot(what: &str, path: &Path, why: impl Display) -> String {
    format!("cannot {what} {}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    const BIN: &str = "/opt/bin/aws-mcp";
    const FRESH: &str = r#"{
  "mcpServers": {
    "aws": {
      "command": "/opt/bin/aws-mcp",
      "args": []
    }
  }
}
"#;

    /// Adding gives `expected`, and adding once more changes nothing.
    fn check_add(before: &str, expected: &str) {
        let after = add_to(before).unwrap().unwrap();
        assert_eq!(after, expected, "adding to {before}");
        assert_eq!(add_to(&after), Ok(None), "adding twice to {before}");
    }

    /// Removing gives `expected`, and removing once more changes nothing.
    fn check_remove(before: &str, expected: &str) {
        let after = remove_from(before).unwrap().unwrap();
        assert_eq!(after, expected, "removing from {before}");
        assert_eq!(remove_from(&after), Ok(None), "removing twice from {before}");
    }

    /// Both actions leave the text alone and say `words`.
    fn check_refused(before: &str, words: &[&str]) {
        for answer in [add_to(before), remove_from(before)] {
            let message = answer.unwrap_err();
            for word in words.iter().chain(&["nothing was changed", "run this again"]) {
                assert!(message.contains(word), "{word:?} in {message:?} on {before}");
            }
        }
    }

    fn add_to(before: &str) -> Result<Option<String>, String> {
        merge(before, Action::Add, Path::new(BIN))
    }

    fn remove_from(before: &str) -> Result<Option<String>, String> {
        merge(before, Action::Remove, Path::new(BIN))
    }

    #[test]
    fn nothing_there_yet() {
        check_add("", FRESH);
        check_add(" \r\n\t ", FRESH);
        check_add("{}\n", FRESH);
        check_add("{}", FRESH.trim_end());
        check_add("{ \n }", FRESH.trim_end());
        check_add("\u{feff}", &format!("\u{feff}{FRESH}"));
        check_add("\u{feff}{}\n", &format!("\u{feff}{FRESH}"));
        check_add(
            "{\"mcpServers\": {}}",
            r#"{"mcpServers": {"aws": {"command": "/opt/bin/aws-mcp", "args": []}}}"#,
        );
        check_add("{\n  \"mcpServers\": { }\n}\n", FRESH);
    }

    #[test]
    fn the_rest_is_kept_to_the_byte() {
        check_add(
            "{\n\t\"z\": 1.50,\n\t\"a\" : [1,  2],\n\t\"n\": 123456789012345678901234567890,\n\t\"é\": \"\\u00e9 ✓ \\/\"\n}",
            "{\n\t\"z\": 1.50,\n\t\"a\" : [1,  2],\n\t\"n\": 123456789012345678901234567890,\n\t\"é\": \"\\u00e9 ✓ \\/\",\n\
             \t\"mcpServers\": {\n\t\t\"aws\": {\n\t\t\t\"command\": \"/opt/bin/aws-mcp\",\n\t\t\t\"args\": []\n\t\t}\n\t}\n}",
        );
    }

    #[test]
    fn goes_after_the_other_servers() {
        check_add(
            r#"{
    "mcpServers": {
        "files": {"command": "npx", "args": ["-y", "{\"}"]}
    },
    "globalShortcut": ""
}
"#,
            r#"{
    "mcpServers": {
        "files": {"command": "npx", "args": ["-y", "{\"}"]},
        "aws": {
            "command": "/opt/bin/aws-mcp",
            "args": []
        }
    },
    "globalShortcut": ""
}
"#,
        );
        check_add(
            r#"{"a":1,"mcpServers":{"x":{}}}"#,
            r#"{"a":1,"mcpServers":{"x":{}, "aws": {"command": "/opt/bin/aws-mcp", "args": []}}}"#,
        );
        check_add(
            r#"{"a":1}"#,
            r#"{"a":1, "mcpServers": {"aws": {"command": "/opt/bin/aws-mcp", "args": []}}}"#,
        );
    }

    #[test]
    fn line_endings_are_kept() {
        let before = "{\r\n  \"a\": {}\r\n}\r\n";
        let after = add_to(before).unwrap().unwrap();
        assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
        assert_eq!(after.matches('\n').count(), 9, "{after}");
    }

    #[test]
    fn what_was_added_to_our_entry_stays() {
        check_add(
            r#"{"mcpServers": {"aws": {"env": {"A": "b"}, "command": "/old/aws-mcp", "args": ["-v"], "x": 1}}}"#,
            r#"{"mcpServers": {"aws": {"env": {"A": "b"}, "command": "/opt/bin/aws-mcp", "args": ["-v"], "x": 1}}}"#,
        );
        check_add(
            r#"{"mcpServers": {"aws": {"command": "aws-mcp"}}}"#,
            r#"{"mcpServers": {"aws": {"command": "/opt/bin/aws-mcp"}}}"#,
        );
        check_add(
            r#"{"mcpServers": {"aws": {"command": "C:\\Old\\aws-mcp.exe"}}}"#,
            r#"{"mcpServers": {"aws": {"command": "/opt/bin/aws-mcp"}}}"#,
        );
        let escaped = r#"{"mcpServers": {"aws": {"command": "\/opt\/bin\/aws-mcp"}}}"#;
        assert_eq!(add_to(escaped), Ok(None));
    }

    #[test]
    fn a_name_that_is_taken_is_left_to_its_owner() {
        for other in [
            r#"{"command":"uvx","args":["aws"]}"#,
            r#"{"command":"/opt/bin/aws-mcp-proxy"}"#,
            r#"{"command":"/opt/aws-mcp/run"}"#,
            r#"{"command":7}"#,
            r#"{"url":"https://example.com"}"#,
            "null",
        ] {
            let entry = r#"{"command": "/opt/bin/aws-mcp", "args": []}"#;
            let before = format!(r#"{{"mcpServers": {{"aws": {other}}}}}"#);
            let after = format!(r#"{{"mcpServers": {{"aws": {other}, "aws-mcp": {entry}}}}}"#);
            check_add(&before, &after);
            check_remove(&after, &before);
            assert_eq!(remove_from(&before), Ok(None));
        }
        let moved = r#"{"mcpServers": {"aws-mcp": {"command": "/old/aws-mcp"}}}"#;
        check_add(moved, r#"{"mcpServers": {"aws-mcp": {"command": "/opt/bin/aws-mcp"}}}"#);
        let full = r#"{"mcpServers": {"aws": {"command": "a"}, "aws-mcp": {"command": "b"}}}"#;
        let message = add_to(full).unwrap_err();
        assert!(message.contains("both belong to other servers"), "{message}");
        assert!(message.contains("Rename one"), "{message}");
    }

    #[test]
    fn removing_takes_only_ours() {
        let ours = r#""aws": {"command": "/x/aws-mcp", "env": {"A": "}"}}"#;
        for (before, after) in [
            (format!("{{ {ours} }}"), "{}"),
            (format!(r#"{{{ours}, "b": {{}}}}"#), r#"{"b": {}}"#),
            (format!(r#"{{"a": {{}} , {ours}}}"#), r#"{"a": {}}"#),
            (format!(r#"{{"a": {{}}, {ours} , "b": {{}}}}"#), r#"{"a": {} , "b": {}}"#),
            (format!(r#"{{{ours}, "aws-mcp": {{"command": "aws-mcp"}}}}"#), "{}"),
        ] {
            let wrap =
                |servers: &str| format!("{{\"é\": 1e3, \"mcpServers\": {servers}, \"z\": []}}\n");
            check_remove(&wrap(&before), &wrap(after));
        }
        for before in [
            "",
            "{}",
            r#"{"mcpServers": {}}"#,
            r#"{"mcpServers": {"mine": {"command": "/x/aws-mcp"}}}"#,
        ] {
            assert_eq!(remove_from(before), Ok(None), "{before}");
        }
    }

    #[test]
    fn adding_and_removing_gives_back_the_same_bytes() {
        for before in [
            "{\"mcpServers\":{}}",
            "\u{feff}{\r\n \"x\" : 1 , \"mcpServers\":{ \"b\" :{ } \r\n}\r\n} ",
            "{\n\n  \"mcp\\u0053ervers\": {\n\n \"q\": [[], {}, \"\\\\\"]}, \"deep\": {\"mcpServers\": {\"aws\": 1}}\n}",
        ] {
            let added = add_to(before).unwrap().unwrap();
            assert!(
                serde_json::from_str::<Value>(added.trim_start_matches(BYTE_ORDER_MARK)).is_ok()
            );
            assert_eq!(remove_from(&added).unwrap().unwrap(), before);
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        check_refused("{ // mine\n}", &["line 1", "comments"]);
        check_refused("{\"a\": 1,}", &["trailing comma", "line 1"]);
        check_refused("{\"a\": 1", &["not valid JSON"]);
        check_refused("{}{}", &["not valid JSON"]);
        check_refused("[]", &["other than a JSON object", "Make it {}"]);
        check_refused("null", &["other than a JSON object"]);
        check_refused("\"{}\"", &["other than a JSON object"]);
        check_refused(r#"{"mcpServers": []}"#, &["\"mcpServers\" is not an object"]);
        check_refused(r#"{"mcpServers": null}"#, &["\"mcpServers\" is not an object"]);
        check_refused(
            r#"{"mcpServers": {}, "mcpServers": {}}"#,
            &["\"mcpServers\" is there twice"],
        );
        check_refused(
            r#"{"mcpServers": {"aws": {}, "\u0061ws": {}}}"#,
            &["\"aws\" is there twice"],
        );
        check_refused(
            r#"{"mcpServers": {"aws": {"command": "aws-mcp", "command": "x"}}}"#,
            &["\"command\" is there twice"],
        );
        check_refused(&"[".repeat(500), &["not valid JSON"]);
    }

    #[test]
    fn commands_are_written_as_other_programs_read_them() {
        fn check(command: &str, expected: &str) {
            let after = merge("{}", Action::Add, Path::new(command)).unwrap().unwrap();
            let value: Value = serde_json::from_str(&after).unwrap();
            assert_eq!(value["mcpServers"]["aws"]["command"], expected);
        }
        check("/a b/\"é\"/aws-mcp", "/a b/\"é\"/aws-mcp");
        check(r"C:\Users\me\aws-mcp.exe", r"C:\Users\me\aws-mcp.exe");
        check(r"\\?\C:\Users\me\aws-mcp.exe", r"C:\Users\me\aws-mcp.exe");
        check(r"\\?\UNC\host\share\aws-mcp.exe", r"\\?\UNC\host\share\aws-mcp.exe");
    }

    #[test]
    fn file_stems() {
        fn check(path: &str, expected: &str) {
            assert_eq!(file_stem(path), expected, "{path}");
        }
        check("aws-mcp", "aws-mcp");
        check("/a/b/aws-mcp", "aws-mcp");
        check(r"C:\a\aws-mcp.exe", "aws-mcp");
        check("C:/a/aws-mcp.EXE", "aws-mcp");
        check("/a/.aws-mcp", ".aws-mcp");
        check("/aws-mcp/", "");
        check("", "");
    }

    #[test]
    fn the_example_is_what_is_written() {
        let example = include_str!("../../claude_desktop_config.example.json");
        let command = Path::new("/Users/you/.cargo/bin/aws-mcp");
        assert_eq!(merge("", Action::Add, command).unwrap().unwrap(), example);
    }

    #[test]
    fn config_paths() {
        fn check(os: &str, vars: &[(&str, &str)], expected: Result<&str, &str>) {
            let var = |name: &str| {
                let found = vars.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            match (config_path(os, var), expected) {
                (Ok(path), Ok(expected)) => {
                    let expected = format!("{expected}/Claude/claude_desktop_config.json");
                    assert_eq!(path, PathBuf::from(expected), "{os} {vars:?}");
                }
                (Err(message), Err(word)) => assert!(message.contains(word), "{message}"),
                (answer, _) => panic!("{os} {vars:?}: {answer:?}"),
            }
        }
        let home = ("HOME", "/h");
        check("macos", &[home, ("XDG_CONFIG_HOME", "/x")], Ok("/h/Library/Application Support"));
        check("linux", &[home], Ok("/h/.config"));
        check("freebsd", &[home], Ok("/h/.config"));
        check("linux", &[home, ("XDG_CONFIG_HOME", "/x")], Ok("/x"));
        check("linux", &[("XDG_CONFIG_HOME", "/x")], Ok("/x"));
        check("linux", &[home, ("XDG_CONFIG_HOME", "")], Ok("/h/.config"));
        check("linux", &[home, ("XDG_CONFIG_HOME", "x")], Ok("/h/.config"));
        check("windows", &[home, ("APPDATA", "/r")], Ok("/r"));
        check("macos", &[], Err("HOME is not set"));
        check("linux", &[("HOME", "")], Err("HOME is not set"));
        check("windows", &[home], Err("APPDATA is not set"));
    }

    /// A folder of its own for one test, gone afterwards.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("aws-mcp-register-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("claude_desktop_config.json")
        }

        fn backup(&self, suffix: &str) -> PathBuf {
            let name = format!("claude_desktop_config.json.aws-mcp-backup{suffix}");
            self.0.join(name)
        }

        fn apply(&self, action: Action, mode: Mode) -> Result<Report, String> {
            apply(&self.file(), action, Path::new(BIN), mode)
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<String> = fs::read_dir(&self.0)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_new_file_in_a_new_folder() {
        let folder = Folder::new();
        let path = folder.0.join("a").join("b").join("c.json");
        let go = |action, mode| apply(&path, action, Path::new(BIN), mode).unwrap();
        assert_eq!(go(Action::Remove, Mode::Write).change, Change::Unchanged);
        assert_eq!(go(Action::Add, Mode::DryRun).change, Change::Added);
        assert!(folder.names().is_empty());
        let report = go(Action::Add, Mode::Write);
        assert_eq!((report.change, report.backup, &report.path), (Change::Added, None, &path));
        assert_eq!(fs::read_to_string(&path).unwrap(), FRESH);
        assert_eq!(go(Action::Add, Mode::Write).change, Change::Unchanged);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn backups_are_numbered_and_never_overwritten() {
        let folder = Folder::new();
        let old = r#"{"mcpServers": {"aws": {"command": "/old/aws-mcp"}}}"#;
        fs::write(folder.file(), old).unwrap();
        fs::write(folder.backup(""), "someone else's").unwrap();
        let planned = folder.apply(Action::Add, Mode::DryRun).unwrap();
        assert_eq!((planned.change, planned.backup), (Change::Updated, Some(folder.backup("-2"))));
        assert_eq!(folder.names().len(), 2);
        let report = folder.apply(Action::Add, Mode::Write).unwrap();
        assert_eq!((report.change, report.backup), (Change::Updated, Some(folder.backup("-2"))));
        assert_eq!(fs::read_to_string(folder.backup("")).unwrap(), "someone else's");
        assert_eq!(fs::read_to_string(folder.backup("-2")).unwrap(), old);
        let report = folder.apply(Action::Remove, Mode::Write).unwrap();
        assert_eq!((report.change, report.backup), (Change::Removed, Some(folder.backup("-3"))));
        // The same text again needs no further copy.
        fs::write(folder.file(), old).unwrap();
        let report = folder.apply(Action::Add, Mode::Write).unwrap();
        assert_eq!(report.backup, Some(folder.backup("-2")));
        assert_eq!(folder.names().len(), 4, "{:?}", folder.names());
    }

    #[test]
    fn a_refusal_names_the_file_and_leaves_it() {
        let folder = Folder::new();
        for bad in [&b"{ oops"[..], b"\xff\xfe{\0}\0"] {
            fs::write(folder.file(), bad).unwrap();
            let message = folder.apply(Action::Add, Mode::Write).unwrap_err();
            assert!(message.contains("claude_desktop_config.json"), "{message}");
            assert_eq!(fs::read(folder.file()).unwrap(), bad);
            assert_eq!(folder.names().len(), 1);
        }
    }

    #[test]
    fn a_change_in_the_meantime_is_not_lost() {
        let folder = Folder::new();
        fs::write(folder.file(), "{}").unwrap();
        let found = read(&folder.file()).unwrap();
        fs::write(folder.file(), "{\"new\": 1}").unwrap();
        let message = replace(&folder.file(), found.as_ref(), FRESH).unwrap_err();
        assert!(message.contains("in the meantime"), "{message}");
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), "{\"new\": 1}");
        assert_eq!(folder.names().len(), 1);
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn permissions() {
            let folder = Folder::new();
            folder.apply(Action::Add, Mode::Write).unwrap();
            assert_eq!(mode(&folder.file()), 0o600);
            fs::set_permissions(folder.file(), Permissions::from_mode(0o640)).unwrap();
            folder.apply(Action::Remove, Mode::Write).unwrap();
            assert_eq!(mode(&folder.file()), 0o640);
            assert_eq!(mode(&folder.backup("")), 0o640);
            fs::set_permissions(folder.file(), Permissions::from_mode(0o444)).unwrap();
            let message = folder.apply(Action::Add, Mode::Write).unwrap_err();
            assert!(message.contains("read-only"), "{message}");
        }

        #[test]
        fn links_stay_links() {
            let folder = Folder::new();
            fs::create_dir(folder.0.join("real")).unwrap();
            let real = folder.0.join("real").join("c.json");
            fs::write(&real, "{\"a\": 1}").unwrap();
            symlink("real/c.json", folder.0.join("middle")).unwrap();
            symlink("middle", folder.file()).unwrap();
            let report = folder.apply(Action::Add, Mode::Write).unwrap();
            assert_eq!((report.path, report.backup), (folder.file(), Some(folder.backup(""))));
            assert!(folder.file().is_symlink());
            assert!(fs::read_to_string(&real).unwrap().contains(BIN));
            assert_eq!(fs::read_dir(folder.0.join("real")).unwrap().count(), 1);
        }

        #[test]
        fn links_to_nowhere() {
            let folder = Folder::new();
            symlink("later/c.json", folder.file()).unwrap();
            folder.apply(Action::Add, Mode::Write).unwrap();
            assert_eq!(fs::read_to_string(folder.0.join("later/c.json")).unwrap(), FRESH);
            fs::remove_file(folder.file()).unwrap();
            symlink("claude_desktop_config.json", folder.file()).unwrap();
            let message = folder.apply(Action::Add, Mode::Write).unwrap_err();
            assert!(message.contains("circle"), "{message}");
        }
    }
}
