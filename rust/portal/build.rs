//! Compiles `strings/*.ftl` into static tables and the style sheet into one line with its CSP hash.
//!
//! `fluent-bundle` would bring a parser, plural rules and a dozen crates to the box for text that never changes there;
//! its syntax crate alone, at build time, checks the same files and leaves only `&'static str`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use fluent_syntax::ast;
use sha2::{Digest, Sha256};

/// A message: text and variables in order.
type Message = Vec<Piece>;

enum Piece {
    Text(String),
    Var(String),
}

fn main() {
    println!("cargo:rerun-if-changed=strings");
    println!("cargo:rerun-if-changed=templates/style.css");
    println!("cargo:rerun-if-changed=web");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(Path::new(&out).join("strings.rs"), strings()).expect("OUT_DIR is writable");
    std::fs::write(Path::new(&out).join("style.rs"), style()).expect("OUT_DIR is writable");
    std::fs::write(Path::new(&out).join("assets.rs"), assets()).expect("OUT_DIR is writable");
}

/// Every language file, by code; English first.
fn languages() -> Vec<(String, BTreeMap<String, Message>)> {
    let mut all: Vec<_> = std::fs::read_dir("strings")
        .expect("strings/ is there")
        .map(|entry| entry.expect("strings/ can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "ftl"))
        .map(|path| {
            let code = path.file_stem().and_then(|s| s.to_str()).expect("a language code as file name").to_owned();
            let text = std::fs::read_to_string(&path).expect("a readable language file");
            (code.clone(), parse(&code, &text))
        })
        .collect();
    all.sort_by_key(|(code, _)| (code != "en", code.clone()));
    all
}

fn parse(code: &str, text: &str) -> BTreeMap<String, Message> {
    let resource = fluent_syntax::parser::parse(text).unwrap_or_else(|(_, errors)| panic!("strings/{code}.ftl: {errors:?}"));
    let mut messages = BTreeMap::new();
    for entry in resource.body {
        if let ast::Entry::Message(message) = entry {
            let name = message.id.name.to_owned();
            let pattern = message.value.unwrap_or_else(|| panic!("strings/{code}.ftl: {name} has no text"));
            messages.insert(name.clone(), pattern.elements.into_iter().map(|e| piece(code, &name, e)).collect());
        }
    }
    messages
}

fn piece(code: &str, name: &str, element: ast::PatternElement<&str>) -> Piece {
    match element {
        ast::PatternElement::TextElement { value } => Piece::Text(value.to_owned()),
        ast::PatternElement::Placeable { expression: ast::Expression::Inline(inline) } => match inline {
            ast::InlineExpression::VariableReference { id } => Piece::Var(id.name.to_owned()),
            ast::InlineExpression::StringLiteral { value } => Piece::Text(value.to_owned()),
            _ => panic!("strings/{code}.ftl: {name}: only {{ $variables }} and {{ \"texts\" }} are understood"),
        },
        ast::PatternElement::Placeable { .. } => panic!("strings/{code}.ftl: {name}: selectors are not understood, word it without"),
    }
}

fn strings() -> String {
    let all = languages();
    let (_, english) = &all[0];
    let mut out = String::from(
        "/// Every message, named as in `strings/en.ftl`.\n#[allow(missing_docs)]\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum Key {\n",
    );
    for name in english.keys() {
        let _ = writeln!(out, "    {},", camel(name));
    }
    let names: Vec<&String> = english.keys().collect();
    let _ = writeln!(
        out,
        "}}\n\n/// The names of all messages, in the order of [`Key`].\npub static NAMES: [&str; {}] = {names:?};",
        names.len()
    );
    let _ = writeln!(out, "\n/// The languages there is a file for, English first.\npub static LANGUAGES: [Language; {}] = [", all.len());
    for (code, messages) in &all {
        for (name, message) in messages {
            let model = english.get(name).unwrap_or_else(|| panic!("strings/{code}.ftl: {name} is not in en.ftl"));
            for var in message.iter().filter_map(var) {
                assert!(model.iter().filter_map(self::var).any(|v| v == var), "strings/{code}.ftl: {name}: {var} is not in en.ftl");
            }
        }
        let missing: Vec<&String> = english.keys().filter(|name| !messages.contains_key(*name)).collect();
        let _ = writeln!(out, "    Language {{ code: {code:?}, missing: &{missing:?}, messages: &[");
        for (name, fallback) in english {
            let _ = write!(out, "        &[");
            for piece in messages.get(name).unwrap_or(fallback) {
                let _ = match piece {
                    Piece::Text(text) => write!(out, "Piece::Text({text:?}), "),
                    Piece::Var(name) => write!(out, "Piece::Var({name:?}), "),
                };
            }
            out.push_str("],\n");
        }
        out.push_str("    ] },\n");
    }
    out.push_str("];\n");
    out
}

fn var(piece: &Piece) -> Option<&str> {
    match piece {
        Piece::Var(name) => Some(name),
        Piece::Text(_) => None,
    }
}

fn camel(name: &str) -> String {
    name.split('-').flat_map(|word| word[..1].to_uppercase().chars().chain(word[1..].chars()).collect::<Vec<_>>()).collect()
}

/// The owner's page's own files, by name, with the start of their hash as validator.
fn assets() -> String {
    let mut out = String::from("static ASSETS: &[(&str, &str, &str)] = &[\n");
    for name in [
        "noble.js",
        "pake.js",
        "session.js",
        "page.js",
        "settings.js",
        "setup.js",
        "home.js",
        "sticks.js",
        "content.js",
        "people.js",
        "internet.js",
        "stats.js",
        "tls.js",
        "box.js",
        "owner.css",
    ] {
        let path = std::fs::canonicalize(Path::new("web").join(name)).unwrap_or_else(|e| panic!("web/{name}: {e}"));
        let hash = base64(&Sha256::digest(std::fs::read(&path).expect("a readable file")));
        let _ = writeln!(out, "    ({name:?}, include_str!({:?}), {:?}),", path, format!("\"{}\"", &hash[..16]));
    }
    out.push_str("];\n");
    out
}

/// The style sheet without comments and line breaks, and the hash that lets it (and nothing else) through the CSP.
fn style() -> String {
    let text = std::fs::read_to_string("templates/style.css").expect("templates/style.css is there");
    let mut css = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find("/*") {
        css.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    css.push_str(rest);
    let mut css = css.split_whitespace().collect::<Vec<_>>().join(" ");
    for mark in ["{", "}", ";", ","] {
        css = css.replace(&format!("{mark} "), mark).replace(&format!(" {mark}"), mark);
    }
    let hash = base64(&Sha256::digest(css.as_bytes()));
    format!("pub(crate) const STYLE: &str = {css:?};\npub(crate) const STYLE_HASH: &str = \"sha256-{hash}\";\n")
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for i in 0..4 {
            out.push(if i <= chunk.len() { char::from(ALPHABET[(bits >> (18 - 6 * i) & 63) as usize]) } else { '=' });
        }
    }
    out
}
