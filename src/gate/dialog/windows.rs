//! Windows PowerShell with a script that never changes: what is asked comes in a variable, which the
//! script puts into a read-only text box. PowerShell is at the same path in every Windows since 7;
//! `%SystemRoot%` is not asked where it lies, since whoever sets it would choose the program.

use super::child::Ended;
use super::{Answer, Offer, Shape};

pub(super) const POWERSHELL: &str =
    "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";

/// PowerShell and .NET keep their caches there.
pub(super) const VARIABLES: &[&str] = &["USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"];

/// One statement per row. It names .NET's classes rather than commands, which a module of the same
/// name could replace. Enter presses the accept button, Escape the cancel button, and the `No` button
/// has the keyboard at first, for Space.
const BEFORE: &[&str] = &[
    "$ErrorActionPreference = 'Stop'",
    "[void][Reflection.Assembly]::Load('System.Windows.Forms, Version=4.0.0.0, Culture=neutral, \
        PublicKeyToken=b77a5c561934e089')",
    "[void][Reflection.Assembly]::Load('System.Drawing, Version=4.0.0.0, Culture=neutral, \
        PublicKeyToken=b03f5f7f11d50a3a')",
    "$form = [System.Windows.Forms.Form]::new()",
    "$form.Text = 'aws-mcp'",
    "$form.ClientSize = [System.Drawing.Size]::new(700, 480)",
    "$form.StartPosition = 'CenterScreen'",
    "$form.TopMost = $true",
    "$box = [System.Windows.Forms.TextBox]::new()",
    "$box.Multiline = $true",
    "$box.ReadOnly = $true",
    "$box.TabStop = $false",
    "$box.ScrollBars = 'Vertical'",
    "$box.Dock = 'Fill'",
    "$box.Font = [System.Drawing.Font]::new('Consolas', 10)",
    "$box.Lines = $env:AWS_MCP_QUESTION.Split([char]10)",
    "$row = [System.Windows.Forms.FlowLayoutPanel]::new()",
    "$row.Dock = 'Bottom'",
    "$row.FlowDirection = 'RightToLeft'",
    "$row.Height = 48",
    "$no = [System.Windows.Forms.Button]::new()",
    "$no.Text = 'No'",
    "$no.Height = 32",
    "$no.Width = 110",
    "$no.DialogResult = 'No'",
    "$row.Controls.Add($no)",
    "$once = [System.Windows.Forms.Button]::new()",
    "$once.Text = 'Once'",
    "$once.Height = 32",
    "$once.Width = 110",
    "$once.DialogResult = 'Yes'",
    "$row.Controls.Add($once)",
];
const MINUTES: &[&str] = &[
    "$minutes = [System.Windows.Forms.Button]::new()",
    "$minutes.Text = '15 minutes'",
    "$minutes.Height = 32",
    "$minutes.Width = 110",
    "$minutes.DialogResult = 'Retry'",
    "$row.Controls.Add($minutes)",
];
const AFTER: &[&str] = &[
    "$form.Controls.Add($box)",
    "$form.Controls.Add($row)",
    "$form.AcceptButton = $no",
    "$form.CancelButton = $no",
    "$form.ActiveControl = $no",
    "$timer = [System.Windows.Forms.Timer]::new()",
    "$timer.Interval = 1000 * [int]$env:AWS_MCP_SECONDS",
    "$timer.add_Tick({ $form.Close() })",
    "$timer.Start()",
    "$form.add_Shown({ $form.Activate() })",
    "$result = $form.ShowDialog().ToString()",
    "$word = 'Closed'",
    "if ($result -ceq 'No') { $word = 'No' }",
    "if ($result -ceq 'Yes') { $word = 'Once' }",
    "if ($result -ceq 'Retry') { $word = '15 minutes' }",
    "[Console]::Out.Write($word)",
];

/// The script is one argument. It has no double quote and no line break in it, so neither Windows'
/// splitting of command lines nor PowerShell's can take it apart in another way.
pub(super) fn powershell(text: &str, offer: Offer, seconds: u64) -> Shape {
    let minutes = match offer {
        Offer::OnceOnly => &[],
        Offer::Minutes => MINUTES,
    };
    let script: Vec<&str> = BEFORE.iter().chain(minutes).chain(AFTER).copied().collect();
    Shape {
        program: POWERSHELL,
        arguments: ["-NoLogo", "-NoProfile", "-NonInteractive", "-STA", "-Command"]
            .into_iter()
            .map(str::to_owned)
            .chain([script.join("; ")])
            .collect(),
        variables: vec![
            ("SystemRoot", "C:\\Windows".to_owned()),
            ("windir", "C:\\Windows".to_owned()),
            ("SystemDrive", "C:".to_owned()),
            ("AWS_MCP_QUESTION", text.to_owned()),
            ("AWS_MCP_SECONDS", seconds.to_string()),
        ],
        input: String::new(),
    }
}

/// The script prints the word alone, and ends with 0 unless it fails.
pub(super) fn answer(ended: &Ended) -> Option<Answer> {
    match (ended.printed.as_slice(), ended.code?) {
        (b"Once", 0) => Some(Answer::Once),
        (b"15 minutes", 0) => Some(Answer::Minutes),
        (b"No", 0) => Some(Answer::No),
        (b"Closed", 0) => Some(Answer::Closed),
        _ => None,
    }
}
