//! A terminal of a test's own: what a program shows there can be read, and a person's typing played.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// How long something may take to appear before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Pty {
    master: File,
    path: CString,
    /// Open as long as this lives, so that the screen can be read before and after the program.
    _own_end: File,
    screen: Arc<(Mutex<String>, Condvar)>,
}

impl Pty {
    pub fn open() -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let own_end = File::from(rustix::fs::open(path.as_c_str(), flags, Mode::empty()).unwrap());
        let master = File::from(master);
        let screen = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (mut reading, shown) = (master.try_clone().unwrap(), screen.clone());
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Ends when the terminal's other end is closed.
            while let Ok(got @ 1..) = reading.read(&mut buffer) {
                shown.0.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..got]));
                shown.1.notify_all();
            }
        });
        Self { master, path, _own_end: own_end, screen }
    }

    /// Makes this the terminal that the command's process belongs to. Its stdin, stdout and stderr are
    /// not touched.
    #[expect(unsafe_code, reason = "between fork and exec only; both calls are allowed there")]
    pub fn attach(&self, command: &mut Command) {
        let path = self.path.clone();
        // SAFETY: setsid and open may be called between fork and exec; nothing is allocated.
        unsafe {
            command.pre_exec(move || {
                rustix::process::setsid()?;
                // The first terminal that a session's leader opens is its own from then on.
                rustix::fs::open(path.as_c_str(), OFlags::RDWR, Mode::empty())?;
                Ok(())
            });
        }
    }

    pub fn types(&self, text: &str) {
        (&self.master).write_all(text.as_bytes()).unwrap();
    }

    /// What was shown, once `wanted` is in it so many times.
    pub fn until(&self, wanted: &str, times: usize) -> String {
        let shown = self.screen.0.lock().unwrap();
        let (shown, late) = self
            .screen
            .1
            .wait_timeout_while(shown, PATIENCE, |shown| shown.matches(wanted).count() < times)
            .unwrap();
        assert!(!late.timed_out(), "{wanted:?} did not appear {times} times in:\n{shown}");
        shown.clone()
    }

    /// The code that was shown last.
    pub fn code(&self, times: usize) -> String {
        let shown = self.until("to allow this once, no to refuse, Enter to leave it open: ", times);
        let after = shown.rsplit_once("Type ").unwrap().1;
        after.split_whitespace().next().unwrap().to_owned()
    }
}
