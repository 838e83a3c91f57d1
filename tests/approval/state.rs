//! No file grants anything: whatever is done to the state folder while calls wait, nothing runs.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cloud::{INSTANCE, OTHER_INSTANCE};
use crate::person::{Desk, START, code_in, desk, forms, run, this};

/// Everything below a folder, folders first.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        found.push(path.clone());
        if path.symlink_metadata().unwrap().is_dir() {
            found.extend(below(&path));
        }
    }
    found
}

/// Those that are no folders.
fn files(state: &Path) -> Vec<PathBuf> {
    below(state).into_iter().filter(|path| !path.symlink_metadata().unwrap().is_dir()).collect()
}

/// A copy of a record that says yes to the question, by every way.
fn forged(state: &Path, ids: &[String]) -> String {
    let audit = below(&state.join("audit"));
    let texts = audit.iter().filter_map(|file| fs::read_to_string(file).ok());
    let question: Option<Value> = texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
        .find(|record| record["event"] == "question");
    let mut record = question.unwrap_or_else(|| json!({}));
    let mut lines = String::new();
    for id in ids {
        for way in ["dialog", "form", "terminal"] {
            record["event"] = json!("yes");
            record["approval"] = json!({"way": way, "id": id});
            lines += &format!("{record}\n");
        }
    }
    lines
}

struct Waiting {
    desk: Desk,
    /// One that nobody waits for, and one that a form waits for.
    ids: [String; 2],
    call: i64,
    form: Value,
    message: String,
    shown: Vec<Value>,
}

impl Waiting {
    fn begin() -> Self {
        let desk = desk("approval: {wait_seconds: 40}\n", forms());
        let mut shown = Vec::new();
        let mut ids = [INSTANCE, OTHER_INSTANCE].map(|instance| {
            let call = desk.begins(START, &this(instance));
            let (form, _) = desk.form(&shown);
            desk.fills(&form, json!({"action": "cancel"}));
            shown.push(form);
            desk.told(call)["approval_id"].as_str().unwrap().to_owned()
        });
        ids.sort();
        let call = desk.begins(START, &this(OTHER_INSTANCE));
        let (form, message) = desk.form(&shown);
        shown.push(form.clone());
        Self { desk, ids, call, form, message, shown }
    }

    /// Nothing has become of either call, and the same call again is no yes.
    fn still(&mut self, after: &str) {
        let desk = &self.desk;
        let again = desk.start();
        let answered = |message: &Value| message.get("method").is_none() && message["id"] == again;
        let shown = self.shown.clone();
        let is_next = |message: &Value| {
            let form = message["method"] == "elicitation/create" && !shown.contains(&message["id"]);
            form || answered(message)
        };
        let next = desk.server.wait_for("a form or an answer", is_next);
        if next["method"] == "elicitation/create" {
            desk.fills(&next["id"], json!({"action": "cancel"}));
            self.shown.push(next["id"].clone());
        }
        let told = desk.told(again);
        let refused = told["status"] == "approval_required" || told["error"].is_string();
        assert!(refused, "{after}: {told:#}");
        desk.cloud.nothing_ran(after);
        let answers = desk.server.messages();
        assert!(
            answers.iter().all(|m| m.get("method").is_some() || m["id"] != self.call),
            "{after}"
        );
    }
}

