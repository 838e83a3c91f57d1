//! A request's body from a reader: a piece at a time is in memory.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use aws_smithy_types::body::{Error, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// How many bytes are read at once.
const PIECE: usize = 64 << 10;

/// A body of so many bytes from a reader that can be opened again: once for each attempt to send it.
/// The reader must not wait long, because it is read where the request is sent.
pub fn from_reader<R: Read + Send + 'static>(
    length: u64,
    open: impl Fn() -> io::Result<R> + Send + Sync + 'static,
) -> SdkBody {
    let open: Open = Arc::new(move || Ok(Box::new(open()?)));
    SdkBody::retryable(move || {
        SdkBody::from_body_1_x(Pieces { source: Source::Closed(open.clone()), left: length })
    })
}

/// A body of so many bytes from a reader that can be read once: the request is not tried again.
pub fn from_reader_once<R: Read + Send + 'static>(length: u64, reader: R) -> SdkBody {
    let source = Source::Open(Mutex::new(Box::new(reader)));
    SdkBody::from_body_1_x(Pieces { source, left: length })
}

type Open = Arc<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

struct Pieces {
    source: Source,
    left: u64,
}

enum Source {
    /// Until the first byte is asked for.
    Closed(Open),
    /// The lock is never taken: it lets a reader into a body, which threads may share.
    Open(Mutex<Box<dyn Read + Send>>),
}

impl Pieces {
    fn next(&mut self) -> Result<Bytes, Error> {
        if let Source::Closed(open) = &self.source {
            self.source = Source::Open(Mutex::new(open()?));
        }
        let mut piece = vec![0; usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE))];
        let length = self.read(&mut piece)?;
        if length == 0 {
            return Err("the reader ended before the length that was said".into());
        }
        piece.truncate(length);
        self.left = self.left.saturating_sub(length as u64);
        Ok(piece.into())
    }

    fn read(&mut self, piece: &mut [u8]) -> Result<usize, Error> {
        let Source::Open(reader) = &mut self.source else {
            return Err("the reader is not open".into());
        };
        let reader = reader.get_mut().map_err(|_| "the reader has panicked")?;
        loop {
            match reader.read(piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return Ok(read?),
            }
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(self.next().map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
