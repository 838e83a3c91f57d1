//! Answers of services that speak ec2Query.
#![no_main]

use aws_dynamic_fuzz::answer;
use libfuzzer_sys::fuzz_target;

const OPERATIONS: &[&str] = &[
    "ec2:DescribeInstances",
    "ec2:DescribeImages",
    "ec2:GetPasswordData",
    "ec2:DescribeSecurityGroups",
    "ec2:CreateFleet",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeSpotPriceHistory",
    "ec2:DeleteVpc",
];

fuzz_target!(|data: &[u8]| answer::read(OPERATIONS, data));