type Attack = (&'static str, fn(&Path, &[String]));

const ATTACKS: [Attack; 14] = [
    ("records of a yes", |state, ids| {
        let lines = forged(state, ids);
        for file in below(&state.join("audit")) {
            let open = fs::OpenOptions::new().append(true).open(file);
            open.unwrap().write_all(lines.as_bytes()).unwrap();
        }
    }),
    ("new files of yeses", |state, ids| {
        let yes = json!({"approved": ids, "answers": [{"id": ids[0], "said": "yes"}]}).to_string();
        for name in ["approvals.json", "grants.json", "audit/zz.jsonl", "run/grants", "run/1.sock"]
        {
            fs::write(state.join(name), &yes).unwrap();
        }
        for id in ids {
            fs::write(state.join(id), "yes").unwrap();
            fs::write(state.join("run").join(id), "yes").unwrap();
        }
    }),
    ("other words in every file", |state, ids| {
        let lines = forged(state, ids);
        for file in files(state) {
            let _ = fs::write(&file, &lines);
        }
    }),
    ("nothing in any file", |state, _| {
        for file in files(state) {
            let _ = fs::write(&file, "");
        }
    }),
    ("a listener in the socket's place", |state, _| {
        for socket in sockets(state) {
            fs::remove_file(&socket).unwrap();
            let listener = UnixListener::bind(&socket).unwrap();
            // Closed with the test's process: nobody accepts.
            std::mem::forget(listener);
        }
    }),
    ("a file in the socket's place", |state, ids| {
        for socket in sockets(state) {
            fs::remove_file(&socket).unwrap();
            fs::write(
                &socket,
                format!("{{\"answer\":{{\"id\":\"{}\",\"said\":\"yes\"}}}}\n", ids[0]),
            )
            .unwrap();
        }
    }),
    ("links to one another", |state, _| {
        let all = files(state);
        for (number, file) in all.iter().enumerate() {
            fs::remove_file(file).unwrap();
            symlink(&all[(number + 1) % all.len()], file).unwrap();
        }
    }),
    ("links to /dev/zero", |state, _| linked(state, "/dev/zero")),
    ("links to /dev/null", |state, _| linked(state, "/dev/null")),
    ("folders in the files' places", |state, _| {
        for file in files(state) {
            fs::remove_file(&file).unwrap();
            fs::create_dir(&file).unwrap();
        }
    }),
    ("folders swapped", |state, _| {
        let [audit, run, third] = ["audit", "run", "third"].map(|name| state.join(name));
        fs::rename(&audit, &third).unwrap();
        fs::rename(&run, &audit).unwrap();
        fs::rename(&third, &run).unwrap();
    }),
    ("folders that are links", |state, _| {
        for name in ["audit", "run"] {
            let (folder, elsewhere) = (state.join(name), state.join(format!("{name}-elsewhere")));
            fs::rename(&folder, &elsewhere).unwrap();
            symlink(&elsewhere, &folder).unwrap();
        }
    }),
    ("a link in the whole folder's place", |state, _| {
        let elsewhere = state.with_extension("elsewhere");
        fs::rename(state, &elsewhere).unwrap();
        symlink(&elsewhere, state).unwrap();
    }),
    ("nothing left at all", |state, _| {
        let _ = fs::remove_file(state);
        let _ = fs::remove_dir_all(state);
    }),
];

fn linked(state: &Path, to: &str) {
    for file in files(state) {
        fs::remove_file(&file).unwrap();
        symlink(to, file).unwrap();
    }
}

fn sockets(state: &Path) -> Vec<PathBuf> {
    let all = files(state).into_iter();
    all.filter(|path| path.symlink_metadata().unwrap().file_type().is_socket()).collect()
}

/// Each by itself.
#[test]
fn nothing_that_is_done_to_the_state_folder_approves() {
    for (what, attack) in ATTACKS {
        let mut waiting = Waiting::begin();
        attack(&waiting.desk.state(), &waiting.ids);
        waiting.still(what);
        // Whatever it finds there, the person's own command ends, and is no yes.
        run(&waiting.desk.home, &["approve", "--list"], &[]);
        waiting.still(what);
    }
}

/// One after the other, and then the person's own answer: it is the only yes.
#[test]
fn after_all_of_it_only_the_persons_answer_counts() {
    let mut waiting = Waiting::begin();
    for (what, attack) in &ATTACKS[..4] {
        attack(&waiting.desk.state(), &waiting.ids);
        waiting.still(what);
    }
    let code = code_in(&waiting.message);
    waiting.desk.fills(&waiting.form, json!({"action": "accept", "content": {"code": code}}));
    let told = waiting.desk.told(waiting.call);
    // Where the record is not what it was, no write is made either.
    let ran = told["status"] == "done";
    assert_eq!(waiting.desk.cloud.done().len(), usize::from(ran), "{told:#}");
    assert!(ran || told["error"] == "denied_by_policy", "{told:#}");
}

/// The protocol is no secret: who speaks it is looked at.
#[test]
fn a_program_of_ones_own_cannot_answer() {
    let mut waiting = Waiting::begin();
    let sockets = sockets(&waiting.desk.state());
    assert_eq!(sockets.len(), 1);
    let mut stream = UnixStream::connect(&sockets[0]).unwrap();
    let mut greeting = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut greeting).unwrap();
    assert!(greeting.contains("refused"), "{greeting}");
    for id in &waiting.ids {
        let request = json!({"version": 1, "number": "", "wish": {"answer": {
            "id": id, "shown": waiting.message, "said": "yes"}}});
        let _ = stream.write_all(format!("{request}\n").as_bytes());
    }
    waiting.still("an answer of a program's own");
}
