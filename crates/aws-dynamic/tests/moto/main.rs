//! Calls of many services against moto, an AWS emulator, over loopback. `AWS_MCP_TEST_PYTHON` names a
//! Python that has it and boto3, which is asked the same; `tests/run.sh` of the repository makes one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]
// The counts.
#![allow(clippy::print_stdout)]

mod answers;
mod emulator;
mod reads;
mod s3;
mod seed;
mod services;
mod trees;
