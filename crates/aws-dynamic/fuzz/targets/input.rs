//! Inputs: any JSON, and JSON that comes near the model. What is found valid is written.
#![no_main]

use aws_dynamic::protocol::Exchange;
use aws_dynamic::validate::{Coercion, MOST, validate};
use aws_dynamic_fuzz::bytes::Bytes;
use aws_dynamic_fuzz::{operation, value};
use libfuzzer_sys::fuzz_target;

/// Of all protocols, with inputs in paths, queries, headers and bodies of every kind.
const OPERATIONS: &[&str] = &[
    "ec2:DescribeInstances",
    "ec2:RunInstances",
    "s3:PutObject",
    "s3:CopyObject",
    "s3:ListObjectsV2",
    "s3:PutBucketLifecycleConfiguration",
    "s3:DeleteObjects",
    "s3control:CreateJob",
    "dynamodb:PutItem",
    "dynamodb:TransactWriteItems",
    "bedrock-runtime:Converse",
    "lambda:Invoke",
    "lambda:CreateFunction",
    "iam:CreateRole",
    "cloudformation:CreateStack",
    "cloudwatch:PutMetricData",
    "route53:ChangeResourceRecordSets",
    "cloudfront:CreateDistribution",
    "apigateway:UpdateRestApi",
    "glacier:UploadArchive",
    "sqs:SendMessageBatch",
    "kinesis:PutRecords",
    "eventbridgev2:PutEvents",
    "cloudwatchomni:CreateOmniDashboard",
    "lex-runtime:PostContent",
    "iot-data:Publish",
    "logs:FilterLogEvents",
    "wafv2:CreateWebACL",
    "ssm:PutParameter",
    "sts:AssumeRole",
];

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let operation =
        operation(OPERATIONS[usize::from(bytes.byte().wrapping_sub(b'A')) % OPERATIONS.len()]);
    let (coercion, is_json) = match bytes.byte() {
        b'j' => (Coercion::On, true),
        b'J' => (Coercion::Off, true),
        even if even % 2 == 0 => (Coercion::On, false),
        _ => (Coercion::Off, false),
    };
    let input = match operation.input() {
        Some(shape) if !is_json => value::of_shape(shape, &mut bytes),
        Some(_) | None => match serde_json::from_slice(bytes.0) {
            Ok(input) => input,
            Err(_) => return,
        },
    };
    let exchange = Exchange::of(operation).unwrap();
    // Whoever does not validate must not be worse off than with an error.
    let _ = exchange.request(&input, None);
    let valid = match validate(operation, &input, coercion) {
        Ok(valid) => valid,
        Err(invalid) => {
            assert!(
                (1..=MOST).contains(&invalid.problems.len()) && !invalid.to_string().is_empty()
            );
            return;
        }
    };
    assert!(coercion == Coercion::On || valid.coercions.is_empty());
    let again = validate(operation, &valid.input.clone().into(), Coercion::Off);
    assert!(again.is_ok_and(|again| again.input == valid.input), "{input}");
    let token = || "00000000-0000-4000-8000-000000000000".to_owned();
    if let Ok(request) = exchange.request(&valid.input.into(), Some(&token)) {
        assert!(request.uri.starts_with('/'), "{}", request.uri);
        let is_clean = |text: &str| !text.chars().any(|c| c.is_ascii_control() && c != '\t');
        assert!(is_clean(&request.uri) && request.uri.is_ascii(), "{:?}", request.uri);
        assert!(request.headers.iter().all(|(name, value)| is_clean(name) && is_clean(value)));
    }
});
