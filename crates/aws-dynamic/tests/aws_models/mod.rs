//! Where AWS's Smithy models lie: eight services of the repository aws/api-models-aws at 56c8953. They
//! are no part of this repository, and where there are none, tests of them are skipped.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder that `AWS_MCP_SMITHY_MODELS` names, else `../shared/smithy-models` beside this repository.
/// Where there is none, that is said, past the test's own output, which is shown of failures only.
pub fn folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("AWS_MCP_SMITHY_MODELS").filter(|name| !name.is_empty()) {
        let folder = PathBuf::from(named);
        assert!(folder.is_dir(), "AWS_MCP_SMITHY_MODELS names no folder: {}", folder.display());
        return Some(folder);
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/smithy-models");
    if beside.is_dir() {
        return Some(beside);
    }
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let mut shown = std::io::stderr();
    writeln!(
        shown,
        "{name}: skipped; there are no Smithy models in ../shared/smithy-models, and AWS_MCP_SMITHY_MODELS is not set"
    )
    .unwrap();
    None
}
