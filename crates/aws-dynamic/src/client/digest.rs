//! The sums that a body may be told with, computed as it passes: it is never held for them.

use std::fmt;

use aws_smithy_types::base64;
use crc::{CRC_32_ISCSI, CRC_64_NVME, Crc, Digest, Table};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// A way to sum a body, under the names of models and headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// A sum of what has passed so far.
#[derive(Clone)]
pub(super) enum Sum {
    Crc32(crc32fast::Hasher),
    Crc32c(Digest<'static, u32, Table<16>>),
    Crc64Nvme(Digest<'static, u64, Table<16>>),
    Sha1(Sha1),
    Sha256(Sha256),
}

static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
static CRC64NVME: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

impl Algorithm {
    /// Quick ones first.
    pub const ALL: [Self; 5] =
        [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name in models: `CRC32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header that the sum stands in.
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// How many bytes a sum has as text.
    pub fn text_length(self) -> u64 {
        let bytes: u64 = match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        };
        bytes.div_ceil(3) * 4
    }

    pub fn sum(self) -> Sum {
        match self {
            Self::Crc32 => Sum::Crc32(crc32fast::Hasher::new()),
            Self::Crc32c => Sum::Crc32c(CRC32C.digest()),
            Self::Crc64Nvme => Sum::Crc64Nvme(CRC64NVME.digest()),
            Self::Sha1 => Sum::Sha1(Sha1::new()),
            Self::Sha256 => Sum::Sha256(Sha256::new()),
        }
    }
}

impl Sum {
    pub fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(sum) => sum.update(bytes),
            Self::Crc32c(sum) => sum.update(bytes),
            Self::Crc64Nvme(sum) => sum.update(bytes),
            Self::Sha1(sum) => sum.update(bytes),
            Self::Sha256(sum) => sum.update(bytes),
        }
    }

    pub fn bytes(self) -> Vec<u8> {
        match self {
            Self::Crc32(sum) => sum.finalize().to_be_bytes().to_vec(),
            Self::Crc32c(sum) => sum.finalize().to_be_bytes().to_vec(),
            Self::Crc64Nvme(sum) => sum.finalize().to_be_bytes().to_vec(),
            Self::Sha1(sum) => sum.finalize().to_vec(),
            Self::Sha256(sum) => sum.finalize().to_vec(),
        }
    }

    /// As headers have it.
    pub fn text(self) -> String {
        base64::encode(self.bytes())
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sum")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_catalogue() {
        let check = |algorithm: Algorithm, expected: &str| {
            let mut sum = algorithm.sum();
            sum.add(b"1234");
            sum.add(b"");
            sum.add(b"56789");
            let hex: String = sum.clone().bytes().iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(hex, expected, "{algorithm:?}");
            assert_eq!(sum.text().len() as u64, algorithm.text_length());
        };
        // The check values of the CRC catalogue; RFC 3174 and FIPS 180 by `sha1sum` and `sha256sum`.
        check(Algorithm::Crc32, "cbf43926");
        check(Algorithm::Crc32c, "e3069283");
        check(Algorithm::Crc64Nvme, "ae8b14860a799888");
        check(Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        check(
            Algorithm::Sha256,
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
        );
    }
}
