//! Packed files out of bytes: compression and sums are made right, so that what the fuzzer changes is
//! reached at all.

use ruzstd::decoding::FrameDecoder;

/// The sum of `aws_dynamic`'s packed files: wherever it is not the same any more, each input fails.
pub fn sum(bytes: &[u8]) -> u64 {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..tail.len()].copy_from_slice(tail);
    words.iter().chain([&last]).fold(bytes.len() as u64, |sum, word| {
        (sum.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

/// A zstd frame that stores these bytes as they are (RFC 8878, 3.1.1).
pub fn frame(content: &[u8]) -> Vec<u8> {
    // Magic number; single segment with a content size of 8 bytes.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    frame.extend((content.len() as u64).to_le_bytes());
    let blocks: Vec<&[u8]> = content.chunks(0xffff).collect();
    for (place, block) in blocks.iter().enumerate() {
        let is_last = u32::from(place + 1 == blocks.len());
        frame.extend_from_slice(&((block.len() as u32) << 3 | is_last).to_le_bytes()[..3]);
        frame.extend_from_slice(block);
    }
    if content.is_empty() {
        frame.extend([1, 0, 0]);
    }
    frame
}

/// A packed index of this payload, whose first bytes are texts.
pub fn index(texts: usize, payload: &[u8]) -> Vec<u8> {
    let frame = frame(payload);
    let texts = texts.min(payload.len());
    let lengths = [texts, payload.len() - texts].map(|length| (length as u32).to_le_bytes());
    [b"AWSI\x01", lengths.as_flattened(), &sum(&frame).to_le_bytes(), &frame].concat()
}

/// Packed models of one service, `x`; the payload's first bytes are numbers.
pub fn models(numbers: usize, payload: &[u8]) -> Vec<u8> {
    let block = frame(payload);
    let numbers = numbers.min(payload.len());
    let mut entry = Vec::new();
    for length in [block.len(), numbers, payload.len() - numbers] {
        // A varint of four bytes, whatever its value.
        entry.extend([0, 7, 14].map(|shift| (length >> shift) as u8 | 0x80));
        entry.push((length >> 21) as u8 & 0x7f);
    }
    entry.extend(sum(&block).to_le_bytes());
    let head = frame(&[b"of a fuzzer\0x\0", entry.as_slice()].concat());
    let lengths = [14, entry.len(), head.len()].map(|length| (length as u32).to_le_bytes());
    [b"AWSM\x01", lengths.as_flattened(), &sum(&head).to_le_bytes(), &head, &block].concat()
}

/// Packed endpoint rules of this payload.
pub fn rules(payload: &[u8]) -> Vec<u8> {
    let frame = frame(payload);
    let length = (payload.len() as u32).to_le_bytes();
    [b"AWSE\x01", &length[..], &sum(&frame).to_le_bytes(), &frame].concat()
}

/// What a frame has in it, if that has this length.
pub fn unpacked(frame: &[u8], length: usize) -> Vec<u8> {
    let mut content = vec![0; length];
    assert_eq!(FrameDecoder::new().decode_all(frame, &mut content).unwrap(), length);
    content
}
