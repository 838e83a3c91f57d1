//! Answers of services that speak awsQuery.
#![no_main]

use aws_dynamic_fuzz::answer;
use libfuzzer_sys::fuzz_target;

const OPERATIONS: &[&str] = &[
    "iam:ListUsers",
    "sts:AssumeRole",
    "cloudformation:DescribeStacks",
    "rds:DescribeDBInstances",
    "autoscaling:DescribeAutoScalingGroups",
    "sns:GetTopicAttributes",
    "ses:GetIdentityVerificationAttributes",
    "iam:GetAccountSummary",
    "elasticbeanstalk:DescribeEnvironments",
    "redshift:DescribeClusters",
];

fuzz_target!(|data: &[u8]| answer::read(OPERATIONS, data));
