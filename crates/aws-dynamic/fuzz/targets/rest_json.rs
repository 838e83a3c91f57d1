//! Answers of services that speak restJson1.
#![no_main]

use aws_dynamic_fuzz::answer;
use libfuzzer_sys::fuzz_target;

const OPERATIONS: &[&str] = &[
    "lambda:GetFunctionConfiguration",
    "bedrock-runtime:Converse",
    "lambda:Invoke",
    "lex-runtime:PostContent",
    "apigateway:GetRestApis",
    "lambda:ListFunctions",
    "polly:SynthesizeSpeech",
    "iot-data:GetThingShadow",
    "glacier:DescribeJob",
    "appconfig:GetConfiguration",
];

fuzz_target!(|data: &[u8]| answer::read(OPERATIONS, data));
