//! The program that shows the window, as a child that gets nothing but what it needs: no variable and
//! no descriptor of ours, no terminal's signals. It ends when nobody waits for it any more; on Linux,
//! where the system can see to it, also when this process dies in any way.

use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::Shape;
use crate::gate::escape::visible;

pub(super) use system::is_the_systems;

/// Bytes that are kept of what it prints. A word is shorter; a longer text is no word.
const MOST_PRINTED: usize = 64;
const MOST_COMPLAINED: usize = 500;
/// What it left behind may hold its pipes open; what it printed itself is there by now.
const LINGER: Duration = Duration::from_millis(500);

/// How the child ended. No code: by a signal.
#[derive(Debug)]
pub(super) struct Ended {
    pub code: Option<i32>,
    pub printed: Vec<u8>,
    pub complaint: Vec<u8>,
}

impl Ended {
    /// In one line, for the log and the person.
    pub fn failure(&self, program: &str) -> String {
        let end = match self.code {
            Some(code) => format!("ended with code {code}"),
            None => "was ended by a signal".to_owned(),
        };
        let complaint = String::from_utf8_lossy(&self.complaint);
        let lines: Vec<&str> =
            complaint.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match lines.join(" / ") {
            complaint if complaint.is_empty() => format!("{program} {end}"),
            complaint => format!("{program} {end}: {}", visible(&complaint)),
        }
    }
}

/// Runs it to its end, or nothing when that did not come in time.
pub(super) async fn run(shape: &Shape, limit: Duration) -> Result<Option<Ended>, String> {
    let mut command = system::command(shape);
    command
        .env_clear()
        .envs(shape.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(system::ROOT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child =
        command.spawn().map_err(|error| format!("could not be started: {}", error.kind()))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut printed, mut complaint) = (Vec::new(), Vec::new());
    let ended = tokio::time::timeout(limit, async {
        let mut talk = pin!(async {
            tokio::join!(
                async {
                    if let Some(mut stdin) = stdin {
                        // It may have ended without reading.
                        let _ = stdin.write_all(shape.input.as_bytes()).await;
                    }
                },
                keep(stdout, &mut printed, MOST_PRINTED),
                keep(stderr, &mut complaint, MOST_COMPLAINED),
            )
        });
        tokio::select! {
            status = child.wait() => {
                let _ = tokio::time::timeout(LINGER, &mut talk).await;
                status
            }
            _ = &mut talk => child.wait().await,
        }
    })
    .await;
    match ended {
        Err(_) => Ok(None),
        Ok(Err(error)) => Err(format!("was lost: {}", error.kind())),
        Ok(Ok(status)) => Ok(Some(Ended { code: ExitStatus::code(&status), printed, complaint })),
    }
}

/// Reads to the end, so that the child never waits for us, and keeps the beginning.
async fn keep(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>, most: usize) {
    let Some(mut pipe) = pipe else { return };
    let mut chunk = [0; 1024];
    while let Ok(count @ 1..) = pipe.read(&mut chunk).await {
        let room = most.saturating_sub(kept.len());
        kept.extend(chunk.iter().take(count.min(room)));
    }
}

#[expect(clippy::disallowed_methods, reason = "the program that shows a window")]
fn plain(shape: &Shape) -> Command {
    let mut command = Command::new(shape.program);
    command.args(&shape.arguments);
    command
}

#[cfg(unix)]
mod system {
    use std::os::unix::fs::MetadataExt;

    use super::{Command, Path, Shape, plain};

    pub const ROOT: &str = "/";
    /// Starts a program that the kernel ends when the thread that started it is gone (util-linux).
    const SETPRIV: &str = "/usr/bin/setpriv";
    const OTHERS_WRITE: u32 = 0o022;

    /// Whether a program is there that only root could have put there.
    pub fn is_the_systems(path: &str) -> bool {
        std::fs::metadata(Path::new(path)).is_ok_and(|found| {
            found.is_file() && found.uid() == 0 && found.mode() & OTHERS_WRITE == 0
        })
    }

    pub fn command(shape: &Shape) -> Command {
        let mut command = if cfg!(target_os = "linux") && is_the_systems(SETPRIV) {
            let mut arguments = vec!["--pdeathsig=KILL".into(), "--".into(), shape.program.into()];
            arguments.extend(shape.arguments.iter().cloned());
            plain(&Shape {
                program: SETPRIV,
                arguments,
                variables: Vec::new(),
                input: String::new(),
            })
        } else {
            plain(shape)
        };
        command.process_group(0);
        command
    }
}

#[cfg(windows)]
mod system {
    use super::{Command, Path, Shape, plain};

    pub const ROOT: &str = "C:\\";
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;

    /// Whether the program is there: only administrators can write into Windows' own folder.
    pub fn is_the_systems(path: &str) -> bool {
        Path::new(path).is_file()
    }

    /// Without a console of its own, which would show as an empty black window.
    pub fn command(shape: &Shape) -> Command {
        let mut command = plain(shape);
        command.creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
        command
    }
}
