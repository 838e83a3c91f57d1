//! Packed files: an index, models and endpoint rules that are any bytes, that are any bytes with right
//! sums, and that are ours with some bytes changed. All that they say is asked for.
#![no_main]

use std::borrow::Cow;
use std::sync::LazyLock;

use aws_dynamic::catalog::{Index, Models};
use aws_dynamic::endpoint::{BuiltIn, Parameters, Payload, Rules};
use aws_dynamic::model::{Operation, Service, Shape};
use aws_dynamic::paginate::Pages;
use aws_dynamic::waiter::Waiting;
use aws_dynamic_fuzz::bytes::Bytes;
use aws_dynamic_fuzz::packed;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const MODELS: &[u8] = include_bytes!("../../data/models.bin");

/// Of small services with much in them: the length of the numbers, and the block unpacked.
static BLOCKS: LazyLock<Vec<(usize, Vec<u8>)>> =
    LazyLock::new(|| ["sts", "kinesis", "iot-data", "acm"].map(block).to_vec());

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    match bytes.byte() {
        b'i' => index(bytes.0),
        b'I' => {
            let texts = bytes.word();
            index(&packed::index(texts, bytes.0));
        }
        b'm' => models(bytes.0.to_vec()),
        b'M' => {
            let numbers = bytes.word();
            models(packed::models(numbers, bytes.0));
        }
        b'r' => rules(bytes.0),
        b'R' => rules(&packed::rules(bytes.0)),
        _ => {
            let (numbers, block) = bytes.choice(&BLOCKS);
            models(packed::models(*numbers, &changed(block.clone(), &mut bytes)));
        }
    }
});

fn changed(mut block: Vec<u8>, bytes: &mut Bytes<'_>) -> Vec<u8> {
    while !bytes.is_empty() {
        let place = bytes.word() % block.len();
        block[place] = bytes.byte();
    }
    block
}

fn index(file: &[u8]) {
    let Ok(index) = Index::decode(file) else { return };
    for service in index.services() {
        let _ = index.services_called(service.name());
        for operation in service.operations() {
            let _ = service.operation(operation.name());
            let _ = format!("{operation:?}");
        }
    }
    assert!(index.sources().len() <= file.len());
}

fn rules(file: &[u8]) {
    let Ok(payload) = Payload::unpack(file) else { return };
    let Ok(rules) = Rules::read(&payload) else { return };
    let parameters = Parameters::default().built_in(BuiltIn::Region, "us-east-1");
    for service in rules.services() {
        if let Ok(Some(set)) = rules.of(service) {
            let _ = set.resolve(&parameters, rules.partitions());
        }
    }
}

fn models(file: Vec<u8>) {
    let Ok(models) = Models::open(Cow::Owned(file)) else { return };
    for name in models.names() {
        if let Some(Ok(service)) = models.service(name) {
            service.operations().for_each(operation);
            service.shapes().for_each(shape);
            facts(service);
        }
    }
}

fn facts(service: &Service) {
    let _ = (service.protocol(), service.signature_version(), service.http2(), service.body_hash());
    let _ = (service.auth().count(), service.protocols().count(), service.client_context().count());
    for waiter in service.waiters() {
        let _ = service.waiter(waiter.name());
        let _ = Waiting::new(waiter);
    }
}

fn operation(operation: Operation<'_>) {
    let _ = operation.service().operation(operation.name());
    let _ = (operation.http_uri(), operation.http_status(), operation.auth_type());
    let _ = (operation.static_context().count(), operation.operation_context().count());
    let _ = (operation.checksum(), operation.endpoint_discovery(), operation.auth().count());
    operation.input().into_iter().chain(operation.output()).for_each(shape);
    operation.errors().for_each(shape);
    let _ = Pages::new(operation, Value::Null);
}

fn shape(shape: Shape<'_>) {
    let _ = (shape.name(), shape.kind(), shape.min(), shape.max(), shape.pattern());
    let _ = (shape.timestamp_format(), shape.error().status(), shape.enum_values().count());
    for member in
        shape.members().chain([shape.element(), shape.key(), shape.value()].into_iter().flatten())
    {
        let _ = (member.name(), member.location(), member.timestamp_format());
        let _ = (member.shape().name(), shape.member(member.name()));
    }
}

/// A block of the models of this build, by the file's head (`catalog/models.rs`).
fn block(name: &str) -> (usize, Vec<u8>) {
    let number = |at: usize| u32::from_le_bytes(MODELS[at..at + 4].try_into().unwrap()) as usize;
    let (texts, numbers, frame) = (number(5), number(9), number(13));
    let head = packed::unpacked(&MODELS[25..25 + frame], texts + numbers);
    let names = head[..texts - 1].split(|byte| *byte == 0).skip(1);
    let mut entries = Bytes(&head[texts..]);
    let mut start = 25 + frame;
    for entry in names {
        let [length, numbers, texts] = std::array::from_fn(|_| varint(&mut entries));
        entries.0 = &entries.0[8..];
        if entry == name.as_bytes() {
            let block = &MODELS[start..start + length];
            return (numbers, packed::unpacked(block, numbers + texts));
        }
        start += length;
    }
    panic!("{name}");
}

fn varint(bytes: &mut Bytes<'_>) -> usize {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let byte = bytes.byte();
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}
