//! /dev/tty: the terminal that the process belongs to, whatever stdin and stdout are.

use std::fs::File;
use std::io::{self, Read, Write};

use rustix::fs::{Mode, OFlags};
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp};

/// Bytes of a line that is typed; a code has six.
const MOST: usize = 256;

pub struct Terminal(File);

impl Terminal {
    /// The terminal, if the process is the one that it listens to; else why not.
    pub fn open() -> Result<Self, String> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty()).map_err(|error| {
            format!("there is no terminal to ask at ({error}). Run it in a terminal window.")
        })?;
        match tcgetpgrp(&terminal) {
            Ok(front) if front == rustix::process::getpgrp() => Ok(Self(File::from(terminal))),
            Ok(_) => {
                Err("it runs in the background of its terminal. Bring it to the front (fg)."
                    .to_owned())
            }
            Err(error) => Err(format!("the terminal cannot be used ({error}).")),
        }
    }

    /// Shows a text and reads a line of what is typed afterwards; nothing at the end of input.
    pub fn exchange(&mut self, text: &str) -> io::Result<Option<String>> {
        // What was typed, or sent, before the question was there is no answer to it.
        tcflush(&self.0, QueueSelector::IFlush)?;
        self.0.write_all(text.as_bytes())?;
        let mut line = Vec::new();
        let mut buffer = [0; MOST];
        while !line.contains(&b'\n') {
            let got = match self.0.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                got => got?,
            };
            line.extend_from_slice(buffer.get(..got).unwrap_or_default());
            if got == 0 {
                self.0.write_all(b"\n")?;
                return Ok(None);
            }
            if line.len() > MOST {
                // Not a code; the rest of it is thrown away before the next question.
                break;
            }
        }
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }
}
