//! What a community makes of its first page: welcome, colours, links, a picture. Judged here, kept by ownerd, shown by portald.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lang::Language;

/// The colours there are: each keeps text and buttons at WCAG AA, in light and dark.
pub const COLOURS: [&str; 4] = ["green", "blue", "red", "violet"];
/// Longest welcome, in characters.
const MAX_WELCOME: usize = 600;
/// Most links, and longest title and address, in characters.
const MAX_LINKS: usize = 12;
const MAX_TITLE: usize = 60;
const MAX_ADDRESS: usize = 300;
/// Largest picture in bytes: the first page stays below 50 KB with it.
pub const MAX_PICTURE: usize = 24 * 1024;

/// The first page's own part; empty is the portal as it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Home {
    /// Some words to visitors, by language; the first that is there stands in for those that are missing.
    pub welcome: BTreeMap<String, String>,
    /// One of [`COLOURS`]; empty: the first.
    pub colour: String,
    /// Places that the community wants to show.
    pub links: Vec<Link>,
    /// What the picture shows, for who cannot see it.
    pub picture_text: String,
}

/// One link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// What is shown.
    pub title: String,
    /// `http://`, `https://` or a path of this box.
    pub address: String,
}

impl Home {
    /// Takes what an owner sent, cleaned; or says what cannot be.
    pub fn checked(mut self) -> Result<Self, String> {
        for (code, text) in &mut self.welcome {
            Language::named(code).ok_or_else(|| "there is no such language".to_owned())?;
            *text = clean(text, MAX_WELCOME).ok_or_else(|| format!("the welcome has more than {MAX_WELCOME} characters"))?;
        }
        self.welcome.retain(|_, text| !text.is_empty());
        if !self.colour.is_empty() && !COLOURS.contains(&self.colour.as_str()) {
            return Err(format!("the colour is one of {}", COLOURS.join(", ")));
        }
        self.picture_text = clean(&self.picture_text, 200).ok_or("the picture's words are more than 200 characters")?;
        if self.links.len() > MAX_LINKS {
            return Err(format!("at most {MAX_LINKS} links fit"));
        }
        for link in &mut self.links {
            link.title = clean(&link.title, MAX_TITLE)
                .filter(|t| !t.is_empty())
                .ok_or_else(|| format!("a link's title has 1 to {MAX_TITLE} characters"))?;
            let fits = link.address.len() <= MAX_ADDRESS && link.address.bytes().all(|b| b.is_ascii_graphic());
            let here = link.address.starts_with('/') && !link.address.starts_with("//");
            let web = ["http://", "https://"]
                .iter()
                .any(|scheme| link.address.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')));
            if !fits || !(here || web) {
                return Err("a link's address starts with http://, https:// or /, and has no spaces".into());
            }
        }
        Ok(self)
    }

    /// The welcome in a language, else in the first there is.
    pub fn welcome_in(&self, lang: &Language) -> Option<(&str, &str)> {
        let own = self.welcome.get_key_value(lang.code);
        own.or_else(|| self.welcome.first_key_value()).map(|(code, text)| (code.as_str(), text.as_str()))
    }

    /// The class of the page's body.
    pub fn colour(&self) -> &'static str {
        COLOURS.iter().find(|c| **c == self.colour).copied().unwrap_or(COLOURS[0])
    }
}

/// Without control characters and invisible direction marks that would reach beyond it; `None` if it is too long.
pub(crate) fn clean(text: &str, max: usize) -> Option<String> {
    let hidden =
        |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    let text: String = text.chars().filter(|c| !hidden(*c)).collect();
    let text = text.trim();
    (text.chars().count() <= max).then(|| text.to_owned())
}

/// The type of a picture by its first bytes; `None` for anything but JPEG, PNG and WebP of a size that fits.
pub fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.len() > MAX_PICTURE {
        return None;
    }
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(title: &str, address: &str) -> Result<Home, String> {
        Home { links: vec![Link { title: title.into(), address: address.into() }], ..Home::default() }.checked()
    }

    #[test]
    fn links_lead_to_pages_and_nowhere_else() {
        for good in ["/files/", "http://10.42.0.9:8080/", "https://example.org/a?b=c"] {
            assert!(link("x", good).is_ok(), "{good}");
        }
        for bad in ["javascript:alert(1)", "//evil.example", "data:text/html,x", "http://", "http:///x", "/a b", "", "ftp://x", "/\u{e9}"] {
            assert!(link("x", bad).is_err(), "{bad}");
        }
        assert!(link("", "/").is_err() && link(&"x".repeat(61), "/").is_err());
        assert!(Home { links: vec![Link { title: "x".into(), address: "/".into() }; 13], ..Home::default() }.checked().is_err());
    }

    #[test]
    fn words_are_cleaned_and_bounded() {
        let home = |text: &str| Home { welcome: [("pt".to_owned(), text.to_owned())].into(), ..Home::default() }.checked();
        assert_eq!(home(" a\u{202e}b\0c\nd ").unwrap().welcome["pt"], "abc\nd");
        assert!(home(&"é".repeat(601)).is_err());
        assert!(home("").unwrap().welcome.is_empty());
        let home = home("Olá").unwrap();
        assert_eq!(home.welcome_in(Language::english()), Some(("pt", "Olá")), "better a foreign welcome than none");
        assert!(Home { colour: "mauve".into(), ..Home::default() }.checked().is_err());
        assert!(Home { welcome: [("xx".to_owned(), "a".to_owned())].into(), ..Home::default() }.checked().is_err());
    }

    #[test]
    fn only_small_pictures_are_pictures() {
        assert_eq!(picture_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        for bad in [&b"<svg onload=1>"[..], b"GIF89a", b"", &[0xff; MAX_PICTURE + 1]] {
            assert_eq!(picture_type(bad), None);
        }
    }
}
