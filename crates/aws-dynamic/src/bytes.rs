//! The bytes of packed data: reading them so that no damage does more than fail, and the sum and
//! the compression that all packed files share.

use ruzstd::encoding::CompressionLevel;

/// The packed catalog is damaged, or of a form that this build does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(String);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "The catalog of AWS operations is broken: {}.", self.0)
    }
}

impl std::error::Error for Broken {}

impl Broken {
    pub(crate) fn new(what: &str) -> Self {
        Self(what.to_owned())
    }

    /// The same, with what it is about: `ec2: it is cut`.
    pub(crate) fn of(self, about: &str) -> Self {
        Self(format!("{about}: {}", self.0))
    }
}

/// Over ten times the largest payload of today; bounds what a damaged length makes us allocate.
const MOST: usize = 16 << 20;

/// A length, if data of that length can exist.
pub(crate) fn plausible(length: usize) -> Result<usize, Broken> {
    if length > MOST {
        return Err(Broken::new("its length is not plausible"));
    }
    Ok(length)
}

/// Unpacks one zstd frame whose content has this length, which the caller found plausible.
pub(crate) fn unpack(frame: &[u8], length: usize) -> Result<Vec<u8>, Broken> {
    let mut payload = vec![0; length];
    match ruzstd::decoding::FrameDecoder::new().decode_all(frame, &mut payload) {
        Ok(decoded) if decoded == length => Ok(payload),
        Ok(_) => Err(Broken::new("its length is wrong")),
        Err(error) => Err(Broken(format!("it cannot be unpacked ({error})"))),
    }
}

/// How hard packed data is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As small as can be, and the same bytes each time: for what ships. It takes a compressor in C.
    #[cfg(feature = "pack")]
    Smallest,
    /// At once: for what is packed where it is used.
    Fast,
}

impl Packing {
    /// One zstd frame, for `unpack`.
    pub(crate) fn frame(self, payload: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            #[cfg(feature = "pack")]
            Self::Smallest => zstd::bulk::compress(payload, 22),
            Self::Fast => Ok(ruzstd::encoding::compress_to_vec(payload, CompressionLevel::Fastest)),
        }
    }
}

/// A sum that finds accidents, not forgeries: whoever can change the catalog can change the program.
/// Eight bytes at a time, because it is paid at every start.
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
    // An odd factor loses nothing, and the rotation spreads each bit over the whole sum.
    words.iter().chain([&last]).fold(bytes.len() as u64, |sum, word| {
        (sum.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

/// Bytes that are read from the front.
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| Broken::new("it is cut"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(|| Broken::new("it is cut"))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn byte(&mut self) -> Result<u8, Broken> {
        self.array().map(|[byte]| byte)
    }

    /// Seven bits a byte, the lowest first; at most 28 bits.
    pub fn varint(&mut self) -> Result<usize, Broken> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken::new("a number is too large"))
    }
}

/// Writes what `Bytes::varint` reads.
pub(crate) fn varint(section: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        section.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    section.push(value as u8);
}
