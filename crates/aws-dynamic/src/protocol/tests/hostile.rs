//! Answers of somebody who means harm: an error or an answer, never a panic, and never long.

use proptest::prelude::*;

use super::*;

/// An operation of each protocol with an answer that it reads.
const ANSWERS: &[(&str, &[u8])] = &[
    (
        "dynamodb:BatchGetItem",
        br#"{"Responses":{"t":[{"a":{"L":[{"M":{"b":{"N":"1"}}},{"BS":["AAE="]}]}}]},"ConsumedCapacity":[{"CapacityUnits":1.5,"ReadCapacityUnits":-0.0}]}"#,
    ),
    (
        "lambda:GetFunctionConfiguration",
        br#"{"FunctionName":"\u00fc\n","MemorySize":128,"CodeSize":12345678901,"Environment":{"Variables":{"A":"1"}},"Layers":[{"Arn":"a"}]}"#,
    ),
    (
        "bedrock-runtime:Converse",
        br#"{"output":{"message":{"role":"user","content":[{"toolUse":{"toolUseId":"t","name":"n","input":{"a":[1,{"b":null}]}}}]}},"metrics":{"latencyMs":5}}"#,
    ),
    (
        "s3:GetBucketAcl",
        b"<?xml version=\"1.0\"?><AccessControlPolicy xmlns=\"u\"><Owner><ID>&#x41;</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"x\" xsi:type=\"CanonicalUser\"><ID>a</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>",
    ),
    (
        "s3:ListObjectsV2",
        b"<ListBucketResult><KeyCount>1</KeyCount><Contents><Key>a&amp;b</Key><LastModified>2026-01-31T12:00:00Z</LastModified></Contents><!-- c --></ListBucketResult>",
    ),
    (
        "iam:ListUsers",
        b"<ListUsersResponse><ListUsersResult><IsTruncated>false</IsTruncated><Users><member><UserName>u</UserName><CreateDate>2026-01-31T12:00:00Z</CreateDate></member></Users></ListUsersResult></ListUsersResponse>",
    ),
    (
        "ec2:DescribeInstances",
        b"<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i</instanceId><tagSet><item><key>k</key></item></tagSet></item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
    ),
    (CBOR, CBOR_ANSWER),
];

/// An operation of a service that speaks nothing but CBOR.
const CBOR: &str = "eventbridgev2:ListEventBuses";
const CBOR_ANSWER: &[u8] = b"\xbf\x6aEventBuses\x9f\xbf\x64Name\x61a\x6cCreationTime\xc1\x1a\x69\x7d\xee\xc0\xff\xff\x69NextToken\x61t\xff";

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..200), status in 100u16..=999) {
        for (name, _) in ANSWERS {
            let _ = exchange(name).response(status, [], body.clone());
        }
    }

    #[test]
    fn any_text(body in ".{0,100}", header in "[ -~]{0,40}") {
        let headers = [
            ("x-amzn-errortype", header.as_str()),
            ("x-amzn-query-error", header.as_str()),
            ("last-modified", header.as_str()),
            ("content-length", header.as_str()),
            ("x-amz-meta-a", header.as_str()),
        ];
        for (name, _) in ANSWERS.iter().chain(&[("s3:HeadObject", &b""[..]), ("lex-runtime:PostContent", b"")]) {
            for status in [200, 404] {
                let _ = exchange(name).response(status, headers, body.clone());
            }
        }
    }

    /// What is nearly right comes further than noise.
    #[test]
    fn damaged_answers(
        which in 0..ANSWERS.len(),
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        doubled in any::<prop::sample::Index>(),
        status in prop::sample::select(vec![200u16, 400, 500]),
    ) {
        let (name, answer) = ANSWERS[which];
        let mut body = answer.to_vec();
        for (place, byte) in changes {
            let place = place.index(body.len());
            body[place] = byte;
        }
        body.truncate(cut.index(answer.len() * 2 + 1));
        let again = body[doubled.index(body.len() + 1)..].to_vec();
        body.extend(again);
        let _ = exchange(name).response(status, [], body);
    }
}

#[test]
fn the_answers_are_read_where_they_are_whole() {
    for (name, answer) in ANSWERS {
        let read = exchange(name).response(200, [], answer.to_vec());
        assert!(read.as_ref().is_ok_and(|read| read.to_string().len() > 40), "{name}: {read:?}");
    }
}

