//! Zenity for real, on an X server of the test's own, with a mouse and a keyboard.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use tokio::task::JoinHandle;

use super::*;

// As the gate writes it.
const SUMMARY: &str = "\
Operation: ec2:StopInstances (changes something), by ec2_stop_instance
Account: 123456789012 (prod)
Region: eu-west-1
Principal: arn:aws:sts::123456789012:assumed-role/ops/ana
Profile: prod
Resource: i-0123456789abcdef0
Policy: mode confirm
Warning: what runs on it ends; its instance store and public address are lost
EC2 dry run: it would succeed
Now: running

Arguments, chosen by the AI:
  instance_id: \"i-0123456789abcdef0\"

From AWS, written by others:
  Name tag: web-1

15 minutes allows this operation on any resource of this account and region, with these credentials.";

/// A window lives longer than any test looks for something.
const LIVES: Duration = Duration::from_secs(120);
const STEP: Duration = Duration::from_millis(50);
const STEPS: u32 = 600;

/// An X server with nothing on it: no window manager, no session.
struct Desktop {
    server: Child,
    display: String,
    home: tempfile::TempDir,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // Killed, it would leave its lock behind.
        let server = rustix::process::Pid::from_child(&self.server);
        let _ = rustix::process::kill_process(server, rustix::process::Signal::TERM);
        let _ = self.server.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "programs that the tests drive")]
fn program(name: &str) -> Command {
    Command::new(name)
}

impl Desktop {
    fn start() -> Self {
        for (name, package) in [
            ("/usr/bin/zenity", "zenity"),
            ("/usr/bin/Xvfb", "xvfb"),
            ("/usr/bin/xdotool", "xdotool"),
        ] {
            assert!(
                std::path::Path::new(name).is_file(),
                "{name} is missing: apt-get install zenity xvfb xdotool (this needs {package})"
            );
        }
        let mut server = program("/usr/bin/Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1024x768x24", "-noreset"])
            .args(["-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        assert!(display.len() > 1, "Xvfb did not start");
        Self { server, display, home: tempfile::tempdir().unwrap() }
    }

    fn environment(&self) -> Environment {
        Environment::from_pairs([
            ("DISPLAY", self.display.as_str()),
            ("HOME", self.home.path().to_str().unwrap()),
            ("AWS_ACCESS_KEY_ID", "AKIAPLANTED"),
            ("AWS_SECRET_ACCESS_KEY", "planted"),
        ])
    }

    /// Asks, and waits until the window is there.
    async fn ask(&self, text: &str, offer: Offer) -> Asked<'_> {
        let dialog = Dialog::find(&self.environment()).expect("zenity is there");
        assert_eq!(dialog.program, Program::Zenity);
        self.ask_by(Dialog { soonest: Duration::ZERO, ..dialog }, text, offer).await
    }

    async fn ask_by(&self, dialog: Dialog, text: &str, offer: Offer) -> Asked<'_> {
        let text = text.to_owned();
        let answer = tokio::spawn(async move { dialog.show(&text, offer, LIVES).await });
        for _ in 0..STEPS {
            if let Some(window) = self.window() {
                return Asked { desktop: self, window, offer, answer };
            }
            if answer.is_finished() {
                panic!("no window came: {:?}", answer.await);
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("no window came");
    }

    fn window(&self) -> Option<String> {
        let found = self.xdotool(&["search", "--onlyvisible", "--name", "^aws-mcp"]);
        found.lines().next().map(str::to_owned)
    }

    /// What it prints; that there is no such window (any more) is not an error.
    fn xdotool(&self, arguments: &[&str]) -> String {
        let output = program("/usr/bin/xdotool")
            .args(arguments)
            .env_clear()
            .env("DISPLAY", &self.display)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// A window that is open.
struct Asked<'a> {
    desktop: &'a Desktop,
    window: String,
    offer: Offer,
    answer: JoinHandle<Answer>,
}

impl Asked<'_> {
    /// Does it until there is an answer: a window that just came does not listen yet.
    async fn until_answered(self, mut act: impl FnMut(&Desktop, &str)) -> Answer {
        for _ in 0..STEPS {
            if self.answer.is_finished() {
                return self.answer.await.unwrap();
            }
            act(self.desktop, &self.window);
            tokio::time::sleep(STEP).await;
        }
        panic!("no answer came");
    }

    async fn press(self, key: &str) -> Answer {
        self.until_answered(|desktop, window| {
            desktop.xdotool(&["windowfocus", window]);
            desktop.xdotool(&["key", key]);
        })
        .await
    }

    /// Clicks the button that so many others stand right of.
    async fn click(self, from_the_right: u32) -> Answer {
        // All are as wide as the one with the longest label needs.
        let wide = match self.offer {
            Offer::OnceOnly => 89,
            Offer::Minutes => 119,
        };
        let x = (640 - wide * from_the_right).to_string();
        self.until_answered(|desktop, window| {
            desktop.xdotool(&["mousemove", "--window", window, &x, "536"]);
            desktop.xdotool(&["click", "1"]);
        })
        .await
    }

    fn process(&self) -> String {
        self.desktop.xdotool(&["getwindowpid", &self.window])
    }

    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/{name}", self.process())).unwrap()
    }
}

