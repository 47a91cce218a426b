//! What a book says of itself: its package document (OPF), in which order its pages are read, and its table of contents.

use percent_encoding::percent_decode_str;
use roxmltree::{Document, Node, ParsingOptions};

use super::archive::{Archive, Error};

/// Longest document that is parsed, in bytes, and most nodes in it.
const MAX_DOCUMENT: usize = 1 << 20;
const MAX_NODES: u32 = 60_000;
/// Lines of a table of contents that are shown.
const MAX_LINES: usize = 1000;

/// A line of the table of contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says; empty if the book has no table, for a page without a name.
    pub title: String,
    /// The member that it leads to.
    pub member: String,
    /// The place in it, with its `#`, or nothing.
    pub place: String,
}

/// What is needed to read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its title.
    pub title: String,
    /// Its pages in reading order.
    pub spine: Vec<String>,
    /// Its table of contents.
    pub contents: Vec<Line>,
}

impl Package {
    /// Reads it from an open book; its table of contents only if it is wanted, since a page needs none.
    pub fn read<R: rawzip::ReaderAt>(archive: &Archive<R>, with_contents: bool) -> Result<Self, Error> {
        let container = text(archive, "META-INF/container.xml")?;
        let container = parse(&container)?;
        let opf = named(&container, "rootfile").find_map(|node| node.attribute("full-path")).ok_or(Error::Broken)?;
        let package_text = text(archive, opf)?;
        let package = parse(&package_text)?;
        let items: Vec<Node> = named(&package, "item").collect();
        let item = |id: &str| items.iter().find(|node| node.attribute("id") == Some(id)).and_then(|node| node.attribute("href"));
        let spine: Vec<String> =
            named(&package, "itemref").filter_map(|node| item(node.attribute("idref")?)).filter_map(|href| resolve(opf, href)).collect();
        let title = named(&package, "title").next().map(|node| words(&node)).unwrap_or_default();
        if !with_contents {
            return Ok(Self { title, spine, contents: Vec::new() });
        }
        let nav = items.iter().find(|node| node.attribute("properties").is_some_and(|p| p.split_whitespace().any(|p| p == "nav")));
        let ncx = items.iter().find(|node| node.attribute("media-type") == Some("application/x-dtbncx+xml"));
        // A table that cannot be read is no reason not to read the book.
        let table = |node: Option<&Node>, lines: fn(&Document, &str) -> Vec<Line>| {
            let member = resolve(opf, node?.attribute("href")?)?;
            let text = text(archive, &member).ok()?;
            Some(lines(&parse(&text).ok()?, &member)).filter(|lines| !lines.is_empty())
        };
        let contents = table(nav, of_nav).or_else(|| table(ncx, of_ncx)).unwrap_or_else(|| {
            let unnamed = |member: &String| Line { title: String::new(), member: member.clone(), place: String::new() };
            spine.iter().take(MAX_LINES).map(unnamed).collect()
        });
        Ok(Self { title, spine, contents })
    }
}

fn text<R: rawzip::ReaderAt>(archive: &Archive<R>, member: &str) -> Result<String, Error> {
    String::from_utf8(archive.member(member, MAX_DOCUMENT)?).map_err(|_| Error::Broken)
}

fn parse(text: &str) -> Result<Document<'_>, Error> {
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text.trim_start_matches('\u{feff}'), options).map_err(|_| Error::Broken)
}

/// All elements of this local name, in order.
fn named<'a, 'input>(document: &'a Document<'input>, name: &'static str) -> impl Iterator<Item = Node<'a, 'input>> {
    document.descendants().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// The text inside, its white space as one blank.
fn words(node: &Node) -> String {
    let all: String = node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect();
    let joined = all.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.chars().take(300).collect()
}

/// EPUB 3: links of the navigation document's table.
fn of_nav(document: &Document, member: &str) -> Vec<Line> {
    let toc = |node: &Node| node.attributes().any(|a| a.name() == "type" && a.value().split_whitespace().any(|v| v == "toc"));
    let Some(nav) = named(document, "nav").find(toc).or_else(|| named(document, "nav").next()) else { return Vec::new() };
    let links = nav.descendants().filter(|node| node.tag_name().name() == "a");
    links.filter_map(|node| line(member, words(&node), node.attribute("href")?)).take(MAX_LINES).collect()
}

/// EPUB 2: points of the NCX.
fn of_ncx(document: &Document, member: &str) -> Vec<Line> {
    let child = |node: &Node, name: &str| node.children().find(|child| child.tag_name().name() == name).map(|child| child.id());
    named(document, "navPoint")
        .filter_map(|point| {
            let label = document.get_node(child(&point, "navLabel")?)?;
            let content = document.get_node(child(&point, "content")?)?;
            line(member, words(&label), content.attribute("src")?)
        })
        .take(MAX_LINES)
        .collect()
}

fn line(from: &str, title: String, href: &str) -> Option<Line> {
    let (path, place) = href.find('#').map_or((href, ""), |at| href.split_at(at));
    Some(Line { title, member: resolve(from, path)?, place: place.to_owned() })
}

/// A link in a member, as the name of another member; `None` for what leads out of the book.
fn resolve(from: &str, href: &str) -> Option<String> {
    let href = percent_decode_str(href).decode_utf8().ok()?;
    if href.is_empty() || href.starts_with('/') || href.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in href.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_book() {
        assert_eq!(resolve("OEBPS/nav.xhtml", "text/ch%201.xhtml").as_deref(), Some("OEBPS/text/ch 1.xhtml"));
        assert_eq!(resolve("a/b/c.ncx", "../d.xhtml").as_deref(), Some("a/d.xhtml"));
        for out in ["../../../x", "/etc/passwd", "http://x.example/", "", "javascript:x"] {
            assert_eq!(resolve("a/b.opf", out), None, "{out}");
        }
    }
}
