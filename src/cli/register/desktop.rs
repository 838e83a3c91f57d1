//! Puts this program into Claude Desktop's configuration file, and takes it out again.
//!
//! The file belongs to somebody else: to Claude Desktop and to the person at the keyboard.
//! A file that needs no change is left alone to the byte; another is printed anew, with its keys
//! in their order, as Claude Desktop prints it itself. That may change the indentation, the line
//! endings, how numbers and strings are spelled, and the last digits of a very long number: for
//! that there is the backup. What cannot be understood completely is refused.

use std::fmt::Display;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

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
    let set = |name| var(name).filter(|value| !value.is_empty());
    let folder = |name| {
        set(name).map(PathBuf::from).ok_or_else(|| {
            format!(
                "cannot tell where Claude Desktop keeps its configuration: {name} is not set; \
                 set it, or name the file with --config-file"
            )
        })
    };
    let base = match os {
        "macos" => folder("HOME")?.join("Library").join("Application Support"),
        "windows" => folder("APPDATA")?,
        // The XDG rules say to ignore a relative path here.
        _ => match set("XDG_CONFIG_HOME").filter(|dir| dir.starts_with('/')) {
            Some(dir) => PathBuf::from(dir),
            None => folder("HOME")?.join(".config"),
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
    let body = before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before);
    let mark = if body == before { "" } else { BYTE_ORDER_MARK };
    let text = if body.trim().is_empty() { "{}\n" } else { body };
    let mut config = parse(text)?;
    let servers = servers(&mut config)?;
    let old = servers.clone();
    match action {
        Action::Add => add(servers, plain(command)?)?,
        Action::Remove => servers.retain(|name, server| our_command(name, server).is_none()),
    }
    let end = if text.ends_with('\n') { "\n" } else { "" };
    Ok((*servers != old).then(|| format!("{mark}{config:#}{end}")))
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
    let merge = |action| {
        merge(before, action, command).map_err(|error| format!("{}: {error}", path.display()))
    };
    let Some(after) = merge(action)? else {
        return Ok(report(Change::Unchanged, None));
    };
    let change = match action {
        Action::Remove => Change::Removed,
        // What could be removed is there.
        Action::Add if merge(Action::Remove)?.is_some() => Change::Updated,
        Action::Add => Change::Added,
    };
    let backup = match &found {
        Some(file) if file.permissions.readonly() => {
            let why = "it is read-only; make it writable, then run this again";
            return Err(cannot("change", path, why));
        }
        Some(file) if !file.text.is_empty() => Some(back_up(path, file, mode)?),
        _ => None,
    };
    if mode == Mode::Write {
        replace(&target, found.as_ref(), &after)?;
    }
    Ok(report(change, backup))
}

const BYTE_ORDER_MARK: &str = "\u{feff}";
const PROGRAM: &str = "aws-mcp";
/// The names our entry may have: the second is for when somebody else's has the first.
const NAMES: [&str; 2] = ["aws", PROGRAM];

/// The file as it was found.
struct Found {
    text: String,
    permissions: Permissions,
}

fn parse(text: &str) -> Result<Value, String> {
    let value = serde_json::from_str(text).map_err(|error| {
        format!(
            "not valid JSON: {error}; nothing was changed. Correct that line (comments and \
             trailing commas are not allowed in JSON), then run this again"
        )
    })?;
    if colons(text) == members(&value) {
        return Ok(value);
    }
    let why = "some key (\"mcpServers\", perhaps) is there twice in the same object, and one of the \
               two would be lost; nothing was changed. Make them one, then run this again";
    Err(why.to_owned())
}

/// The colons outside of strings: one for each member that is written there.
fn colons(json: &str) -> usize {
    let unescaped = json.replace(r"\\", "").replace(r#"\""#, "");
    unescaped.split('"').step_by(2).map(|outside| outside.matches(':').count()).sum()
}

/// The members that were kept: of those with the same key, the last.
fn members(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(members).sum::<usize>(),
        Value::Array(list) => list.iter().map(members).sum(),
        _ => 0,
    }
}

/// The servers there are; an empty object is put there when none.
fn servers(config: &mut Value) -> Result<&mut Map<String, Value>, String> {
    let what = if config.is_object() { "\"mcpServers\"" } else { "the file" };
    let root = config.as_object_mut();
    let servers = root.map(|root| root.entry("mcpServers").or_insert_with(|| json!({})));
    servers.and_then(Value::as_object_mut).ok_or_else(|| {
        format!(
            "{what} is not a JSON object, so there is no place for a server in it; nothing was \
             changed. Make it {{}} (or move it away), then run this again"
        )
    })
}

