use super::*;

#[cfg(target_os = "linux")]
mod desktop;

const ALL: [Program; 4] =
    [Program::Zenity, Program::Kdialog, Program::Osascript, Program::PowerShell];
const OFFERS: [Offer; 2] = [Offer::OnceOnly, Offer::Minutes];

/// What a name in AWS may hold to break out of its place.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        "\" & do shell script \"id\" & \"",
        "\\\" & (do shell script \"id\") & \\\"",
        "'; Start-Process calc; '",
        "$(id)",
        "`id`",
        "$env:PATH",
        "${HOME}",
        "%SystemRoot%",
        "<b>Account: 210987654321</b>",
        "</qt><a href=\"https://example.com\">x</a>",
        "&lt;b&gt; &amp; &#60;",
        "--extra-button=Once",
        "-e",
        "--",
        "a\nOnce\n15 minutes\n",
        "nul \0 here",
        "\u{202E}ecno\u{2066}",
        "zero\u{200B}width\u{E0041}",
        "\x1b[2J\r\x08",
        "\u{00AB}\u{201C}\u{2019}",
        "a\\nb\\\\n",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    texts.push("x".repeat(100_000));
    texts.push("y\n".repeat(50_000));
    texts.push("\u{1F600}".repeat(25_000));
    texts
}

fn ended(code: impl Into<Option<i32>>, printed: &[u8]) -> Ended {
    Ended { code: code.into(), printed: printed.to_vec(), complaint: Vec::new() }
}

fn argument_strings(program: Program, offer: Offer) -> Vec<String> {
    program.shape("", offer, 120).arguments
}

#[test]
fn what_is_asked_never_changes_how_it_is_asked() {
    for program in ALL {
        for offer in OFFERS {
            let plain = program.shape("plain", offer, 120);
            for text in hostile() {
                let shape = program.shape(&legible(&text), offer, 120);
                assert_eq!(shape.program, plain.program);
                let mut arguments = shape.arguments.clone();
                if program == Program::Kdialog {
                    // The only one that gets the text there: one argument, which is no option.
                    assert!(arguments[3].starts_with("<qt>"));
                    arguments[3] = plain.arguments[3].clone();
                }
                assert_eq!(arguments, plain.arguments, "{program:?} {text:?}");
                let names = |shape: &Shape| -> Vec<&str> {
                    shape.variables.iter().map(|(name, _)| *name).collect()
                };
                assert_eq!(names(&shape), names(&plain));
                for part in shape.arguments.iter().chain(shape.variables.iter().map(|(_, v)| v)) {
                    assert!(!part.contains('\0'), "{program:?} {text:?}");
                    assert!(part.len() < 64 * 1024, "{program:?} {} bytes", part.len());
                }
            }
        }
    }
}

#[test]
fn zenity_is_started_like_this() {
    let shape = Program::Zenity.shape("text", Offer::Minutes, 120);
    assert_eq!(shape.program, "/usr/bin/zenity");
    assert_eq!(
        shape.arguments,
        [
            "--text-info",
            "--title=aws-mcp",
            "--width=700",
            "--height=560",
            "--font=monospace",
            "--ok-label=No",
            "--cancel-label=Close",
            "--extra-button=Once",
            "--extra-button=15 minutes",
            "--timeout=120",
        ]
    );
    assert_eq!(shape.input, "text");
    assert!(
        !argument_strings(Program::Zenity, Offer::OnceOnly).iter().any(|a| a.contains("minutes"))
    );
}

#[test]
fn kdialog_is_started_like_this() {
    let shape = Program::Kdialog.shape("a <b>\n  c\\n", Offer::Minutes, 120);
    assert_eq!(shape.program, "/usr/bin/kdialog");
    assert_eq!(
        shape.arguments,
        [
            "--title",
            "aws-mcp",
            "--radiolist",
            "<qt><p align=\"left\"><tt>a &#60;b&#62;<br/>&#160;&#160;c&#92;n</tt></p></qt>",
            "No",
            "No",
            "on",
            "No",
            "or allow it:",
            "off",
            "Once",
            "\u{2022} Once",
            "off",
            "15 minutes",
            "\u{2022} 15 minutes",
            "off",
        ]
    );
    let once = argument_strings(Program::Kdialog, Offer::OnceOnly);
    assert!(!once.iter().any(|argument| argument.contains("minutes")), "{once:?}");
}

