//! 100 MiB to S3 and back, in a process of its own, so that the most memory that it ever had is that
//! of these two calls. Needs what `moto.rs` needs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

mod emulator;

use std::io::{Read, Write};

use aws_dynamic::client::from_reader;
use serde_json::json;

use self::emulator::Emulator;

const LARGE: u64 = 100 << 20;

/// What may be added to the memory of a program that has made the same calls with a few bytes.
const ALLOWED: u64 = 16 << 20;

/// Bytes that are made as they are read, and can be known again as they are written.
#[derive(Default)]
struct Made {
    at: u64,
}

impl Made {
    fn next(&mut self) -> u8 {
        let byte = (self.at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8;
        self.at += 1;
        byte
    }
}

impl Read for Made {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        to.iter_mut().for_each(|byte| *byte = self.next());
        Ok(to.len())
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes.iter().all(|byte| *byte == self.next()) {
            Ok(bytes.len())
        } else {
            Err(std::io::Error::other("these are not the bytes that were sent"))
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The most memory that this process has had, in bytes, where the system says it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

fn there_and_back(emulator: &Emulator, key: &str, length: u64) {
    let object = json!({"Bucket": "bucket", "Key": key});
    let body = from_reader(length, || Ok(Made::default()));
    let upload = emulator.client.upload("s3", "PutObject", &object, body);
    emulator.runtime.block_on(upload).unwrap();
    let head = emulator.call("s3", "HeadObject", &object);
    assert_eq!(head["ContentLength"], length);
    assert_eq!(head["ContentEncoding"].as_str().unwrap_or_default(), "");
    let mut to = Made::default();
    let limit = usize::try_from(length).unwrap();
    let download = emulator.client.download("s3", "GetObject", &object, &mut to, limit);
    let downloaded = emulator.runtime.block_on(download).unwrap();
    assert_eq!((downloaded.written, to.at), (length, length));
    assert_eq!(downloaded.answer.output["ContentLength"], length);
}

#[test]
fn a_large_object_passes_in_little_memory() {
    let emulator = Emulator::start();
    emulator.call("s3", "CreateBucket", &json!({"Bucket": "bucket"}));
    there_and_back(&emulator, "small", 1000);
    let before = peak();
    there_and_back(&emulator, "large", LARGE);
    if let (Some(before), Some(after)) = (before, peak()) {
        let more = after - before;
        assert!(more < ALLOWED, "{more} bytes more than before");
    }
}