/// The command as other programs read it: Windows' canonical form, `\\?\C:\...`, is for its API.
fn plain(command: &Path) -> Result<&str, String> {
    let unusable = "it is not Unicode; install the program elsewhere, then run this again";
    let path = command.to_str().ok_or_else(|| cannot("register", command, unusable))?;
    let short = path.strip_prefix(r"\\?\").filter(|rest| rest.get(1..2) == Some(":"));
    Ok(short.unwrap_or(path))
}

/// Sets the command of each of our entries and leaves what was added to them, or makes one.
fn add(servers: &mut Map<String, Value>, command: &str) -> Result<(), String> {
    let ours = servers.iter_mut().filter_map(|(name, server)| our_command(name, server));
    let mut ours = ours.peekable();
    if ours.peek().is_some() {
        ours.for_each(|old| *old = json!(command));
        return Ok(());
    }
    let free = NAMES.into_iter().find(|name| !servers.contains_key(*name)).ok_or(
        "the names \"aws\" and \"aws-mcp\" both belong to other servers; nothing was changed. \
         Rename one of them, then run this again",
    )?;
    servers.insert(free.to_owned(), json!({"command": command, "args": []}));
    Ok(())
}

/// The command of a server, when that is this program: under our name and of its file name.
fn our_command<'a>(name: &str, server: &'a mut Value) -> Option<&'a mut Value> {
    let command = server.get_mut("command").filter(|_| NAMES.contains(&name))?;
    // Like `Path::file_stem`, for paths of either kind on either system.
    let file = command.as_str()?.rsplit(['/', '\\']).next()?;
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    (stem == PROGRAM).then_some(command)
}

/// The file itself when `path` is a link to it, be it there already or not.
fn behind_links(path: &Path) -> Result<PathBuf, String> {
    let mut at = path.to_owned();
    for _ in 0..40 {
        if !at.is_symlink() {
            return Ok(at);
        }
        let to = fs::read_link(&at).map_err(|error| cannot("follow the link", &at, error))?;
        at = at.parent().unwrap_or(Path::new("")).join(to);
    }
    Err(cannot("follow the link", path, "it leads in a circle"))
}

fn read(path: &Path) -> Result<Option<Found>, String> {
    let found = fs::metadata(path).and_then(|data| {
        Ok(Found { text: fs::read_to_string(path)?, permissions: data.permissions() })
    });
    match found {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        found => found.map(Some).map_err(|error| cannot("read", path, error)),
    }
}

/// The first backup name that is free (it is then written) or that holds the same text already.
fn back_up(path: &Path, file: &Found, mode: Mode) -> Result<PathBuf, String> {
    let mut copy = path.with_added_extension("aws-mcp-backup");
    let mut number = 1;
    loop {
        let kept = match fs::read(&copy) {
            Ok(bytes) if bytes != file.text.as_bytes() => {
                number += 1;
                copy = path.with_added_extension(format!("aws-mcp-backup-{number}"));
                continue;
            }
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Err(_) if mode == Mode::Write => create(&copy, &file.text, Some(file)),
            _ => Ok(()),
        };
        return kept.map_err(|error| cannot("write the backup", &copy, error)).map(|()| copy);
    }
}