#[test]
fn kdialog_gets_no_markup_but_ours() {
    for text in hostile() {
        let shape = Program::Kdialog.shape(&legible(&text), Offer::Minutes, 120);
        let inner = shape.arguments[3].strip_prefix("<qt><p align=\"left\"><tt>").unwrap();
        let inner = inner.strip_suffix("</tt></p></qt>").unwrap();
        let rest = inner.replace("<br/>", "");
        assert!(!rest.contains(['<', '>', '"', '\'', '\\', '\n']), "{text:?} -> {rest}");
        for entity in rest.split('&').skip(1) {
            let number = entity.strip_prefix('#').unwrap().split(';').next().unwrap();
            assert!(number.parse::<u32>().unwrap() < 256, "{text:?} -> {rest}");
        }
    }
}

#[test]
fn osascript_is_started_like_this() {
    let shape = Program::Osascript.shape("text", Offer::Minutes, 120);
    assert_eq!(shape.program, "/usr/bin/osascript");
    let lines: Vec<&str> = shape.arguments.iter().skip(1).step_by(2).map(String::as_str).collect();
    assert!(shape.arguments.iter().step_by(2).all(|argument| argument == "-e"));
    assert_eq!(
        lines.join("\n"),
        r#"on run
set theText to system attribute "AWS_MCP_QUESTION"
set theSeconds to (system attribute "AWS_MCP_SECONDS") as integer
try
tell current application to activate
end try
try
set theReply to display dialog theText with title "aws-mcp" buttons {"15 minutes", "Once", "No"} default button "No" cancel button "No" with icon caution giving up after theSeconds
on error number -128
return "No"
end try
if gave up of theReply then return "Closed"
if button returned of theReply is "Once" then return "Once"
if button returned of theReply is "15 minutes" then return "15 minutes"
return "Closed"
end run"#
    );
    let once = argument_strings(Program::Osascript, Offer::OnceOnly);
    assert!(once.iter().any(|line| line.contains(r#"buttons {"Once", "No"} default button "No""#)));
    assert_eq!(
        shape.variables,
        [("AWS_MCP_QUESTION", "text".to_owned()), ("AWS_MCP_SECONDS", "120".to_owned())]
    );
}

#[test]
fn osascript_is_told_ascii_only() {
    for text in hostile() {
        let shape = Program::Osascript.shape(&legible(&text), Offer::Minutes, 120);
        let question = &shape.variables[0].1;
        assert!(question.bytes().all(|b| b == b'\n' || (0x20..0x7f).contains(&b)), "{question:?}");
        assert!(question.chars().count() <= MOST_CHARACTERS);
    }
    let shape = Program::Osascript.shape("grün 🚀", Offer::OnceOnly, 1);
    assert_eq!(shape.variables[0].1, "gr\\u{00FC}n \\u{1F680}");
}

#[test]
fn powershell_is_started_like_this() {
    let shape = Program::PowerShell.shape("a\nb", Offer::Minutes, 120);
    assert_eq!(shape.program, r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe");
    let (script, options) = shape.arguments.split_last().unwrap();
    assert_eq!(options, ["-NoLogo", "-NoProfile", "-NonInteractive", "-STA", "-Command"]);
    assert_eq!(
        script.replace("; ", "\n"),
        r"$ErrorActionPreference = 'Stop'
[void][Reflection.Assembly]::Load('System.Windows.Forms, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089')
[void][Reflection.Assembly]::Load('System.Drawing, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a')
$form = [System.Windows.Forms.Form]::new()
$form.Text = 'aws-mcp'
$form.ClientSize = [System.Drawing.Size]::new(700, 480)
$form.StartPosition = 'CenterScreen'
$form.TopMost = $true
$box = [System.Windows.Forms.TextBox]::new()
$box.Multiline = $true
$box.ReadOnly = $true
$box.TabStop = $false
$box.ScrollBars = 'Vertical'
$box.Dock = 'Fill'
$box.Font = [System.Drawing.Font]::new('Consolas', 10)
$box.Lines = $env:AWS_MCP_QUESTION.Split([char]10)
$row = [System.Windows.Forms.FlowLayoutPanel]::new()
$row.Dock = 'Bottom'
$row.FlowDirection = 'RightToLeft'
$row.Height = 48
$no = [System.Windows.Forms.Button]::new()
$no.Text = 'No'
$no.Height = 32
$no.Width = 110
$no.DialogResult = 'No'
$row.Controls.Add($no)
$once = [System.Windows.Forms.Button]::new()
$once.Text = 'Once'
$once.Height = 32
$once.Width = 110
$once.DialogResult = 'Yes'
$row.Controls.Add($once)
$minutes = [System.Windows.Forms.Button]::new()
$minutes.Text = '15 minutes'
$minutes.Height = 32
$minutes.Width = 110
$minutes.DialogResult = 'Retry'
$row.Controls.Add($minutes)
$form.Controls.Add($box)
$form.Controls.Add($row)
$form.AcceptButton = $no
$form.CancelButton = $no
$form.ActiveControl = $no
$timer = [System.Windows.Forms.Timer]::new()
$timer.Interval = 1000 * [int]$env:AWS_MCP_SECONDS
$timer.add_Tick({ $form.Close() })
$timer.Start()
$form.add_Shown({ $form.Activate() })
$result = $form.ShowDialog().ToString()
$word = 'Closed'
if ($result -ceq 'No') { $word = 'No' }
if ($result -ceq 'Yes') { $word = 'Once' }
if ($result -ceq 'Retry') { $word = '15 minutes' }
[Console]::Out.Write($word)"
    );
    assert!(!script.contains(['"', '\n', '\r', '%']), "it has to stay one argument");
    assert!(!argument_strings(Program::PowerShell, Offer::OnceOnly)[5].contains("$minutes"));
    assert!(shape.variables.contains(&("SystemRoot", r"C:\Windows".to_owned())));
    assert!(shape.variables.contains(&("AWS_MCP_QUESTION", "a\nb".to_owned())));
    assert!(shape.variables.contains(&("AWS_MCP_SECONDS", "120".to_owned())));
}

#[test]
fn only_the_exact_word_and_code_are_a_yes() {
    let yes: [(Program, &[i32], &[u8]); 4] = [
        (Program::Zenity, &[83, 84], b"Once\n"),
        (Program::Kdialog, &[0], b"Once\n"),
        (Program::Osascript, &[0], b"Once\n"),
        (Program::PowerShell, &[0], b"Once"),
    ];
    let printed: [&[u8]; 17] = [
        b"",
        b"\n",
        b"Once",
        b"Once\n",
        b"once\n",
        b"Once \n",
        b" Once\n",
        b"Once\n\n",
        b"Once\r\n",
        b"Once\0",
        b"\xef\xbb\xbfOnce",
        b"NoOnce\n",
        b"No\nOnce\n",
        b"15 minutes\nOnce\n",
        b"yes\n",
        b"OnceOnce",
        b"0\n",
    ];
    for (program, codes, word) in yes {
        for code in (-1..=130).map(Some).chain([None, Some(255), Some(i32::MIN)]) {
            for printed in printed {
                let is_yes = printed == word && code.is_some_and(|code| codes.contains(&code));
                let answer = program.answer(Offer::Minutes, &ended(code, printed));
                assert_eq!(
                    answer == Some(Answer::Once),
                    is_yes,
                    "{program:?} {code:?} {printed:?}"
                );
                assert_ne!(answer, Some(Answer::Minutes), "{program:?} {code:?} {printed:?}");
            }
        }
    }
}

#[test]
fn minutes_are_only_given_where_they_were_offered() {
    let ends = [
        (Program::Zenity, ended(83, b"15 minutes\n")),
        (Program::Zenity, ended(84, b"15 minutes\n")),
        (Program::Kdialog, ended(0, b"15 minutes\n")),
        (Program::Osascript, ended(0, b"15 minutes\n")),
        (Program::PowerShell, ended(0, b"15 minutes")),
    ];
    for (program, end) in ends {
        assert_eq!(program.answer(Offer::Minutes, &end), Some(Answer::Minutes));
        assert_eq!(program.answer(Offer::OnceOnly, &end), None);
    }
}

#[test]
fn the_other_ends() {
    let check = |program: Program, code, printed: &[u8], expected| {
        assert_eq!(program.answer(Offer::Minutes, &ended(code, printed)), expected, "{program:?}");
    };
    check(Program::Zenity, 81, b"", Some(Answer::No));
    check(Program::Zenity, 82, b"", Some(Answer::Closed));
    check(Program::Zenity, 83, b"", Some(Answer::Closed));
    check(Program::Zenity, 85, b"", Some(Answer::Closed));
    check(Program::Zenity, 86, b"", None);
    // No display, an unknown option.
    check(Program::Zenity, 1, b"", None);
    check(Program::Zenity, 255, b"", None);
    check(Program::Kdialog, 0, b"No\n", Some(Answer::No));
    check(Program::Kdialog, 1, b"\n", Some(Answer::Closed));
    check(Program::Kdialog, 1, b"", None);
    check(Program::Kdialog, 0, b"", None);
    check(Program::Osascript, 0, b"No\n", Some(Answer::No));
    check(Program::Osascript, 0, b"Closed\n", Some(Answer::Closed));
    check(Program::Osascript, 1, b"", None);
    check(Program::PowerShell, 0, b"No", Some(Answer::No));
    check(Program::PowerShell, 0, b"Closed", Some(Answer::Closed));
    check(Program::PowerShell, 1, b"", None);
}

#[test]
fn what_hides_is_shown_and_what_is_long_is_cut() {
    let check = |text: &str, expected: &str| assert_eq!(legible(text), expected);
    check("a\nb", "a\nb");
    check("a\tb\rc\0d", "a\\u{0009}b\\u{000D}c\\u{0000}d");
    check("x\u{202E}y\u{200B}z\u{E0041}", "x\\u{202E}y\\u{200B}z\\u{E0041}");
    check("<b>&amp;</b>", "<b>&amp;</b>");
    check(&["l"; MOST_LINES].join("\n"), &["l"; MOST_LINES].join("\n"));
    check(
        &["l"; MOST_LINES + 1].join("\n"),
        &format!("{}\n{CUT}", ["l"; MOST_LINES - 1].join("\n")),
    );
    let line = "x".repeat(MOST_IN_A_LINE);
    check(&line, &line);
    check(&format!("{line}\n{line}y\n"), &format!("{line}\n{line}\n        y\n"));
    check("e\u{0301}\u{0302}\u{0303}x\u{0301}", "e\u{0301}\u{0302}\\u{0303}x\u{0301}");
    for text in hostile().into_iter().chain(["\u{202E}".repeat(3_000), "é\n".repeat(41)]) {
        let shown = legible(&text);
        assert!(shown.chars().count() <= MOST_CHARACTERS, "{}", shown.chars().count());
        assert!(shown.split('\n').count() <= MOST_LINES, "{}", shown.split('\n').count());
        assert!(shown.split('\n').all(|line| line.chars().count() <= MOST_IN_A_LINE), "{shown}");
        let is_long = text.len() > 1_000 || text.matches('\n').count() >= MOST_LINES;
        assert_eq!(shown.ends_with(CUT), is_long);
    }
}

#[test]
fn a_long_line_cannot_pass_for_another() {
    let shown = legible(&format!("  Name: {}Account: 210987654321", " ".repeat(68)));
    assert!(shown.lines().skip(1).all(|line| line.starts_with("        ")), "{shown}");
    assert!(shown.contains("Account: 210987654321"));
}

#[test]
fn what_comes_first_is_kept() {
    let shown = legible(&format!("Operation: ec2:StopInstances\n{}", "z\n".repeat(100_000)));
    assert!(shown.starts_with("Operation: ec2:StopInstances\nz\n"), "{shown}");
}

#[test]
fn a_desktop_is_needed() {
    let check = |system: System, pairs: &[(&str, &str)], expected: bool| {
        let environment = Environment::from_pairs(pairs.iter().copied());
        assert_eq!(system.has_desktop(&environment), expected, "{system:?} {pairs:?}");
    };
    check(System::Linux, &[], false);
    check(System::Linux, &[("DISPLAY", "")], false);
    check(System::Linux, &[("DISPLAY", ":0")], true);
    check(System::Linux, &[("WAYLAND_DISPLAY", "wayland-0")], true);
    check(System::Linux, &[("SSH_TTY", "/dev/pts/1")], false);
    check(System::Linux, &[("SSH_TTY", "/dev/pts/1"), ("DISPLAY", "localhost:10.0")], true);
    for system in [System::MacOs, System::Windows] {
        check(system, &[], true);
        check(system, &[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")], false);
        check(system, &[("SSH_CLIENT", "10.0.0.1 1 22")], false);
        check(system, &[("SSH_TTY", "/dev/ttys001")], false);
    }
    assert!(Dialog::find(&Environment::default()).is_none() || !cfg!(target_os = "linux"));
}

#[test]
fn the_child_gets_few_variables() {
    let environment = Environment::from_pairs([
        ("DISPLAY", ":7"),
        ("HOME", "/home/ana"),
        ("LANG", ""),
        ("XAUTHORITY", "a\0b"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
        ("GTK_MODULES", "evil"),
        ("LD_PRELOAD", "/tmp/evil.so"),
        ("ZENITY_OK", "84"),
        ("PSModulePath", "C:\\evil"),
        ("SystemRoot", "C:\\evil"),
    ]);
    let dialog = Dialog::of(Program::Zenity, &environment);
    assert_eq!(dialog.variables, [("DISPLAY", ":7".to_owned()), ("HOME", "/home/ana".to_owned())]);
    assert!(Dialog::of(Program::PowerShell, &environment).variables.is_empty());
}

#[cfg(unix)]
#[test]
fn a_program_that_others_could_have_put_there_is_none() {
    use std::os::unix::fs::PermissionsExt;

    assert!(child::is_the_systems("/bin/sh"));
    assert!(!child::is_the_systems("/usr/bin/no-such-program"));
    assert!(!child::is_the_systems("/usr/bin"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zenity");
    std::fs::write(&path, "").unwrap();
    let shown = path.to_str().unwrap();
    for mode in [0o775, 0o757, 0o777] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(!child::is_the_systems(shown), "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let nobody = rustix::fs::Uid::from_raw(65_534);
    // Only root can give it away; anybody else's own file is another user's for the check.
    let _ = rustix::fs::chown(&path, Some(nobody), None);
    assert!(!child::is_the_systems(shown));
}

#[test]
fn a_failure_is_one_short_line() {
    let end = Ended {
        code: Some(1),
        printed: Vec::new(),
        complaint: b"\n(zenity): cannot open \x1b[1mdisplay\n\xff\n".to_vec(),
    };
    assert_eq!(
        end.failure("/usr/bin/zenity"),
        "/usr/bin/zenity ended with code 1: (zenity): cannot open \\u{001B}[1mdisplay / \u{FFFD}"
    );
    assert_eq!(ended(None, b"").failure("x"), "x was ended by a signal");
}

#[cfg(unix)]
mod children {
    use super::*;

    fn shell(script: &str, input: &str) -> Shape {
        Shape {
            program: "/bin/sh",
            arguments: vec!["-c".into(), script.into()],
            variables: vec![("GIVEN", "yes".into())],
            input: input.into(),
        }
    }

    async fn run(script: &str, input: &str) -> Ended {
        child::run(&shell(script, input), Duration::from_secs(30)).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn it_gets_the_text_and_nothing_of_ours() {
        let end = run("cat; pwd; echo $GIVEN $HOME; exit 7", "text ").await;
        assert_eq!((end.code, end.printed.as_slice()), (Some(7), &b"text /\nyes\n"[..]));
    }

    #[tokio::test]
    async fn it_may_talk_much_and_listen_little() {
        let much = "x".repeat(1_000_000);
        let script = "i=0; while [ $i -lt 5000 ]; do echo 0123456789012345678901234567890123456789; \
            echo complaint complaint complaint >&2; i=$((i+1)); done; exit 3";
        let end = run(script, &much).await;
        assert_eq!((end.code, end.printed.len(), end.complaint.len()), (Some(3), 64, 500));
    }

    #[tokio::test]
    async fn what_it_leaves_behind_is_not_waited_for() {
        let end = run("sleep 60 & echo $!; exit 0", "").await;
        assert_eq!(end.code, Some(0));
        let left: i32 = String::from_utf8(end.printed).unwrap().trim().parse().unwrap();
        let left = rustix::process::Pid::from_raw(left).unwrap();
        rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
    }

    #[tokio::test]
    async fn its_time_is_bounded() {
        let shape = shell("exec sleep 600", "");
        assert!(child::run(&shape, Duration::from_millis(50)).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_cannot_be_started_says_so() {
        // With setpriv before it, it is setpriv that says so.
        let shape = Shape { program: "/usr/bin/no-such-program", ..shell("", "") };
        match child::run(&shape, Duration::from_secs(30)).await {
            Ok(Some(end)) => assert!(end.code.is_some_and(|code| code > 0), "{end:?}"),
            Ok(None) => panic!("it ran"),
            Err(why) => assert!(why.contains("could not be started"), "{why}"),
        }
    }
}
