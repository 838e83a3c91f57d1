//! XML, as a tree that is walked once. The tokens are `xmlparser`'s; here is what it leaves out: that
//! every tag ends, in its order, in what nobody reads too; and texts, whole and without escapes.
//! Document types are refused: no service of AWS sends one, and pages of proxies do.

use std::borrow::Cow;

use aws_smithy_schema::serde::SerdeError;
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::DEEPEST;

/// A place in a document. What is open is counted by levels: within the root it is 1.
pub(crate) struct Reader<'t> {
    tokens: Tokenizer<'t>,
    /// The elements around the place, the innermost last.
    open: Vec<Name<'t>>,
    /// Of the tag that was opened last, as they are written.
    attributes: Vec<(Name<'t>, &'t str)>,
    /// Whether that tag ended its element too.
    is_empty: bool,
    /// Whether no element has ended since.
    is_first: bool,
}

/// The level within the root.
pub(crate) const ROOT: usize = 1;

/// What is no XML, or nested too deeply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name<'t> {
    prefix: &'t str,
    local: &'t str,
}

enum Step<'t> {
    /// By its name without prefix.
    Opened(&'t str),
    Closed,
    /// With references.
    Text(&'t str),
    /// Without.
    Data(&'t str),
}

/// How many tags may be open, those around an answer with them.
const DEEPEST_TAG: usize = DEEPEST + 2;

/// The root's name without its prefix, of a text that is nothing but a document as far as that.
pub(crate) fn root(body: &[u8]) -> Option<&str> {
    Reader::new(body).ok()?.next(0).ok()?
}

/// What stands in the root, if that is text.
pub(crate) fn text_of_root(body: &[u8]) -> Option<Cow<'_, str>> {
    let mut reader = Reader::new(body).ok()?;
    reader.next(0).ok()??;
    reader.text(ROOT).ok()
}

impl<'t> Reader<'t> {
    /// Before the root.
    pub fn new(body: &'t [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(body).map_err(|_| Malformed)?;
        Ok(Self {
            tokens: Tokenizer::from(text),
            open: Vec::new(),
            attributes: Vec::new(),
            is_empty: false,
            is_first: true,
        })
    }

    /// Goes into the next child of the element of a level, and gives its name without prefix. After the
    /// last one the element is left. Behind a child there is no text.
    pub fn next(&mut self, level: usize) -> Result<Option<&'t str>, Malformed> {
        if level > 0 && self.open.len() < level {
            return Ok(None);
        }
        self.leave(level + 1)?;
        let is_before = self.is_first;
        while let Some(step) = self.step()? {
            match step {
                Step::Opened(name) => return Ok(Some(name)),
                Step::Closed => return Ok(None),
                Step::Text(text) | Step::Data(text) if is_before || is_blank(text) => {}
                Step::Text(_) | Step::Data(_) => return Err(Malformed),
            }
        }
        Ok(None)
    }

    /// All text of the element of a level, which is left by that. It may have no child.
    pub fn text(&mut self, level: usize) -> Result<Cow<'t, str>, Malformed> {
        let mut text = Cow::Borrowed("");
        while self.open.len() >= level {
            let piece = match self.step()? {
                Some(Step::Text(piece)) => unescaped(piece)?,
                Some(Step::Data(piece)) => Cow::Borrowed(piece),
                Some(Step::Closed) => break,
                Some(Step::Opened(_)) | None => return Err(Malformed),
            };
            if text.is_empty() {
                text = piece;
            } else {
                text.to_mut().push_str(&piece);
            }
        }
        Ok(text)
    }

    /// Steps over what is left of the element of a level, if it is still open.
    pub fn leave(&mut self, level: usize) -> Result<(), Malformed> {
        while self.open.len() >= level {
            self.step()?.ok_or(Malformed)?;
        }
        Ok(())
    }

    /// Steps over all that is left. Behind a child of the root there is no text, and behind the root
    /// nothing but comments.
    pub fn end(&mut self) -> Result<(), Malformed> {
        while self.next(ROOT)?.is_some() {}
        self.step()?.map_or(Ok(()), |_| Err(Malformed))
    }

    /// An attribute of the element that was gone into last, by its name or `prefix:name`.
    pub fn attribute(&self, name: &str) -> Result<Option<Cow<'t, str>>, Malformed> {
        let is_it = |of: &Name<'_>| match name.split_once(':') {
            Some((prefix, local)) => of.prefix == prefix && of.local == local,
            None => of.local == name,
        };
        let found = self.attributes.iter().find(|(of, _)| is_it(of));
        found.map(|(_, value)| unescaped(value)).transpose()
    }

    /// The next tag or text, or the end of the document.
    fn step(&mut self) -> Result<Option<Step<'t>>, Malformed> {
        if self.is_empty {
            self.is_empty = false;
            self.is_first = false;
            self.open.pop();
            return Ok(Some(Step::Closed));
        }
        for token in self.tokens.by_ref() {
            match token.map_err(|_| Malformed)? {
                Token::Text { text } => return Ok(Some(Step::Text(text.as_str()))),
                Token::ElementStart { prefix, local, .. } => {
                    if self.open.len() >= DEEPEST_TAG {
                        return Err(Malformed);
                    }
                    self.attributes.clear();
                    self.open.push(Name { prefix: prefix.as_str(), local: local.as_str() });
                }
                Token::Attribute { prefix, local, value, .. } => {
                    let name = Name { prefix: prefix.as_str(), local: local.as_str() };
                    self.attributes.push((name, value.as_str()));
                }
                Token::ElementEnd { end: ElementEnd::Close(prefix, local), .. } => {
                    self.is_first = false;
                    let open = self.open.pop().ok_or(Malformed)?;
                    if open.local != local.as_str() || open.prefix != prefix.as_str() {
                        return Err(Malformed);
                    }
                    return Ok(Some(Step::Closed));
                }
                Token::ElementEnd { end: ElementEnd::Open | ElementEnd::Empty, span } => {
                    self.is_empty = span.as_str().starts_with('/');
                    self.is_first = true;
                    let name = self.open.last().ok_or(Malformed)?;
                    return Ok(Some(Step::Opened(name.local)));
                }
                Token::Cdata { text, .. } => return Ok(Some(Step::Data(text.as_str()))),
                Token::Declaration { .. }
                | Token::ProcessingInstruction { .. }
                | Token::Comment { .. } => {}
                Token::DtdStart { .. }
                | Token::EmptyDtd { .. }
                | Token::EntityDeclaration { .. }
                | Token::DtdEnd { .. } => return Err(Malformed),
            }
        }
        if self.open.is_empty() { Ok(None) } else { Err(Malformed) }
    }
}

