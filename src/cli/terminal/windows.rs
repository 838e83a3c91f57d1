//! The console that the process belongs to, whatever stdin and stdout are.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::System::Console::FlushConsoleInputBuffer;

/// Bytes of a line that is typed; a code has six.
const MOST: usize = 256;

pub struct Terminal {
    input: File,
    output: File,
}

impl Terminal {
    /// The console, if there is one; else why not.
    pub fn open() -> Result<Self, String> {
        // The input must be writable too, for what was typed ahead to be thrown away.
        let open = |name: &str| OpenOptions::new().read(true).write(true).open(name);
        let console = |name: &str| {
            open(name).map_err(|error| {
                format!("there is no console to ask at ({error}). Run it in a terminal window.")
            })
        };
        Ok(Self { input: console("CONIN$")?, output: console("CONOUT$")? })
    }

    /// Shows a text and reads a line of what is typed afterwards; nothing at the end of input.
    #[expect(unsafe_code, reason = "the console's functions are C")]
    pub fn exchange(&mut self, text: &str) -> io::Result<Option<String>> {
        // SAFETY: the handle is open as long as self.input is.
        if unsafe { FlushConsoleInputBuffer(self.input.as_raw_handle()) } == 0 {
            return Err(io::Error::last_os_error());
        }
        self.output.write_all(text.as_bytes())?;
        let mut line = Vec::new();
        let mut buffer = [0; MOST];
        while !line.contains(&b'\n') && line.len() <= MOST {
            let got = self.input.read(&mut buffer)?;
            if got == 0 {
                return Ok(None);
            }
            line.extend_from_slice(buffer.get(..got).unwrap_or_default());
        }
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }
}
