//! The words in which people ask, read from `data/synonyms.txt`. Data, because it grows with every
//! question that finds nothing, and because whoever adds to it need not know how it is used.

use crate::bytes::Broken;

/// What the file says, in its own order.
#[derive(Debug, Default)]
pub(super) struct Synonyms<'a> {
    pub fillers: Vec<&'a str>,
    pub negations: Vec<&'a str>,
    pub verbs: Vec<Verb<'a>>,
    pub rules: Vec<Rule<'a>>,
    /// Services with how much they are used, more or less than others.
    pub usage: Vec<(&'a str, f32)>,
    /// Service names that are words in their own right.
    pub ordinary: Vec<&'a str>,
}

/// Words of people, and what operations begin with.
#[derive(Debug)]
pub(super) struct Verb<'a> {
    pub words: Vec<&'a str>,
    pub meant: Vec<(&'a str, Hint)>,
}

/// How surely one thing means another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    Strong,
    Weak,
}

/// What people say, and what is looked for then.
#[derive(Debug)]
pub(super) struct Rule<'a> {
    /// Any of them.
    pub said: Vec<Said<'a>>,
    pub meant: Vec<(Target<'a>, Hint)>,
}

/// What must be in the text.
#[derive(Debug)]
pub(super) enum Said<'a> {
    /// Words side by side.
    Phrase(&'a str),
    /// Phrases anywhere.
    All(Vec<&'a str>),
}

/// What to look for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    Words(&'a str),
    Service(&'a str),
    Operation(&'a str),
}

/// Reads the file. Fails on a line that has no meaning.
pub(super) fn read(file: &str) -> Result<Synonyms<'_>, Broken> {
    let mut synonyms = Synonyms::default();
    let mut section = "";
    for line in file.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            continue;
        }
        let words = line.split_whitespace();
        match section.split_once(' ').unwrap_or((section, "")) {
            ("fillers", "") => synonyms.fillers.extend(words),
            ("negations", "") => synonyms.negations.extend(words),
            ("ordinary", "") => synonyms.ordinary.extend(words),
            ("verbs", "") => synonyms.verbs.push(verb(line)?),
            ("words", "") => synonyms.rules.push(rule(line)?),
            ("usage", weight) => {
                let weight = weight.parse::<f32>().map_err(|_| nothing(section))?;
                synonyms.usage.extend(words.map(|service| (service, weight)));
            }
            _ => return Err(nothing(line)),
        }
    }
    Ok(synonyms)
}

fn verb(line: &str) -> Result<Verb<'_>, Broken> {
    let (words, meant) = line.split_once('=').ok_or_else(|| nothing(line))?;
    let (strong, weak) = meant.split_once('~').unwrap_or((meant, ""));
    let strong = strong.split_whitespace().map(|word| (word, Hint::Strong));
    let weak = weak.split_whitespace().map(|word| (word, Hint::Weak));
    Ok(Verb { words: words.split_whitespace().collect(), meant: strong.chain(weak).collect() })
}

fn rule(line: &str) -> Result<Rule<'_>, Broken> {
    let (said, meant) = line.split_once('=').ok_or_else(|| nothing(line))?;
    let said = said.split('|').map(|said| match said.contains('&') {
        true => Said::All(said.split('&').map(str::trim).collect()),
        false => Said::Phrase(said.trim()),
    });
    let meant = meant.split(',').map(|meant| {
        let meant = meant.trim();
        let (meant, hint) = match meant.strip_prefix('~') {
            Some(weak) => (weak, Hint::Weak),
            None => (meant, Hint::Strong),
        };
        let target = match meant.strip_prefix('@') {
            None => Target::Words(meant),
            Some(name) if name.contains(':') => Target::Operation(name),
            Some(name) => Target::Service(name),
        };
        (target, hint)
    });
    Ok(Rule { said: said.collect(), meant: meant.collect() })
}

fn nothing(line: &str) -> Broken {
    Broken::new(&format!("a line of the synonyms means nothing: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_say() {
        let file = "# words\n[fillers]\na an # articles\n[verbs]\nkill = stop ~ delete end\n\
            [words]\nvm | big box & now = instance type, ~@ec2, @ec2:RunInstances\n\
            [usage -1.5]\nsdb es\n[ordinary]\nconfig\n[negations]\nnot\n";
        let read = read(file).unwrap();
        assert_eq!((read.fillers, read.negations), (vec!["a", "an"], vec!["not"]));
        assert_eq!(
            (read.ordinary, read.usage),
            (vec!["config"], vec![("sdb", -1.5), ("es", -1.5)])
        );
        assert_eq!(read.verbs[0].words, ["kill"]);
        let meant = [("stop", Hint::Strong), ("delete", Hint::Weak), ("end", Hint::Weak)];
        assert_eq!(read.verbs[0].meant, meant);
        assert!(matches!(read.rules[0].said[0], Said::Phrase("vm")));
        assert!(matches!(&read.rules[0].said[1], Said::All(all) if *all == ["big box", "now"]));
        let expected = [
            (Target::Words("instance type"), Hint::Strong),
            (Target::Service("ec2"), Hint::Weak),
            (Target::Operation("ec2:RunInstances"), Hint::Strong),
        ];
        assert_eq!(read.rules[0].meant, expected);
    }

    #[test]
    fn lines_without_meaning_are_refused() {
        for file in ["a", "[x]\na", "[verbs]\na", "[words]\na", "[usage]\na", "[usage x]\na"] {
            assert!(read(file).is_err(), "{file}");
        }
    }
}
