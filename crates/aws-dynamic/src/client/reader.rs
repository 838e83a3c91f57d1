//! A request's body from a reader: a piece at a time is in memory.

use std::io::Read;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use aws_smithy_types::body::{Error, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// How many bytes are read at once.
const PIECE: usize = 64 << 10;

/// A body of so many bytes from a reader that can be opened again, so that the request can be tried
/// again. The reader must not wait long: it is read where the request is sent.
pub fn from_reader<R: Read + Send + 'static>(
    length: u64,
    open: impl Fn() -> std::io::Result<R> + Send + Sync + 'static,
) -> SdkBody {
    SdkBody::retryable(move || match open() {
        Ok(reader) => from_reader_once(length, reader),
        Err(error) => {
            SdkBody::from_body_1_x(Pieces { source: Source::Failed(Some(error)), left: length })
        }
    })
}

/// A body of so many bytes from a reader that can be read once: the request is not tried again.
pub fn from_reader_once<R: Read + Send + 'static>(length: u64, reader: R) -> SdkBody {
    SdkBody::from_body_1_x(Pieces {
        source: Source::Open(Mutex::new(Box::new(reader))),
        left: length,
    })
}

struct Pieces {
    source: Source,
    left: u64,
}

enum Source {
    /// The lock is never taken: it lets a reader into a body, which threads may share.
    Open(Mutex<Box<dyn Read + Send>>),
    Failed(Option<std::io::Error>),
}

impl Pieces {
    fn next(&mut self) -> Result<Bytes, Error> {
        let reader = match &mut self.source {
            Source::Open(reader) => reader.get_mut().map_err(|_| "the reader has panicked")?,
            Source::Failed(error) => {
                return Err(match error.take() {
                    Some(error) => error.into(),
                    None => "the reader could not be opened".into(),
                });
            }
        };
        let mut piece = vec![0; usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE))];
        let length = loop {
            match reader.read(&mut piece) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if length == 0 {
            return Err("the reader ended before the length that was said".into());
        }
        piece.truncate(length);
        self.left = self.left.saturating_sub(length as u64);
        Ok(piece.into())
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
