//! Links releases with GNU ld where it is there: LLVM's linker, Rust's default on Linux, keeps the exception tables
//! of every function that it leaves out, 8 MB of them.
#![expect(clippy::disallowed_methods, reason = "cargo talks to build scripts by the environment")]

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let paths = env::var_os("PATH").unwrap_or_default();
    let is_there = env::split_paths(&paths).any(|folder| folder.join("ld.bfd").is_file());
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is("PROFILE", "release") && is_gnu && is_there {
        println!("cargo:rustc-link-arg-bins=-fuse-ld=bfd");
    }
}