/// Puts `after` in the place of the file in one step, so that nobody ever reads half of it.
fn replace(target: &Path, found: Option<&Found>, after: &str) -> Result<(), String> {
    let folder = target.parent().unwrap_or(target);
    let mut folders = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
    let made = folders.recursive(true).create(folder);
    made.map_err(|error| cannot("create the folder", folder, error))?;
    let temporary = target.with_added_extension(format!("aws-mcp-{}.tmp", std::process::id()));
    let written = create(&temporary, after, found)
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

/// A new file, for its owner only unless it is to be `like` another.
fn create(path: &Path, text: &str, like: Option<&Found>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    if let Some(like) = like {
        file.set_permissions(like.permissions.clone())?;
    }
    file.sync_all()
}

/// Refuses when somebody else wrote the file since it was read.
fn still_as(target: &Path, found: Option<&Found>) -> Result<(), String> {
    if read(target)?.map(|now| now.text).as_ref() == found.map(|file| &file.text) {
        return Ok(());
    }
    let why = "another program changed it meanwhile; quit Claude Desktop, then run this again";
    Err(cannot("replace", target, why))
}

fn cannot(what: &str, path: &Path, why: impl Display) -> String {
    format!("cannot {what} {}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn add_to(before: &str) -> Result<Option<String>, String> {
        merge(before, Action::Add, Path::new(BIN))
    }

    fn remove_from(before: &str) -> Result<Option<String>, String> {
        merge(before, Action::Remove, Path::new(BIN))
    }

    /// `servers` become `expected` (layout aside), the rest stays, and once more changes nothing.
    #[track_caller]
    fn check(merge: fn(&str) -> Result<Option<String>, String>, servers: &str, expected: &str) {
        let wrap = |servers| format!(r#"{{"z": "é\n", "mcpServers": {servers}, "a": [-1.5, 7]}}"#);
        let after = merge(&wrap(servers)).unwrap().unwrap();
        let expected: Value = serde_json::from_str(&wrap(expected)).unwrap();
        assert_eq!(after, format!("{expected:#}"), "from {servers}");
        assert_eq!(merge(&after), Ok(None), "twice from {servers}");
    }

    /// Both actions refuse `before` and say `words`.
    #[track_caller]
    fn check_refused(before: &str, words: &[&str]) {
        for answer in [add_to(before), remove_from(before)] {
            let message = answer.unwrap_err();
            for word in words.iter().chain(&["nothing was changed", "run this again"]) {
                assert!(message.contains(word), "{word:?} in {message:?} on {before}");
            }
        }
    }

    #[test]
    fn nothing_there_yet() {
        for (before, after) in [
            ("", FRESH),
            (" \r\n\t ", FRESH),
            ("{}\n", FRESH),
            ("{ \n }", FRESH.trim_end()),
            ("{\"mcpServers\": {}}\r\n", FRESH),
            ("\u{feff}", &format!("\u{feff}{FRESH}")),
            ("\u{feff}{}\n", &format!("\u{feff}{FRESH}")),
        ] {
            assert_eq!(add_to(before).unwrap().unwrap(), after, "{before:?}");
            assert_eq!(add_to(after), Ok(None), "{before:?}");
            assert_eq!(remove_from(before), Ok(None), "{before:?}");
        }
    }

    #[test]
    fn the_example_is_what_is_written() {
        let example = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/claude_desktop_config.example.json"
        ));
        let command = Path::new("/Users/you/.cargo/bin/aws-mcp");
        assert_eq!(merge("", Action::Add, command).unwrap().unwrap(), example);
    }

    #[test]
    fn other_servers_stay_and_ours_goes_after_them() {
        let ours = r#""aws": {"command": "/opt/bin/aws-mcp", "args": []}"#;
        let files =
            r#""files": {"command": "npx", "args": ["-y", "{\"}: \\"], "env": {"A:": ":"}}"#;
        check(add_to, &format!("{{{files}}}"), &format!("{{{files}, {ours}}}"));
        check(remove_from, &format!("{{{ours}, {files}}}"), &format!("{{{files}}}"));
        check(
            remove_from,
            &format!("{{\"b\": 1, {ours}, {files}}}"),
            &format!("{{\"b\": 1, {files}}}"),
        );
        check(remove_from, &format!("{{{ours}, \"aws-mcp\": {{\"command\": \"aws-mcp\"}}}}"), "{}");
        let mine = r#"{"mcpServers": {"mine": {"command": "/x/aws-mcp"}}}"#;
        assert_eq!(remove_from(mine), Ok(None));
    }

    #[test]
    fn what_was_added_to_our_entry_stays() {
        check(
            add_to,
            r#"{"aws": {"env": {"A": "b"}, "command": "/old/aws-mcp", "args": ["-v"], "x": 1}}"#,
            r#"{"aws": {"env": {"A": "b"}, "command": "/opt/bin/aws-mcp", "args": ["-v"], "x": 1}}"#,
        );
        for old in ["aws-mcp", r"C:\\Old\\aws-mcp.exe", "C:/Old/aws-mcp.EXE"] {
            for name in NAMES {
                let before = format!(r#"{{"{name}": {{"command": "{old}"}}}}"#);
                check(add_to, &before, &format!(r#"{{"{name}": {{"command": "{BIN}"}}}}"#));
            }
        }
        // Spelled differently, but the same.
        let escaped = r#"{ "mcpServers":{"aws": {"command": "\/opt\/bin\/aws-mcp"}}}"#;
        assert_eq!(add_to(escaped), Ok(None));
    }

    #[test]
    fn a_name_that_is_taken_is_left_to_its_owner() {
        for other in [
            r#"{"command":"uvx","args":["aws"]}"#,
            r#"{"command":"/opt/bin/aws-mcp-proxy"}"#,
            r#"{"command":"/opt/bin/.aws-mcp"}"#,
            r#"{"command":"/opt/aws-mcp/run"}"#,
            r#"{"command":"/opt/aws-mcp/"}"#,
            r#"{"command":7}"#,
            r#"{"url":"https://example.com"}"#,
            "null",
        ] {
            let before = format!(r#"{{"aws": {other}}}"#);
            let after =
                format!(r#"{{"aws": {other}, "aws-mcp": {{"command": "{BIN}", "args": []}}}}"#);
            check(add_to, &before, &after);
            check(remove_from, &after, &before);
        }
        let full = r#"{"mcpServers": {"aws": {"command": "a"}, "aws-mcp": {"command": "b"}}}"#;
        let message = add_to(full).unwrap_err();
        assert!(message.contains("both belong to other servers"), "{message}");
        assert!(message.contains("Rename one"), "{message}");
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        check_refused("{\n // mine\n}", &["line 2 column 2", "comments"]);
        check_refused("{\"a\": 1,}", &["trailing comma", "line 1 column 9"]);
        check_refused("{\"a\": 1", &["not valid JSON"]);
        check_refused("{}{}", &["not valid JSON"]);
        check_refused(&"[".repeat(500), &["not valid JSON"]);
        for other in ["[]", "null", "\"{}\""] {
            check_refused(other, &["the file is not a JSON object", "Make it {}"]);
            let servers = format!("{{\"mcpServers\": {other}}}");
            check_refused(&servers, &["\"mcpServers\" is not a JSON object", "Make it {}"]);
        }
        for twice in [
            r#"{"mcpServers": {}, "mcpServers": {}}"#,
            r#"{"mcpServers": {"aws": {}, "\u0061ws": {}}}"#,
            r#"{"a": [{"b\\": ":", "\":": {"c": 1, "c": 1}}]}"#,
        ] {
            check_refused(twice, &["is there twice"]);
        }
    }

    #[test]
    fn commands_are_written_as_other_programs_read_them() {
        for (command, expected) in [
            ("/a b/\"é\"/aws-mcp", "/a b/\"é\"/aws-mcp"),
            (r"C:\Users\me\aws-mcp.exe", r"C:\Users\me\aws-mcp.exe"),
            (r"\\?\C:\Users\me\aws-mcp.exe", r"C:\Users\me\aws-mcp.exe"),
            (r"\\?\UNC\host\share\aws-mcp.exe", r"\\?\UNC\host\share\aws-mcp.exe"),
        ] {
            let after = merge("", Action::Add, Path::new(command)).unwrap().unwrap();
            let value: Value = serde_json::from_str(&after).unwrap();
            assert_eq!(value["mcpServers"]["aws"]["command"], expected);
        }
    }

    #[test]
    fn config_paths() {
        #[track_caller]
        fn check(os: &str, vars: &[(&str, &str)], expected: &str) {
            let set = |name: &str| vars.iter().find(|(key, _)| *key == name);
            let path = config_path(os, |name| set(name).map(|(_, value)| (*value).to_owned()));
            let said = path.map_or_else(|why| why, |path| path.display().to_string());
            assert!(said.replace('\\', "/").contains(expected), "{said}");
        }
        let home = ("HOME", "/h");
        let xdg = |value| ("XDG_CONFIG_HOME", value);
        check("macos", &[home, xdg("/x")], "/h/Library/Application Support/Claude/claude");
        check("linux", &[home], "/h/.config/Claude/claude_desktop_config.json");
        check("freebsd", &[home], "/h/.config/Claude/claude_desktop_config.json");
        check("linux", &[xdg("/x")], "/x/Claude/claude_desktop_config.json");
        check("linux", &[home, xdg("")], "/h/.config/Claude/claude_desktop_config.json");
        check("linux", &[home, xdg("x")], "/h/.config/Claude/claude_desktop_config.json");
        check("windows", &[home, ("APPDATA", "/r")], "/r/Claude/claude_desktop_config.json");
        check("macos", &[], "HOME is not set");
        check("linux", &[("HOME", "")], "HOME is not set");
        check("windows", &[home], "APPDATA is not set");
    }

    /// A folder of its own for one test, with the file's name in it.
    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.json");
        (folder, file)
    }

    fn go(file: &Path, action: Action, mode: Mode) -> (Change, Option<PathBuf>) {
        let report = apply(file, action, Path::new(BIN), mode).unwrap();
        assert_eq!(report.path, file);
        (report.change, report.backup)
    }

    fn refusal(file: &Path) -> String {
        apply(file, Action::Add, Path::new(BIN), Mode::Write).unwrap_err()
    }

    fn text(file: &Path) -> String {
        fs::read_to_string(file).unwrap()
    }

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_new_file_in_a_new_folder() {
        let (folder, _) = folder();
        let file = folder.path().join("a").join("b").join("c.json");
        assert_eq!(go(&file, Action::Remove, Mode::Write), (Change::Unchanged, None));
        assert_eq!(go(&file, Action::Add, Mode::DryRun), (Change::Added, None));
        assert_eq!(count(folder.path()), 0);
        assert_eq!(go(&file, Action::Add, Mode::Write), (Change::Added, None));
        assert_eq!(text(&file), FRESH);
        assert_eq!(go(&file, Action::Add, Mode::Write), (Change::Unchanged, None));
        assert_eq!(count(file.parent().unwrap()), 1);
    }

    #[test]
    fn backups_are_numbered_and_never_overwritten() {
        let (folder, file) = folder();
        let backup = |suffix| folder.path().join(format!("c.json.aws-mcp-backup{suffix}"));
        let old = r#"{"mcpServers": {"aws": {"command": "/old/aws-mcp"}}}"#;
        fs::write(&file, old).unwrap();
        fs::write(backup(""), "someone else's").unwrap();
        let updated = (Change::Updated, Some(backup("-2")));
        assert_eq!(go(&file, Action::Add, Mode::DryRun), updated);
        assert_eq!(count(folder.path()), 2);
        assert_eq!(go(&file, Action::Add, Mode::Write), updated);
        assert_eq!(text(&backup("")), "someone else's");
        assert_eq!(text(&backup("-2")), old);
        let removed = (Change::Removed, Some(backup("-3")));
        assert_eq!(go(&file, Action::Remove, Mode::Write), removed);
        // The same text again needs no further copy.
        fs::write(&file, old).unwrap();
        assert_eq!(go(&file, Action::Add, Mode::Write), updated);
        assert_eq!(count(folder.path()), 4);
    }

    #[test]
    fn a_refusal_names_the_file_and_leaves_it() {
        let (folder, file) = folder();
        for bad in [&b"{ oops"[..], b"\xff\xfe{\0}\0"] {
            fs::write(&file, bad).unwrap();
            assert!(refusal(&file).contains("c.json"));
            assert_eq!(fs::read(&file).unwrap(), bad);
            assert_eq!(count(folder.path()), 1);
        }
    }

    #[test]
    fn a_change_in_the_meantime_is_not_lost() {
        let (folder, file) = folder();
        fs::write(&file, "{}").unwrap();
        let found = read(&file).unwrap();
        fs::write(&file, "{\"new\": 1}").unwrap();
        let message = replace(&file, found.as_ref(), FRESH).unwrap_err();
        assert!(message.contains("meanwhile"), "{message}");
        assert_eq!(text(&file), "{\"new\": 1}");
        assert_eq!(count(folder.path()), 1);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (folder, file) = folder();
        go(&file, Action::Add, Mode::Write);
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let (_, backup) = go(&file, Action::Remove, Mode::Write);
        assert_eq!((mode(&file), mode(&backup.unwrap())), (0o640, 0o640));
        fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
        assert!(refusal(&file).contains("read-only"));
        let file = folder.path().join("new").join("c.json");
        go(&file, Action::Add, Mode::Write);
        assert_eq!(mode(file.parent().unwrap()), 0o700);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links() {
        use std::os::unix::fs::symlink;
        let (folder, file) = folder();
        let real = folder.path().join("real").join("c.json");
        symlink("real/c.json", folder.path().join("middle")).unwrap();
        symlink("middle", &file).unwrap();
        // They may lead to what is not there yet.
        assert_eq!(go(&file, Action::Add, Mode::Write), (Change::Added, None));
        assert_eq!(text(&real), FRESH);
        let backup = folder.path().join("c.json.aws-mcp-backup");
        assert_eq!(go(&file, Action::Remove, Mode::Write), (Change::Removed, Some(backup)));
        assert_eq!(text(&real), "{\n  \"mcpServers\": {}\n}\n");
        assert!(file.is_symlink());
        assert_eq!(count(real.parent().unwrap()), 1);
        fs::remove_file(&file).unwrap();
        symlink("c.json", &file).unwrap();
        assert!(refusal(&file).contains("circle"));
    }
}