#[test]
fn every_cut_of_an_answer_is_an_error() {
    for (name, answer) in ANSWERS {
        // No bytes at all are no members, where that can be: in JSON and CBOR, as in botocore.
        let first = usize::from(answer.first() != Some(&b'<'));
        for end in first..answer.len() {
            let read = exchange(name).response(200, [], answer[..end].to_vec());
            assert!(matches!(read, Err(Failure::Unreadable(_))), "{name} {end}: {read:?}");
            let _ = exchange(name).response(400, [], answer[..end].to_vec());
        }
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = 200_000;
    let check = |name: &str, body: Vec<u8>| {
        let answer = exchange(name).response(200, [], body.clone());
        assert!(matches!(answer, Err(Failure::Unreadable(_))), "{name}");
        let _ = exchange(name).response(400, [], body);
    };
    check("dynamodb:GetItem", [&br#"{"Item":{"a":"#[..], &br#"{"L":["#.repeat(deep)].concat());
    check("dynamodb:GetItem", [&br#"{"New":"#[..], &b"[".repeat(deep)].concat());
    check(
        "bedrock-runtime:Converse",
        [&br#"{"additionalModelResponseFields":"#[..], &b"[".repeat(deep)].concat(),
    );
    check("ec2:DescribeInstances", b"<a>".repeat(deep));
    check("s3:ListObjectsV2", b"<Error>".repeat(deep));
    check("iam:ListUsers", b"<Errors>".repeat(deep));
    let all = [
        "<DescribeInstancesResponse>",
        &"<a>".repeat(deep),
        &"</a>".repeat(deep),
        "</DescribeInstancesResponse>",
    ];
    check("ec2:DescribeInstances", all.concat().into_bytes());
    check(CBOR, b"\xbf\x6aEventBuses\x9f".repeat(deep));
    check(CBOR, [&b"\xbf\x61x"[..], &b"\x9f".repeat(deep)].concat());
}

#[test]
fn inputs_are_bounded_too() {
    let nested = |depth| (0..depth).fold(json!({"S": "s"}), |inner, _| json!({"L": [inner]}));
    let input = |depth| json!({"TableName": "t", "Item": {"a": nested(depth)}});
    let put = exchange("dynamodb:PutItem");
    assert!(put.request(&input(50), None).is_ok());
    assert!(put.request(&input(500), None).is_err());
}

/// Lengths that nothing follows cost nothing.
#[test]
fn claimed_lengths_are_not_believed() {
    for claim in [
        &b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\xbf\x6aEventBuses\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbf\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbf\x6aEventBuses\x81\xbf\x64Name\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let answer = exchange(CBOR).response(200, [], claim.to_vec());
        assert!(matches!(answer, Err(Failure::Unreadable(_))), "{claim:x?}");
    }
}

/// The codec takes the end of a body for an empty structure, as often as a list claims to have one.
/// That the body is cut is found before; the reader holds on its own.
#[test]
fn a_list_cannot_hold_more_than_its_body() {
    let list = exchange(CBOR);
    let claim = b"\xbf\x6aEventBuses\x9b\x00\xff\xff\xff\xff\xff\xff\xff";
    let response = Response::new(200.try_into().unwrap(), SdkBody::from(claim.to_vec()));
    let output = list.output.unwrap();
    let from = list.protocol.deserialize_response(&response, output.schema, &list.config);
    assert!(read::output(&mut *from.unwrap(), output, &response, list.speaks).is_err());
}

/// An empty structure is one byte in CBOR, and many more in memory.
#[test]
fn more_values_than_are_read_are_an_error() {
    let of = |count: u32| {
        let head = b"\xa1\x6aEventBuses\x9a".iter().copied();
        let all = head.chain(count.to_be_bytes()).chain((0..count).map(|_| 0xa0));
        exchange(CBOR).response(200, [], all.collect::<Vec<u8>>())
    };
    let Ok(answer) = of(100_000) else { panic!("{:?}", of(100_000)) };
    assert_eq!(answer["EventBuses"].as_array().map(Vec::len), Some(100_000));
    let Err(Failure::Unreadable(problem)) = of(2_000_000) else { panic!("it was read") };
    assert_eq!(problem.to_string(), "EventBuses has more values than are read");
}

/// Tags are bytes too: the more an answer has, the more values may be in it.
#[test]
fn long_answers_have_more_values() {
    let of = |item: &str, count: usize| {
        let body = format!(
            "<DescribeInstancesResponse><reservationSet>{}</reservationSet></DescribeInstancesResponse>",
            item.repeat(count)
        );
        exchange("ec2:DescribeInstances").response(200, [], body)
    };
    let little = "<item><instancesSet><item><instanceId>i</instanceId><blockDeviceMapping/></item></instancesSet></item>";
    let Ok(answer) = of(little, 200_000) else { panic!("it was not read") };
    assert_eq!(answer["Reservations"].as_array().map(Vec::len), Some(200_000));
    // As many bytes as there may be do not help: they are half a gigabyte in memory.
    let long = format!("<i>{}</i>", " ".repeat(20));
    for (item, count) in [("<i/>", 1_000_001), (&*long, 2_000_001)] {
        let Err(Failure::Unreadable(problem)) = of(item, count) else { panic!("it was read") };
        assert_eq!(problem.to_string(), "Reservations has more values than are read");
    }
}

/// A document is read at once, whatever is in it.
#[test]
fn more_values_than_are_read_are_no_document() {
    let of = |status: u16, entry: &str, count: usize| {
        let list = vec![entry; count].join(",");
        let body = format!("{{\"additionalModelResponseFields\":[{list}],\"code\":\"C\"}}");
        exchange("bedrock-runtime:Converse").response(status, [], body)
    };
    for entry in ["0", "[]", "\"\\\"\"", "{}"] {
        let Ok(answer) = of(200, entry, 100_000) else { panic!("{entry} was not read") };
        let fields = answer["additionalModelResponseFields"].as_array();
        assert_eq!(fields.map(Vec::len), Some(100_000));
        let Err(Failure::Unreadable(problem)) = of(200, entry, 1_000_001) else {
            panic!("{entry} was read")
        };
        assert_eq!(problem.to_string(), "the body has more values than are read");
        for (count, code) in [(10, "C"), (1_000_001, "400")] {
            let Err(Failure::Service(error)) = of(400, entry, count) else { panic!("no error") };
            assert_eq!(error.code, code);
        }
    }
    // Text has no values, however many commas.
    let Ok(answer) = of(200, &format!("\"{}\"", ",[{".repeat(400_000)), 1) else { panic!() };
    assert_eq!(answer["additionalModelResponseFields"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_no_status_or_header_is_an_error() {
    let get = exchange("s3:HeadObject");
    assert!(matches!(get.response(0, [], ""), Err(Failure::Unreadable(_))));
    assert!(matches!(get.response(200, [("a\nb", "c")], ""), Err(Failure::Unreadable(_))));
    assert!(matches!(get.response(200, [("a", "b\nc")], ""), Err(Failure::Unreadable(_))));
}
