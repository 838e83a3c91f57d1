//! The user's own `credential_process`: split as the AWS CLI splits it, run without a shell, without
//! our standard input, under a time limit, and ended when nobody waits for it any more.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::config::Keys;
use crate::error::{Error, Kind, Result};

/// Long enough for a person to touch a security key, short enough to end within a call.
const LIMIT: Duration = Duration::from_secs(40);
/// Keys and a token are a few kilobytes.
const MOST_BYTES: u64 = 256 * 1024;

/// What the process printed: keys, and when they end.
#[derive(Debug)]
pub struct Printed {
    pub keys: Keys,
    pub expires_at: Option<SystemTime>,
}

/// AWS CLI's version 1 format ("Sourcing credentials with an external process").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: u32,
    access_key_id: String,
    secret_access_key: SecretString,
    session_token: Option<SecretString>,
    expiration: Option<String>,
    account_id: Option<String>,
}

/// Runs the command of a profile. What it writes to stderr is not repeated: it may hold a secret.
pub async fn run(profile: &str, command: &str) -> Result<Printed> {
    let failed = |why: String, kind: Kind| {
        Error::new(
            kind,
            format!("the credential_process of {profile} {why}."),
            "Run the command of that profile in a terminal to see what it says.",
        )
    };
    let words = split(command)
        .ok_or_else(|| failed("has quotes that do not close".into(), Kind::NoCredentials))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("is empty".into(), Kind::NoCredentials));
    };
    // Not logged: the arguments may hold a secret.
    tracing::info!(source = profile, "running credential_process");
    #[expect(clippy::disallowed_methods, reason = "the user's own credential_process")]
    let mut process = Command::new(program);
    process
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = process
        .spawn()
        .map_err(|e| failed(format!("could not be started: {}", e.kind()), Kind::NoCredentials))?;
    let mut printed = Vec::new();
    let ended = tokio::time::timeout(LIMIT, async {
        if let Some(stdout) = child.stdout.take() {
            stdout.take(MOST_BYTES).read_to_end(&mut printed).await?;
        }
        child.wait().await
    })
    .await;
    match ended {
        Err(_) => {
            return Err(failed(format!("took longer than {} s", LIMIT.as_secs()), Kind::Timeout));
        }
        Ok(Err(e)) => return Err(failed(format!("broke off: {}", e.kind()), Kind::NoCredentials)),
        Ok(Ok(status)) if !status.success() => {
            return Err(failed(format!("ended with {status}"), Kind::NoCredentials));
        }
        Ok(Ok(_)) => {}
    }
    read(&printed).map_err(|why| failed(why, Kind::NoCredentials))
}

/// Words of a command line: POSIX quoting on Unix, as the AWS CLI does it (`shlex.split`); on
/// Windows backslashes are part of paths and only double quotes group.
fn split(command: &str) -> Option<Vec<String>> {
    if cfg!(windows) { split_windows(command) } else { shell_words::split(command).ok() }
}

fn split_windows(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quoted, mut started) = (Vec::new(), String::new(), false, false);
    for character in command.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                started = true;
            }
            ' ' | '\t' if !quoted => {
                if started {
                    words.push(std::mem::take(&mut word));
                }
                started = false;
            }
            other => {
                word.push(other);
                started = true;
            }
        }
    }
    if started {
        words.push(word);
    }
    (!quoted).then_some(words)
}

fn read(printed: &[u8]) -> Result<Printed, String> {
    // The parser's own words could quote a secret.
    let document: Document = serde_json::from_slice(printed).map_err(|e| {
        format!(
            "printed no credentials in the expected JSON (line {}, column {})",
            e.line(),
            e.column()
        )
    })?;
    if document.version != 1 {
        return Err(format!("printed version {}, not 1", document.version));
    }
    let expires_at = match &document.expiration {
        None => None,
        Some(text) => Some(
            aws_smithy_types::DateTime::from_str(
                text,
                aws_smithy_types::date_time::Format::DateTimeWithOffset,
            )
            .ok()
            .and_then(|time| SystemTime::try_from(time).ok())
            .ok_or("printed an Expiration that is not RFC 3339")?,
        ),
    };
    Ok(Printed {
        keys: Keys {
            access_key_id: document.access_key_id,
            secret_access_key: document.secret_access_key,
            session_token: document.session_token,
            account_id: document.account_id,
        },
        expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_words_keep_backslashes() {
        let words = split_windows(r#""C:\Program Files\x.exe"  --a "b c" """#).unwrap();
        assert_eq!(words, [r"C:\Program Files\x.exe", "--a", "b c", ""]);
        assert!(split_windows("\"open").is_none());
    }

    #[test]
    fn documents() {
        let good = read(
            br#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hush",
            "Expiration":"2030-01-01T00:00:00Z"}"#,
        )
        .unwrap();
        assert!(good.expires_at.is_some());
        assert!(!format!("{good:?}").contains("hush"));
        for bad in [
            &b"hush"[..],
            br#"{"Version":2,"AccessKeyId":"A","SecretAccessKey":"hush"}"#,
            br#"{"Version":1,"AccessKeyId":"A"}"#,
            br#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"soon"}"#,
        ] {
            assert!(!read(bad).unwrap_err().contains("hush"));
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn no_shell_reads_the_command() {
        let error = run("p", "echo '{}' ; echo $HOME").await.unwrap_err();
        assert!(error.message.contains("expected JSON"), "{error}");
        let error = run("p", "/nonexistent/x secret-word").await.unwrap_err();
        assert!(!error.to_string().contains("secret-word"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_it_says_on_stderr_stays_there() {
        let error = run("p", "sh -c 'echo hush >&2; exit 3'").await.unwrap_err();
        assert!(error.message.contains("exit status: 3"), "{error}");
        assert!(!format!("{error:?}").contains("hush"));
    }
}
