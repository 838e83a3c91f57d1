//! The frames of a stream of events, cut out of the bytes as they come. What the published decoder
//! finds only when a frame is whole, a length that cannot be and a head that is none, is found here
//! when the head is there: garbage could otherwise claim 4 GB and be waited for.

use std::fmt;

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use bytes::{Buf, BytesMut};

/// Bytes that have come and are not yet read.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: BytesMut,
}

/// Bytes that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadFrame {
    /// Longer than AWS's frames are, or too short to be one.
    Length,
    /// The sum of the head or of the whole is wrong, or the headers cannot be read.
    Damaged,
}

/// The longest frame: a payload of 24 MiB, headers of 128 KiB, and what is around them.
const LONGEST: usize = (24 << 20) + (128 << 10) + 16;

/// Two lengths and the sum of them.
const HEAD: usize = 12;

impl Frames {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether there are bytes of a frame that is not whole.
    pub fn is_within(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// The next message, if all of it is there.
    pub fn next(&mut self) -> Result<Option<Message>, BadFrame> {
        let Some(mut head) = self.buffer.get(..HEAD) else { return Ok(None) };
        let sum = crc32fast::hash(head.get(..8).unwrap_or_default());
        let length = usize::try_from(head.get_u32()).map_err(|_| BadFrame::Length)?;
        head.advance(4);
        if head.get_u32() != sum {
            return Err(BadFrame::Damaged);
        }
        if !(HEAD + 4..=LONGEST).contains(&length) {
            return Err(BadFrame::Length);
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(length).freeze();
        read_message_from(&mut frame).map(Some).map_err(|_| BadFrame::Damaged)
    }
}

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "an event of the stream has an impossible length",
            Self::Damaged => "an event of the stream is damaged",
        })
    }
}

impl std::error::Error for BadFrame {}