#[tokio::test]
async fn each_button_is_its_answer() {
    let desktop = Desktop::start();
    let ask = || desktop.ask(SUMMARY, Offer::Minutes);
    assert_eq!(ask().await.click(0).await, Answer::Minutes);
    assert_eq!(ask().await.click(1).await, Answer::Once);
    assert_eq!(ask().await.click(2).await, Answer::No);
    assert_eq!(ask().await.click(3).await, Answer::Closed);
}

#[tokio::test]
async fn without_minutes_there_is_one_button_less() {
    let desktop = Desktop::start();
    let ask = || desktop.ask(SUMMARY, Offer::OnceOnly);
    assert_eq!(ask().await.click(0).await, Answer::Once);
    assert_eq!(ask().await.click(1).await, Answer::No);
    assert_eq!(ask().await.click(2).await, Answer::Closed);
}

#[tokio::test]
async fn keys_that_were_meant_for_another_window_are_no_yes() {
    let desktop = Desktop::start();
    let ask = || desktop.ask(SUMMARY, Offer::Minutes);
    assert_eq!(ask().await.press("Return").await, Answer::No);
    assert_eq!(ask().await.press("KP_Enter").await, Answer::No);
    assert_eq!(ask().await.press("ctrl+Return").await, Answer::No);
    assert_eq!(ask().await.press("Escape").await, Answer::Closed);
    // These do nothing at all: only what follows closes the window.
    for keys in [vec!["space"; 5], vec!["o", "O", "alt+o", "1", "alt+1", "Down", "End", "y"]] {
        let asked = ask().await;
        for key in keys {
            desktop.xdotool(&["windowfocus", &asked.window]);
            desktop.xdotool(&["key", key]);
        }
        assert_eq!(asked.press("Escape").await, Answer::Closed);
    }
    let asked = ask().await;
    desktop.xdotool(&["windowfocus", &asked.window]);
    desktop.xdotool(&["type", "Once yes 15 minutes\n"]);
    assert_eq!(asked.press("Return").await, Answer::No);
}

#[tokio::test]
async fn a_yes_that_comes_at_once_is_none() {
    let desktop = Desktop::start();
    let soonest = |soonest| Dialog { soonest, ..Dialog::find(&desktop.environment()).unwrap() };
    let ask = async |dialog| desktop.ask_by(dialog, SUMMARY, Offer::Minutes).await;
    assert_eq!(Dialog::find(&desktop.environment()).unwrap().soonest, SOONEST);
    for button in [0, 1] {
        let asked = ask(soonest(LIVES)).await;
        assert_eq!(asked.click(button).await, Answer::Closed);
    }
    assert_eq!(ask(soonest(LIVES)).await.click(2).await, Answer::No);
    assert_eq!(ask(soonest(Duration::from_millis(1))).await.click(1).await, Answer::Once);
}

#[tokio::test]
async fn a_closed_window_is_no_yes() {
    let desktop = Desktop::start();
    let asked = desktop.ask(SUMMARY, Offer::Minutes).await;
    let closed = asked.until_answered(|desktop, window| {
        request_close(&desktop.display, window.parse().unwrap());
    });
    assert_eq!(closed.await, Answer::Closed);
    let asked = desktop.ask(SUMMARY, Offer::Minutes).await;
    let killed = asked.until_answered(|desktop, window| {
        desktop.xdotool(&["windowkill", window]);
    });
    assert!(matches!(killed.await, Answer::Failed(_)));
}

