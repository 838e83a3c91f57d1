//! Policies for the servers of tests, in files that nobody else may write.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The arguments of a server that may write without asking.
pub fn full() -> &'static [&'static str] {
    static FULL: OnceLock<[&str; 2]> = OnceLock::new();
    FULL.get_or_init(|| named("full", "mode: full\n"))
}

/// The arguments of one that assumes any role without asking.
pub fn any_role() -> &'static [&'static str] {
    static ANY_ROLE: OnceLock<[&str; 2]> = OnceLock::new();
    ANY_ROLE.get_or_init(|| named("any_role", "roles: {allow: ['arn:aws*:iam::*:role/*']}\n"))
}

fn named(name: &str, policy: &str) -> [&'static str; 2] {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder for the policy");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("its mode");
    let file = folder.join("policy.yaml");
    fs::write(&file, policy).expect("a policy");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode");
    ["--policy", Box::leak(file.to_string_lossy().into_owned().into_boxed_str())]
}
