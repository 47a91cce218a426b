//! Writes a page that shows every part of the portal's pages, cut out of what the real templates give for made-up content:
//! on a phone of 340 pixels, in light, dark and from right to left. For developers and translators.   style [LANGUAGE] > style.html

mod parts;
mod sample;

use std::fmt::Write;

use parts::Part;

/// What is changed in a part's page.
type Change = fn(&str) -> String;

/// How a part is looked at.
const MODES: [(&str, Change); 3] = [("light", light), ("dark", dark), ("right to left", |html| mirrored(&light(html)))];
const DARK: &str = "@media (prefers-color-scheme: dark)";
const SCHEME: &str = r#"<meta name="color-scheme" content="light dark">"#;

fn main() -> std::process::ExitCode {
    let code = std::env::args().nth(1).unwrap_or_else(|| "en".into());
    let Some(language) = portal::lang::Language::named(&code) else {
        eprintln!("There is no strings/{code}.ftl");
        return std::process::ExitCode::FAILURE;
    };
    print!("{}", page(&parts::parts(language.code)));
    std::process::ExitCode::SUCCESS
}

/// A viewer's own choice must not show through.
fn light(html: &str) -> String {
    html.replace(DARK, "@media not all").replace(SCHEME, &SCHEME.replace("light dark", "light"))
}

fn dark(html: &str) -> String {
    html.replace(DARK, "@media all").replace(SCHEME, &SCHEME.replace("light dark", "dark"))
}

fn mirrored(html: &str) -> String {
    html.replacen(r#"dir="ltr""#, r#"dir="rtl""#, 1)
}

/// The page: each part in frames of its own, so that it meets the style sheet's widths as on a phone.
fn page(parts: &[Part]) -> String {
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Parts of the portal</title>\n<style>body { margin: 16px; font: 16px/1.4 system-ui, sans-serif; background: #ddd; color: #222; } h2 { font-size: 18px; margin: 24px 0 6px; } figure { display: inline-block; vertical-align: top; margin: 0 8px 8px 0; } figcaption { font-size: 13px; } iframe { display: block; border: 0; height: 40px; }</style>\n<h1>Parts of the portal</h1>\n",
    );
    for part in parts {
        let _ = writeln!(out, "<h2>{}</h2>", part.title);
        for (mode, change) in MODES {
            let html = change(&part.html).replace('&', "&amp;").replace('"', "&quot;");
            let _ = writeln!(
                out,
                "<figure><figcaption>{mode}</figcaption><iframe title=\"{}: {mode}\" width=\"{}\" srcdoc=\"{html}\" onload=\"this.style.height=this.contentDocument.documentElement.scrollHeight+'px'\"></iframe></figure>",
                part.title, part.width
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Class names in the selectors of a style sheet.
    fn selected(css: &str) -> BTreeSet<&str> {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let mut found = BTreeSet::new();
        // A selector stands before a brace; what stands before a closing one are declarations.
        for (n, rule) in css.split('{').enumerate() {
            let selector = rule.rsplit(['}', ';', '/']).next().unwrap_or_default();
            for rest in selector.split('.').skip(1).filter(|_| n < css.split('{').count() - 1) {
                found.insert(&rest[..rest.find(|c| !name(c)).unwrap_or(rest.len())]);
            }
        }
        found
    }

    /// Class names in a page.
    fn used(html: &str) -> BTreeSet<&str> {
        html.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next()).flat_map(str::split_whitespace).collect()
    }

    #[test]
    fn every_class_of_the_style_sheets_is_shown() {
        let parts = parts::parts("en");
        let shown: BTreeSet<&str> = parts.iter().flat_map(|part| used(&part.html)).collect();
        for (name, css) in [("style.css", include_str!("../../templates/style.css")), ("owner.css", include_str!("../../web/owner.css"))] {
            let selected = selected(css);
            assert!(selected.len() > 15 && selected.iter().all(|class| !class.is_empty()), "{name}: {selected:?}");
            let missing: Vec<_> = selected.difference(&shown).collect();
            assert!(missing.is_empty(), "{name}: no part shows {missing:?}: show it in parts.rs, or nothing uses it any more");
        }
    }

    /// The owner's page is made by scripts, so its parts are written by hand: at least their classes must be the scripts'.
    #[test]
    fn the_owners_parts_have_no_class_of_their_own() {
        let web = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let scripts: String = std::fs::read_dir(web)
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "js"))
            .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
            .collect();
        // Charts come drawn from the box.
        let scripts = scripts + include_str!("../../../counts/src/chart.rs");
        let words: BTreeSet<&str> = scripts.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
        for class in used(parts::OWNER) {
            assert!(words.contains(class), "no script makes a {class:?}");
        }
    }

    #[test]
    fn every_part_is_found_and_asks_nobody() {
        for code in portal::lang::LANGUAGES.iter().map(|l| l.code) {
            let html = page(&parts::parts(code));
            assert!(html.matches("<iframe").count() >= 60);
            for bad in ["src=\"", "src=&quot;/", "src=&quot;http", "<script", "url("] {
                assert!(!html.contains(bad), "{bad} in {code}");
            }
        }
    }
}
