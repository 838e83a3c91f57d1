//! Glacier's hash of an upload: SHA-256 of each MiB, then of each pair of neighbours, until one is
//! left ("Computing Checksums", Amazon S3 Glacier Developer Guide).

use sha2::{Digest, Sha256};

const CHUNK: usize = 1 << 20;

/// The hash of a body, in hexadecimal digits.
pub(super) fn tree_hash(body: &[u8]) -> String {
    let mut level: Vec<[u8; 32]> = body.chunks(CHUNK).map(|chunk| sha(&[chunk])).collect();
    while level.len() > 1 {
        let pair = |pair: &[[u8; 32]]| match pair {
            [left, right] => sha(&[left, right]),
            [single] => *single,
            _ => sha(&[]),
        };
        level = level.chunks(2).map(pair).collect();
    }
    let root = level.first().copied().unwrap_or_else(|| sha(&[]));
    root.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_what_botocore_makes_it() {
        let check = |length: usize, expected: &str| {
            assert_eq!(tree_hash(&vec![b'a'; length]), expected, "{length}");
        };
        check(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check(1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
        check(CHUNK, "9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360");
        check(CHUNK + 1, "8dd49bbc6297567fac3852c2deddcdbc57358bc403c10d4f6dc64b143ad9b27b");
        check(2 * CHUNK, "560c2c9333c719cb00cfdffee3ba293db17f58743cdd1f7e4055373ae6300afa");
        check(3 * CHUNK, "70239f4f2ead7561f69d48b956b547edef52a1280a93c262c0b582190be7db17");
        check(5 * CHUNK, "1ca676a2caf9791fcf24580c2c6f9b051ebbf689720da6ff8c41f2d01cdde5ea");
        // Chunks that differ, so that their order counts.
        let bytes = (0..5 * CHUNK + 7).map(|at| ((at * 7 + at / CHUNK) % 251) as u8);
        let expected = "4382d4a187686d375e576616b9fab3ebf53bf7bbab2b189f919c367eb7a46716";
        assert_eq!(tree_hash(&bytes.collect::<Vec<u8>>()), expected);
    }
}
