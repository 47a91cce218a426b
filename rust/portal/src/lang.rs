//! Languages: the strings of `strings/*.ftl`, and which language a browser gets.

include!(concat!(env!("OUT_DIR"), "/strings.rs"));

/// A part of a message.
#[derive(Debug)]
enum Piece {
    Text(&'static str),
    Var(&'static str),
}

/// One language with all its messages; those missing in its file are English.
#[derive(Debug)]
pub struct Language {
    /// BCP 47 code, as the file is named.
    pub code: &'static str,
    /// Names of the messages that its file lacks.
    pub missing: &'static [&'static str],
    messages: &'static [&'static [Piece]],
}

impl Language {
    /// The language with this code, compared without case.
    pub fn named(code: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|l| l.code.eq_ignore_ascii_case(code))
    }

    /// English: always there and always whole.
    pub fn english() -> &'static Self {
        &LANGUAGES[0]
    }

    /// A message without variables.
    pub fn say(&self, key: Key) -> String {
        self.fill(key, &[])
    }

    /// A message with one variable.
    pub fn with(&self, key: Key, name: &str, value: impl std::fmt::Display) -> String {
        self.fill(key, &[(name, &value)])
    }

    /// A message with any variables; one that is not given stays empty.
    pub fn fill(&self, key: Key, values: &[(&str, &dyn std::fmt::Display)]) -> String {
        use std::fmt::Write;
        let mut out = String::new();
        for piece in self.messages[key as usize] {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Var(var) => {
                    if let Some((_, value)) = values.iter().find(|(name, _)| name == var) {
                        let _ = write!(out, "{value}");
                    }
                }
            }
        }
        out
    }

    /// The words of the owner's page (`o-…`) as JSON for its scripts; variables stand as `{name}`. Safe inside a script element.
    pub fn owner_words(&self) -> String {
        let words = NAMES.iter().zip(self.messages).filter(|(name, _)| name.starts_with("o-")).map(|(name, pieces)| {
            let text: String = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => (*text).to_owned(),
                    Piece::Var(name) => format!("{{{name}}}"),
                })
                .collect();
            ((*name).to_owned(), serde_json::Value::from(text))
        });
        serde_json::Value::Object(words.collect()).to_string().replace('<', "\\u003c")
    }

    /// A size for people: `730 KB`, `1.4 MB`, with the language's units and decimal mark.
    pub fn size(&self, bytes: u64) -> String {
        let (unit, step) = match bytes {
            0..1_000_000 => (Key::SizeKb, 1_000),
            1_000_000..1_000_000_000 => (Key::SizeMb, 1_000_000),
            _ => (Key::SizeGb, 1_000_000_000),
        };
        // Tenths, to the nearest; nothing but nothing shows as 0.
        let tenth = step / 10;
        let tenths = (bytes.saturating_add(tenth / 2) / tenth).max(u64::from(bytes > 0));
        let number = if tenths >= 100 || tenths.is_multiple_of(10) {
            ((tenths + 5) / 10).to_string()
        } else {
            format!("{}{}{}", tenths / 10, self.say(Key::DecimalMark), tenths % 10)
        };
        self.with(unit, "n", number)
    }
}

/// Most languages of one Accept-Language that are looked at.
const MAX_WISHES: usize = 16;

/// The language of a page: what the link says, else what the browser wishes for (RFC 9110, 12.5.4), else the
/// community's first. `offered` is the community's own order and never empty.
pub fn choose(offered: &[&'static Language], link: Option<&str>, accept: &str) -> &'static Language {
    let by_code = |code: &str| offered.iter().copied().find(|l| l.code.eq_ignore_ascii_case(code));
    if let Some(language) = link.and_then(by_code) {
        return language;
    }
    let first = offered.first().copied().unwrap_or_else(Language::english);
    let mut best: Option<(u16, &'static Language)> = None;
    for wish in accept.split(',').take(MAX_WISHES) {
        let (range, q) = wish.split_once(';').map_or((wish, 1000), |(range, q)| (range, thousandths(q)));
        let range = range.trim();
        let primary = range.split('-').next().unwrap_or(range);
        let found = if range == "*" { Some(first) } else { by_code(range).or_else(|| by_code(primary)) };
        if let Some(language) = found.filter(|_| q > 0 && best.is_none_or(|(b, _)| q > b)) {
            best = Some((q, language));
        }
    }
    best.map_or(first, |(_, language)| language)
}

/// `q=0.8` as 800; nonsense is 0, as if not wished for.
fn thousandths(q: &str) -> u16 {
    let value = q.trim().strip_prefix("q=").or_else(|| q.trim().strip_prefix("Q=")).unwrap_or("0");
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    if whole == "1" {
        return 1000;
    }
    if whole != "0" || part.len() > 3 {
        return 0;
    }
    format!("{part:0<3}").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(offered: &[&str], link: Option<&str>, accept: &str) -> &'static str {
        let offered: Vec<_> = offered.iter().map(|c| Language::named(c).unwrap()).collect();
        choose(&offered, link, accept).code
    }

    #[test]
    fn a_browsers_wishes_are_weighed() {
        let all = ["en", "pt", "es", "fr"];
        assert_eq!(chosen(&all, None, "pt-BR,pt;q=0.9,en;q=0.8"), "pt");
        assert_eq!(chosen(&all, None, "de, fr;q=0.4, es;q=0.7"), "es");
        assert_eq!(chosen(&all, None, "en;q=0, *;q=0.1"), "en");
        assert_eq!(chosen(&["pt", "en"], None, "de"), "pt");
        assert_eq!(chosen(&["pt", "en"], None, "fr, *"), "pt");
        assert_eq!(chosen(&["pt", "en"], None, ""), "pt");
        assert_eq!(chosen(&["pt", "en"], Some("EN"), "pt"), "en");
        assert_eq!(chosen(&["pt", "en"], Some("fr"), "en"), "en");
        assert_eq!(chosen(&all, None, ";;q=,=,*;q=9,\u{fffd}"), "en");
        assert_eq!(chosen(&all, None, "fr;q=0.1234, es;q=0.100"), "es");
    }

    #[test]
    fn sizes_are_in_the_languages_own_way() {
        let (en, fr) = (Language::english(), Language::named("fr").unwrap());
        assert_eq!(en.size(1), "0.1 KB");
        assert_eq!(en.size(730_000), "730 KB");
        assert_eq!(en.size(1_400_000), "1.4 MB");
        assert_eq!(fr.size(1_400_000_000), "1,4 Go");
        assert_eq!((en.size(0).as_str(), en.size(u64::MAX).as_str()), ("0 KB", "18446744074 GB"));
    }

    /// Not a failure: a missing line is English until someone translates it. `cargo run -p portal --example missing`.
    #[test]
    fn english_is_whole_and_every_language_says_who_it_is() {
        assert_eq!(LANGUAGES[0].code, "en");
        assert_eq!(LANGUAGES.len(), config::LANGUAGES.len());
        for language in &LANGUAGES {
            assert!(!language.missing.contains(&"language-name"), "{}", language.code);
            assert!(
                config::LANGUAGES.contains(&language.code),
                "{}: name it in rust/config too, so that a community can choose it",
                language.code
            );
            assert!(["ltr", "rtl"].contains(&language.say(Key::LanguageDirection).as_str()), "{}", language.code);
        }
    }
}