impl From<Malformed> for SerdeError {
    fn from(_: Malformed) -> Self {
        Self::invalid_input("it is no XML")
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}

/// A text without its references (XML 1.0, sections 4.1 and 4.6). Any character may be referred to:
/// S3 has keys with those that XML forbids.
fn unescaped(text: &str) -> Result<Cow<'_, str>, Malformed> {
    let Some((first, mut rest)) = text.split_once('&') else { return Ok(Cow::Borrowed(text)) };
    let mut plain = String::with_capacity(text.len());
    plain.push_str(first);
    loop {
        let (reference, after) = rest.split_once(';').ok_or(Malformed)?;
        plain.push(match reference {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            other => numbered(other).ok_or(Malformed)?,
        });
        let Some((piece, next)) = after.split_once('&') else {
            plain.push_str(after);
            return Ok(Cow::Owned(plain));
        };
        plain.push_str(piece);
        rest = next;
    }
}

/// `#x41` and `#65` -> `A`
fn numbered(reference: &str) -> Option<char> {
    let digits = reference.strip_prefix('#')?;
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |digits| (digits, 16));
    // Else a sign would do.
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = are_digits.then(|| u32::from_str_radix(digits, radix).ok()).flatten()?;
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and texts in their order, without looking into `skip`.
    fn walked(text: &str) -> Result<String, Malformed> {
        fn children(
            reader: &mut Reader<'_>,
            level: usize,
            out: &mut String,
        ) -> Result<(), Malformed> {
            while let Some(name) = reader.next(level)? {
                out.push_str(name);
                match name {
                    "skip" => {}
                    "text" => *out += &format!("={}", reader.text(level + 1)?),
                    _ => {
                        out.push('(');
                        children(reader, level + 1, out)?;
                        out.push(')');
                    }
                }
                out.push(' ');
            }
            Ok(())
        }
        let (mut reader, mut out) = (Reader::new(text.as_bytes())?, String::new());
        root(text.as_bytes()).ok_or(Malformed)?;
        children(&mut reader, 0, &mut out)?;
        reader.end()?;
        Ok(out.trim().to_owned())
    }

    #[test]
    fn a_document_is_walked() {
        let check = |text: &str, expected: &str| assert_eq!(walked(text).as_deref(), Ok(expected));
        check("<a/>", "a()");
        check("\u{feff}<?xml version=\"1.0\"?>\n<a b=\"c\">\n</a >\n<!-- < -->", "a()");
        check(
            "<a><b><c/></b><text>x</text> <skip><x>y</x><z/></skip><d/></a>",
            "a(b(c() ) text=x skip d() )",
        );
        check("<n:a xmlns:n=\"u\"><n:text/></n:a>", "a(text= )");
        check("<a>text</a>", "a()");
        check("<a>text<b/>\n<!-- c -->\t</a>", "a(b() )");
    }

    #[test]
    fn a_text_is_whole() {
        let check = |text: &str, expected: &str| {
            let text = format!("<r><text>{text}</text><b/></r>");
            assert_eq!(walked(&text), Ok(format!("r(text={expected} b() )")), "{text}");
        };
        check("<![CDATA[a&b]]>", "a&b");
        check("/x<![CDATA[/y<z>]]>/&amp;", "/x/y<z>/&");
        check("a<!-- b -->c<?d e?>f", "acf");
        check("<!-- b -->c", "c");
        check("&#x1;&#65;&lt;&gt;&quot;&apos;&#x1f389;", "\u{1}A<>\"'🎉");
        check(" a ", " a ");
    }

    #[test]
    fn what_is_no_document_is_an_error() {
        for text in [
            "",
            " ",
            "text",
            "<",
            "<a",
            "<a>",
            "<a><b/>",
            "<a></b>",
            "<a>text",
            "<a></a",
            "<?xml?>",
            "<a><b></a></b>",
            "<a/><b/>",
            "<a></a>text",
            "<a></a></a>",
            "<a></n:a>",
            "<a b></a>",
            "<!DOCTYPE a><a/>",
            "<!doctype html><a/>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>",
            "<a><skip><b></c></skip></a>",
            "<a><text>&amp</text></a>",
            "<a><text>a & b</text></a>",
            "<a><text>&#+65;</text></a>",
            "<a><text>&#xd800;</text></a>",
            "<a><text>&nbsp;</text></a>",
            "<a><text>a<b/></text></a>",
            "<a><b/>text</a>",
            "<a><b/> <skip>x</skip> <!-- c -->text</a>",
            "<a><b/><![CDATA[text]]></a>",
            "<a>]]></a>",
            "<a><![CDATA[</a>",
        ] {
            assert_eq!(walked(text), Err(Malformed), "{text}");
        }
        assert!(Reader::new(b"<a>\xff</a>").is_err());
        let deep = |count| format!("<skip>{}{}</skip>", "<b>".repeat(count), "</b>".repeat(count));
        assert_eq!(walked(&deep(DEEPEST)), Ok("skip".to_owned()));
        assert_eq!(walked(&deep(DEEPEST + 2)), Err(Malformed));
    }

    #[test]
    fn attributes_are_found_with_and_without_a_prefix() {
        let mut reader = Reader::new(b"<a><b x:c=\"1&amp;2\" d='3'/><e/></a>").unwrap();
        reader.next(0).unwrap();
        assert_eq!(reader.next(ROOT), Ok(Some("b")));
        let of = |name: &str| reader.attribute(name).unwrap().map(Cow::into_owned);
        assert_eq!(
            (of("x:c"), of("c"), of("d")),
            (Some("1&2".to_owned()), Some("1&2".to_owned()), Some("3".to_owned()))
        );
        assert_eq!((of("y:c"), of("e")), (None, None));
        assert_eq!(reader.next(ROOT), Ok(Some("e")));
        assert_eq!(reader.attribute("d"), Ok(None));
    }
}