#[tokio::test]
async fn its_time_runs_out() {
    let desktop = Desktop::start();
    let dialog = Dialog::find(&desktop.environment()).unwrap();
    let second = Duration::from_secs(1);
    assert_eq!(dialog.show(SUMMARY, Offer::Minutes, second).await, Answer::Closed);
    assert_eq!(dialog.show(SUMMARY, Offer::Minutes, Duration::ZERO).await, Answer::Closed);
}

#[tokio::test]
async fn nobody_waits_any_more_and_the_window_is_gone() {
    let desktop = Desktop::start();
    let asked = desktop.ask(SUMMARY, Offer::Minutes).await;
    let process = asked.process();
    asked.answer.abort();
    assert!(asked.answer.await.unwrap_err().is_cancelled());
    gone(&desktop, &process).await;
}

/// Until neither the process nor a window is there.
async fn gone(desktop: &Desktop, process: &str) {
    for _ in 0..STEPS {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let ended = stat.is_empty() || stat.contains(") Z ");
        if ended && desktop.window().is_none() {
            return;
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("the window is still there");
}

#[tokio::test]
async fn this_process_dies_and_the_window_is_gone() {
    let desktop = Desktop::start();
    let mut other = program(std::env::current_exe().unwrap().to_str().unwrap())
        .args(["--exact", "--ignored", "gate::dialog::tests::desktop::asks_and_waits"])
        .env("DISPLAY", &desktop.display)
        .env("HOME", desktop.home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut window = None;
    for _ in 0..STEPS {
        window = desktop.window();
        if window.is_some() {
            break;
        }
        tokio::time::sleep(STEP).await;
    }
    let process = window.map(|window| desktop.xdotool(&["getwindowpid", &window]));
    other.kill().unwrap();
    other.wait().unwrap();
    gone(&desktop, &process.expect("no window came")).await;
}

#[tokio::test]
#[ignore = "run by this_process_dies_and_the_window_is_gone"]
async fn asks_and_waits() {
    let dialog = Dialog::find(&Environment::of_process()).unwrap();
    dialog.show(SUMMARY, Offer::Minutes, LIVES).await;
}

#[tokio::test]
async fn without_a_display_it_fails() {
    let environment = Environment::from_pairs([("DISPLAY", ":65000")]);
    let answer = Dialog::find(&environment).unwrap().show(SUMMARY, Offer::Minutes, LIVES).await;
    let Answer::Failed(why) = answer else { panic!("{answer:?}") };
    assert!(why.contains("/usr/bin/zenity") && why.contains("display"), "{why}");
}

#[tokio::test]
async fn what_others_wrote_is_shown_and_nothing_else() {
    let desktop = Desktop::start();
    let trap = desktop.home.path().join("trap");
    let trap = trap.to_str().unwrap();
    let mut text = format!("{SUMMARY}\nzq9 <b>zq9</b> &amp; $(touch {trap}) `touch {trap}`\n");
    for hostile in hostile() {
        text.push_str(&hostile.chars().take(80).collect::<String>());
        text.push('\n');
    }
    let asked = desktop.ask(&text, Offer::OnceOnly).await;
    let line: Vec<String> = asked
        .file("cmdline")
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let mut expected = vec!["/usr/bin/zenity".to_owned()];
    expected.extend(Program::Zenity.shape("", Offer::OnceOnly, LIVES.as_secs()).arguments);
    expected.push(String::new());
    assert_eq!(line, expected);
    let variables = String::from_utf8_lossy(&asked.file("environ")).into_owned();
    let mut names: Vec<&str> =
        variables.split('\0').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "DISPLAY",
            "HOME",
            "ZENITY_CANCEL",
            "ZENITY_ERROR",
            "ZENITY_ESC",
            "ZENITY_EXTRA",
            "ZENITY_OK",
            "ZENITY_TIMEOUT",
        ]
    );
    assert!(!variables.contains("zq9") && !variables.contains("planted"), "{variables}");
    let process = asked.process();
    let own = std::process::id();
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    assert_eq!((after_name[1], after_name[2]), (own.to_string().as_str(), process.as_str()));
    assert_eq!(asked.click(0).await, Answer::Once);
    assert!(!std::path::Path::new(trap).exists());
}

/// Asks the window to close, as its frame's button does. There is no window manager here that would.
fn request_close(display: &str, window: u32) {
    let mut stream =
        UnixStream::connect(format!("/tmp/.X11-unix/X{}", display.trim_start_matches(':')))
            .unwrap();
    // X11's own encoding, little-endian: the greeting, two InternAtom, one SendEvent.
    stream.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    let mut head = [0; 8];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[0], 1, "the X server refused");
    let mut rest = vec![0; usize::from(u16::from_le_bytes([head[6], head[7]])) * 4];
    stream.read_exact(&mut rest).unwrap();
    let mut atom = |name: &str| {
        let length = u16::try_from(name.len()).unwrap();
        let mut request = vec![16, 0];
        request.extend((2 + length.div_ceil(4)).to_le_bytes());
        request.extend(length.to_le_bytes());
        request.extend([0, 0]);
        request.extend(name.bytes());
        request.resize(request.len().next_multiple_of(4), 0);
        stream.write_all(&request).unwrap();
        let mut reply = [0; 32];
        stream.read_exact(&mut reply).unwrap();
        reply[8..12].to_vec()
    };
    let (protocols, delete) = (atom("WM_PROTOCOLS"), atom("WM_DELETE_WINDOW"));
    let mut request = vec![25, 0, 11, 0];
    request.extend(window.to_le_bytes());
    request.extend([0; 4]);
    request.extend([33, 32, 0, 0]);
    request.extend(window.to_le_bytes());
    request.extend(protocols);
    request.extend(delete);
    request.resize(44, 0);
    stream.write_all(&request).unwrap();
    // Any answer to a later request says that this one was done.
    stream.write_all(&[43, 0, 1, 0]).unwrap();
    let _ = stream.read(&mut [0; 32]);
}

