//! stdin and stdout, moved away before anything else runs: afterwards fd 0 is the null device and
//! fd 1 is stderr, so that no dependency and no child can read or write the protocol's stream.

use std::fs::File;
use std::io;

/// The host's end of the stream, held by nobody else.
pub struct Stdio {
    pub input: File,
    pub output: File,
}

#[cfg(unix)]
impl Stdio {
    /// Takes the two descriptors. To be called once, before any thread is started.
    pub fn take() -> io::Result<Self> {
        use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
        use rustix::io::fcntl_dupfd_cloexec;
        use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout};
        // 3 and above: never one of the standard three again; closed in children.
        let input = File::from(fcntl_dupfd_cloexec(stdin(), 3)?);
        let output = File::from(fcntl_dupfd_cloexec(stdout(), 3)?);
        for end in [&input, &output] {
            // A launcher may have left it set; the threads that read and write expect to wait.
            let flags = fcntl_getfl(end)?;
            fcntl_setfl(end, flags - OFlags::NONBLOCK)?;
        }
        dup2_stdin(File::open("/dev/null")?)?;
        dup2_stdout(stderr())?;
        Ok(Self { input, output })
    }
}

#[cfg(windows)]
impl Stdio {
    /// Takes the two handles. To be called once, before any thread is started.
    #[allow(unsafe_code)]
    pub fn take() -> io::Result<Self> {
        use std::os::windows::io::{AsHandle, AsRawHandle, IntoRawHandle};
        use windows_sys::Win32::System::Console::{
            STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, SetStdHandle,
        };
        let input = File::from(io::stdin().as_handle().try_clone_to_owned()?);
        let output = File::from(io::stdout().as_handle().try_clone_to_owned()?);
        let null = File::open("NUL")?.into_raw_handle();
        // SAFETY: both handles are open and stay open: one is given away here, the other is stderr's.
        let moved = unsafe {
            SetStdHandle(STD_INPUT_HANDLE, null) != 0
                && SetStdHandle(STD_OUTPUT_HANDLE, io::stderr().as_raw_handle()) != 0
        };
        if moved { Ok(Self { input, output }) } else { Err(io::Error::last_os_error()) }
    }
}
