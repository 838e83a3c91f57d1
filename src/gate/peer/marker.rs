//! Environment variables that tell on a process: those that AI agents set in the commands that they
//! run, and those by which code gets into a program that is not its own.

/// Set by agents in what they run. What people set for themselves (`CLAUDE_CODE_USE_BEDROCK`,
/// `CODEX_HOME`, `AIDER_MODEL`) is not among them; aider sets nothing.
const AGENTS: [&str; 20] = [
    // What several agree on.
    "AGENT",
    "AI_AGENT",
    // Claude Code.
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    // Codex.
    "CODEX_CI",
    "CODEX_SANDBOX",
    "CODEX_SANDBOX_NETWORK_DISABLED",
    "CODEX_THREAD_ID",
    // Cursor's agent; and all terminals of its editor, in which the agent types too.
    "CURSOR_AGENT",
    "CURSOR_TRACE_ID",
    // Gemini CLI, and what was made from it.
    "GEMINI_CLI",
    "QWEN_CODE",
    // Copilot's command line; VS Code's agent.
    "COPILOT_CLI",
    "VSCODE_AGENT",
    // Others.
    "AUGMENT_AGENT",
    "CLINE_ACTIVE",
    "GOOSE_TERMINAL",
    "OPENCODE",
    "OPENCODE_CLIENT",
    "TRAE_AI_SHELL_ID",
];

/// By which the system's loader puts other code into a program.
const LOADERS: [&str; 3] = ["LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD"];
/// All of macOS's.
const LOADER_PREFIX: &str = "DYLD_";

/// The first agent's marker among the names; an empty value counts too.
pub fn agent<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names.into_iter().find(|name| AGENTS.contains(name))
}

/// The first variable among the names that loads code.
pub fn loader<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names.into_iter().find(|name| LOADERS.contains(name) || name.starts_with(LOADER_PREFIX))
}