/// Kdialog brings 90 packages with it, so this runs by hand:
/// `cargo test --bin aws-mcp kdialog_for_real -- --ignored`
#[tokio::test]
#[ignore = "needs kdialog"]
async fn kdialog_for_real() {
    let desktop = Desktop::start();
    let ask = async |offer| {
        let dialog = Dialog::of(Program::Kdialog, &desktop.environment());
        let dialog = Dialog { soonest: Duration::ZERO, ..dialog };
        desktop.ask_by(dialog, &format!("{SUMMARY}<b>x</b>\\n"), offer).await
    };
    assert_eq!(ask(Offer::Minutes).await.press("Return").await, Answer::No);
    assert_eq!(ask(Offer::Minutes).await.press("Escape").await, Answer::Closed);
    let cases = [
        (Offer::Minutes, vec!["space"], Answer::No),
        (Offer::Minutes, vec!["o", "n", "c", "e"], Answer::No),
        (Offer::Minutes, vec!["1", "5"], Answer::No),
        (Offer::Minutes, vec!["Down"], Answer::No),
        (Offer::Minutes, vec!["Down", "Down"], Answer::Once),
        (Offer::Minutes, vec!["Down", "Down", "Down"], Answer::Minutes),
        (Offer::OnceOnly, vec!["Down", "Down", "Down"], Answer::Once),
    ];
    for (offer, keys, expected) in cases {
        let asked = ask(offer).await;
        // The window is drawn before it listens.
        tokio::time::sleep(Duration::from_millis(500)).await;
        desktop.xdotool(&["windowfocus", &asked.window]);
        for key in &keys {
            desktop.xdotool(&["key", key]);
        }
        assert_eq!(asked.press("Return").await, expected, "{offer:?} {keys:?}");
    }
    let asked = ask(Offer::Minutes).await;
    let closed = asked.until_answered(|desktop, window| {
        request_close(&desktop.display, window.parse().unwrap());
    });
    assert_eq!(closed.await, Answer::Closed);
}

/// Makes docs/approval-dialog.png anew, with ImageMagick's `import`:
/// `cargo test --bin aws-mcp picture_for_the_documents -- --ignored`
#[tokio::test]
#[ignore = "writes into docs/"]
async fn picture_for_the_documents() {
    let desktop = Desktop::start();
    let asked = desktop.ask(SUMMARY, Offer::Minutes).await;
    // The text comes a moment after the window.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = program("/usr/bin/import")
        .args([
            "-window",
            &asked.window,
            "+dither",
            "-colors",
            "64",
            "png8:docs/approval-dialog.png",
        ])
        .env("DISPLAY", &desktop.display)
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(asked.press("Escape").await, Answer::Closed);
}
