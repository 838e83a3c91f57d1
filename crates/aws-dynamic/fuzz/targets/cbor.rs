//! Answers of services that speak rpcv2Cbor.
#![no_main]

use aws_dynamic_fuzz::answer;
use libfuzzer_sys::fuzz_target;

/// Of the services that speak nothing else.
const OPERATIONS: &[&str] = &[
    "eventbridgev2:ListEventBuses",
    "eventbridgev2:DescribeSubscriber",
    "eventbridgev2:PutEvents",
    "cloudwatchomni:GetContextGraph",
    "cloudwatchomni:GetTelemetryQueryResults",
    "cloudwatchomni:GetOmniDashboard",
    "partnercentral-revenue-measurement:ListRevenueAttributions",
    "partnercentral-revenue-measurement:GetMarketplaceRevenueShareAllocation",
];

fuzz_target!(|data: &[u8]| answer::read(OPERATIONS, data));
