//! Answers of services that speak awsJson 1.0 and 1.1.
#![no_main]

use aws_dynamic_fuzz::answer;
use libfuzzer_sys::fuzz_target;

const OPERATIONS: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "ssm:GetParameters",
    "ecs:DescribeTasks",
    "logs:FilterLogEvents",
    "sqs:ReceiveMessage",
    "kms:Decrypt",
    "cloudtrail:LookupEvents",
    "glue:GetTables",
    "cloudwatch:GetMetricData",
];

fuzz_target!(|data: &[u8]| answer::read(OPERATIONS, data));
