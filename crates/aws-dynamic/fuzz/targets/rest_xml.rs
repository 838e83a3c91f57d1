//! Answers of services that speak restXml.
#![no_main]

use aws_dynamic_fuzz::answer;
use libfuzzer_sys::fuzz_target;

const OPERATIONS: &[&str] = &[
    "s3:GetBucketAcl",
    "s3:ListObjectsV2",
    "s3:HeadObject",
    "s3:GetObject",
    "s3:GetBucketLocation",
    "s3:GetBucketPolicy",
    "s3:CopyObject",
    "s3:GetBucketLifecycleConfiguration",
    "cloudfront:ListDistributions",
    "route53:ListResourceRecordSets",
];

fuzz_target!(|data: &[u8]| answer::read(OPERATIONS, data));
