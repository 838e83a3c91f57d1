//! The dialog's way: zenity on an X server of the test's own, driven by mouse, for a running server.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cloud::{Cloud, INSTANCE, OTHER_INSTANCE, RUNNING};
use crate::person::{Desk, START, STOP, answer, desk_with, forms, home, this};

const STEP: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(60);
/// A yes that comes sooner was meant for what was under the mouse before.
const READ: Duration = Duration::from_millis(1_200);

/// The buttons by how many others stand right of them, where all three are there.
const MINUTES: u32 = 0;
const ONCE: u32 = 1;
const NO: u32 = 2;
const CLOSE: u32 = 3;

/// An X server with nothing on it.
struct Desktop {
    server: Child,
    display: String,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // Killed, it would leave its lock behind.
        let server = rustix::process::Pid::from_child(&self.server);
        let _ = rustix::process::kill_process(server, rustix::process::Signal::TERM);
        let _ = self.server.wait();
    }
}

impl Desktop {
    fn start() -> Self {
        let mut server = Command::new("/usr/bin/Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1024x768x24", "-noreset"])
            .args(["-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this needs xvfb: apt-get install zenity xvfb xdotool");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        assert!(display.len() > 1, "Xvfb did not start");
        Self { server, display }
    }

    /// A server on this desktop.
    fn desk(&self, policy: &str, capabilities: Value) -> Desk {
        desk_with(Cloud::start(), home(policy), capabilities, &[("DISPLAY", &self.display)])
    }

    fn xdotool(&self, arguments: &[&str]) -> String {
        let output = Command::new("/usr/bin/xdotool")
            .args(arguments)
            .env_clear()
            .env("DISPLAY", &self.display)
            .stdin(Stdio::null())
            .output()
            .expect("this needs xdotool");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Each by its id and its process: the next window may have the id of the last.
    fn windows(&self) -> Vec<(String, String)> {
        let found = self.xdotool(&["search", "--onlyvisible", "--name", "^aws-mcp"]);
        let known = |id: &str| (id.to_owned(), self.xdotool(&["getwindowpid", id]));
        found.lines().map(known).filter(|(_, process)| !process.is_empty()).collect()
    }

    /// The one window that is there, once it is.
    fn window(&self) -> (String, String) {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(window) = self.windows().pop() {
                return window;
            }
            assert!(Instant::now() < end, "no window came");
            thread::sleep(STEP);
        }
    }

    /// Reads a window that offers all three buttons, and clicks one of them until it closes.
    fn clicks(&self, button: u32) {
        let window = self.window();
        thread::sleep(READ);
        assert_eq!(self.windows(), std::slice::from_ref(&window), "one at a time");
        let x = (640 - 119 * button).to_string();
        let end = Instant::now() + PATIENCE;
        while self.windows().contains(&window) {
            assert!(Instant::now() < end, "the window stays");
            self.xdotool(&["mousemove", "--window", &window.0, &x, "536", "click", "1"]);
            thread::sleep(STEP);
        }
    }
}

#[test]
fn once_is_once() {
    let desktop = Desktop::start();
    let desk = desktop.desk("", json!({}));
    let call = desk.start();
    desktop.window();
    desk.cloud.nothing_ran("a window");
    desktop.clicks(ONCE);
    assert_eq!(desk.told(call)["status"], "done");
    let again = desk.start();
    desktop.clicks(NO);
    let told = desk.told(again);
    assert_eq!(told["error"], "denied_by_policy", "{told:#}");
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
    let yes: Vec<Value> = desk
        .records()
        .into_iter()
        .filter(|r| ["yes", "no"].contains(&r["event"].as_str().unwrap()))
        .collect();
    assert!(
        yes.len() == 2 && yes.iter().all(|record| record["approval"]["way"] == "dialog"),
        "{yes:#?}"
    );
}

#[test]
fn fifteen_minutes_are_for_all_such_calls_until_they_are_taken_back() {
    let desktop = Desktop::start();
    let desk = desktop.desk("", json!({}));
    let call = desk.start();
    desktop.clicks(MINUTES);
    assert_eq!(desk.told(call)["status"], "done");
    desk.runs(START, &this(OTHER_INSTANCE));
    desk.runs(START, &this(INSTANCE));
    assert_eq!(desk.cloud.done().len(), 3);
    let grants = desk.status()["grants"].clone();
    assert_eq!(grants[0]["operations"], json!(["ec2:StartInstances"]), "{grants:#}");
    assert_eq!(
        (&grants[0]["account_id"], &grants[0]["region"]),
        (&json!("123456789012"), &json!("us-east-1"))
    );
    // Not for what is not this operation and region.
    let other = desk.begins(STOP, &this(RUNNING));
    desktop.clicks(CLOSE);
    assert_eq!(desk.told(other)["status"], "approval_required");
    assert_eq!(answer(&desk.home, &["--revoke"], |_| {}), "Ended: 1.\nexit 0");
    assert!(desk.status()["grants"].is_null());
    let call = desk.start();
    desktop.clicks(NO);
    assert_eq!(desk.told(call)["error"], "denied_by_policy");
    assert_eq!(desk.cloud.done().len(), 3);
}

#[test]
fn after_two_no_there_is_no_third_window() {
    let desktop = Desktop::start();
    let desk = desktop.desk("", json!({}));
    for instance in [INSTANCE, OTHER_INSTANCE] {
        let call = desk.begins(START, &this(instance));
        desktop.clicks(NO);
        assert_eq!(desk.told(call)["error"], "denied_by_policy");
    }
    let asked = desk.asks_in_full(STOP, &this(RUNNING));
    assert!(asked["how"].as_str().unwrap().contains("aws-mcp approve"), "{asked:#}");
    assert!(desktop.windows().is_empty());
    desk.says_yes(asked["approval_id"].as_str().unwrap());
    desk.runs(STOP, &this(RUNNING));
    assert_eq!(desk.cloud.done(), ["StopInstances"]);
}

#[test]
fn a_closed_window_leaves_the_next_way() {
    let desktop = Desktop::start();
    let desk = desktop.desk("", forms());
    let call = desk.start();
    desktop.clicks(CLOSE);
    let (form, _) = desk.form(&[]);
    desk.fills(&form, json!({"action": "decline"}));
    assert_eq!(desk.told(call)["status"], "approval_required");
    desk.cloud.nothing_ran("a closed window");
}

#[test]
fn one_window_at_a_time_and_it_stays_after_the_wait() {
    let desktop = Desktop::start();
    let desk = desktop.desk("approval: {wait_seconds: 2}\n", json!({}));
    let first = desk.start();
    let window = desktop.window();
    let second = desk.begins(STOP, &this(RUNNING));
    let [first, second] = [first, second].map(|call| desk.told(call));
    for told in [&first, &second] {
        assert_eq!(told["status"], "approval_required");
        assert!(told["how"].as_str().unwrap().contains("dialog"), "{told:#}");
    }
    assert_eq!(desktop.windows(), [window]);
    desktop.clicks(ONCE);
    // The second takes its place.
    desktop.clicks(CLOSE);
    desk.runs(START, &this(INSTANCE));
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
}

#[test]
fn policy_can_rule_windows_out() {
    let desktop = Desktop::start();
    let desk = desktop.desk("approval: {dialog: false}\n", json!({}));
    desk.asks(START, &this(INSTANCE));
    assert!(desktop.windows().is_empty());
    desk.cloud.nothing_ran("no window");
}
