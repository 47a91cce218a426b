//! The manifest: what a bundle is and what is in it; one DAG-CBOR block.

use crate::cbor::{Reader, Writer};
use crate::cid::Cid;
use crate::key::Publisher;
use crate::{Error, paths};

/// The version that this code writes and reads.
pub const VERSION: u64 = 1;
/// Largest text of one line, in bytes.
pub const MAX_LINE: usize = 300;
/// Largest description, in bytes.
pub const MAX_TEXT: usize = 4000;
/// Languages at most.
const MAX_LANGUAGES: usize = 32;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path under the bundle's root.
    pub path: String,
    /// The file's root block.
    pub cid: Cid,
    /// Bytes.
    pub size: u64,
    /// Its type, such as `text/html`.
    pub mime: String,
    /// Its licence; empty: the bundle's.
    pub license: String,
}

/// What a publisher signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Whose it is.
    pub publisher: Publisher,
    /// Grows with every release of the bundle of this name.
    pub seq: u64,
    /// Seconds since 1970.
    pub created: u64,
    /// The manifest before it; text in the block, so that no walk follows it into the past.
    pub prev: Option<Cid>,
    /// What people call it.
    pub title: String,
    /// Root of the files: a UnixFS folder.
    pub content: Cid,
    /// Bytes of all content blocks, each once: what to reserve.
    pub total_bytes: u64,
    /// How many content blocks there are, each once.
    pub block_count: u64,
    /// Files, sorted by path.
    pub entries: Vec<Entry>,
    /// Tells the publisher's bundles apart, over releases.
    pub name: String,
    /// For people; may be empty.
    pub description: String,
    /// Language codes (BCP 47), may be empty.
    pub languages: Vec<String>,
    /// SPDX expression or words; may be empty.
    pub license: String,
    /// Path of the cover picture; may be empty.
    pub cover: String,
}

impl Manifest {
    /// The block's bytes.
    pub fn to_block(&self) -> Vec<u8> {
        let text = |text: &str| Writer::one(|w| w.text(text));
        let uint = |value| Writer::one(|w| w.uint(value));
        let mut fields = vec![
            ("v", uint(VERSION)),
            ("publisher", Writer::one(|w| w.bytes(&self.publisher.0))),
            ("seq", uint(self.seq)),
            ("created", uint(self.created)),
            ("title", text(&self.title)),
            ("content", Writer::one(|w| w.link(self.content))),
            ("total_bytes", uint(self.total_bytes)),
            ("block_count", uint(self.block_count)),
            ("entries", Writer::one(|w| w.array(&self.entries, put_entry))),
            ("prev", text(&self.prev.map(|cid| cid.to_string()).unwrap_or_default())),
            ("name", text(&self.name)),
            ("description", text(&self.description)),
            ("languages", Writer::one(|w| w.array(&self.languages, |w, code| w.text(code)))),
            ("license", text(&self.license)),
            ("cover", text(&self.cover)),
        ];
        // What says nothing is left out.
        let empty = |name: &str| match name {
            "prev" => self.prev.is_none(),
            "description" => self.description.is_empty(),
            "languages" => self.languages.is_empty(),
            "license" => self.license.is_empty(),
            "cover" => self.cover.is_empty(),
            "name" => self.name.is_empty(),
            _ => false,
        };
        fields.retain(|(name, _)| !empty(name));
        Writer::one(|w| w.map(fields)).0
    }

    /// Reads a block and checks all that can be checked without the content.
    ///
    /// Keys that it does not know are passed over, so that a later version may add some.
    pub fn read(block: &[u8]) -> Result<Self, Error> {
        let mut version = None;
        let mut publisher: Option<[u8; 32]> = None;
        let (mut seq, mut created, mut total_bytes, mut block_count) = (None, None, None, None);
        let (mut title, mut content, mut entries, mut prev) = (None, None, None, None);
        let (mut name, mut description, mut license, mut cover) = (String::new(), String::new(), String::new(), String::new());
        let mut languages = Vec::new();
        let mut reader = Reader::new(block);
        reader.map(|key, reader| {
            match key {
                "v" => version = Some(reader.uint()?),
                "publisher" => publisher = reader.bytes()?.try_into().ok(),
                "seq" => seq = Some(reader.uint()?),
                "created" => created = Some(reader.uint()?),
                "title" => title = Some(line(reader.text()?)?),
                "content" => content = Some(reader.link()?),
                "total_bytes" => total_bytes = Some(reader.uint()?),
                "block_count" => block_count = Some(reader.uint()?),
                "entries" => entries = Some(read_entries(reader)?),
                "prev" => prev = Some(reader.text()?.parse()?),
                "name" => name = line(reader.text()?)?,
                "description" => description = bounded(reader.text()?, MAX_TEXT)?,
                "languages" => reader.array(|reader| {
                    if languages.len() == MAX_LANGUAGES {
                        return Err(Error::Manifest("too many languages"));
                    }
                    languages.push(language(reader.text()?)?);
                    Ok(())
                })?,
                "license" => license = line(reader.text()?)?,
                "cover" => cover = bounded(reader.text()?, paths::MAX_PATH)?,
                _ => reader.any(&mut |_| Ok(()))?,
            }
            Ok(())
        })?;
        reader.end()?;
        if version != Some(VERSION) {
            return Err(Error::Manifest("it is of a version that this program does not know"));
        }
        const LACKS: Error = Error::Manifest("a field is missing");
        let manifest = Self {
            publisher: publisher.map(Publisher).ok_or(Error::Manifest("the publisher is not 32 bytes"))?,
            seq: seq.ok_or(LACKS)?,
            created: created.ok_or(LACKS)?,
            prev,
            title: title.ok_or(LACKS)?,
            content: content.ok_or(LACKS)?,
            total_bytes: total_bytes.ok_or(LACKS)?,
            block_count: block_count.ok_or(LACKS)?,
            entries: entries.ok_or(LACKS)?,
            name,
            description,
            languages,
            license,
            cover,
        };
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), Error> {
        if self.title.trim().is_empty() {
            return Err(Error::Manifest("the title is empty"));
        }
        // Above this, sums of sizes and the IPNS sequence stay far from overflowing.
        if self.total_bytes > 1 << 50 || self.block_count > 1 << 32 || self.seq >= 1 << 63 {
            return Err(Error::Manifest("a number in it is absurd"));
        }
        for (i, entry) in self.entries.iter().enumerate() {
            paths::check(&entry.path)?;
            if i > 0 && self.entries[i - 1].path >= entry.path {
                return Err(Error::Path(entry.path.clone(), "is out of order or there twice"));
            }
            if entry.size > 1 << 50 {
                return Err(Error::Manifest("a number in it is absurd"));
            }
        }
        if !self.cover.is_empty() && self.entry(&self.cover).is_none() {
            return Err(Error::Manifest("the cover is not among the files"));
        }
        Ok(())
    }

    /// The file of this path.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok().map(|i| &self.entries[i])
    }

    /// What tells this publisher's bundles apart: the name, else the title.
    pub fn series(&self) -> &str {
        if self.name.is_empty() { &self.title } else { &self.name }
    }

    /// Bytes of all files together.
    pub fn files_bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}

fn put_entry(w: &mut Writer, entry: &Entry) {
    let mut fields = vec![
        ("path", Writer::one(|w| w.text(&entry.path))),
        ("cid", Writer::one(|w| w.link(entry.cid))),
        ("size", Writer::one(|w| w.uint(entry.size))),
        ("mime", Writer::one(|w| w.text(&entry.mime))),
    ];
    fields.push(("license", Writer::one(|w| w.text(&entry.license))));
    w.map(fields);
}

fn read_entries(reader: &mut Reader) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    reader.array(|reader| {
        let (mut path, mut cid, mut size, mut mime, mut license) = (None, None, None, String::new(), String::new());
        reader.map(|key, reader| {
            match key {
                "path" => path = Some(bounded(reader.text()?, paths::MAX_PATH)?),
                "cid" => cid = Some(reader.link()?),
                "size" => size = Some(reader.uint()?),
                "mime" => mime = mime_type(reader.text()?)?,
                "license" => license = line(reader.text()?)?,
                _ => reader.any(&mut |_| Ok(()))?,
            }
            Ok(())
        })?;
        const LACKS: Error = Error::Manifest("a file lacks its path, address or size");
        entries.push(Entry { path: path.ok_or(LACKS)?, cid: cid.ok_or(LACKS)?, size: size.ok_or(LACKS)?, mime, license });
        Ok(())
    })?;
    Ok(entries)
}

fn bounded(text: &str, limit: usize) -> Result<String, Error> {
    if text.len() > limit {
        return Err(Error::TooLong { what: "bytes in a text of the manifest", is: text.len() as u64, limit: limit as u64 });
    }
    Ok(text.to_owned())
}

/// One line for people: no control characters.
fn line(text: &str) -> Result<String, Error> {
    if text.chars().any(char::is_control) {
        return Err(Error::Manifest("a control character in a text"));
    }
    bounded(text, MAX_LINE)
}

fn language(text: &str) -> Result<String, Error> {
    let legal = (2..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if legal { Ok(text.to_owned()) } else { Err(Error::Manifest("a language that is no code such as pt or pt-BR")) }
}

/// It becomes a header: tokens and parameters only.
fn mime_type(text: &str) -> Result<String, Error> {
    let legal = text.len() <= 120 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+/;= ".contains(&b));
    if legal { Ok(text.to_owned()) } else { Err(Error::Manifest("a type that is none")) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cid::Codec;

    pub fn sample() -> Manifest {
        let cid = Cid::of(Codec::Raw, b"hello world");
        let entry = |path: &str| Entry { path: path.into(), cid, size: 11, mime: "text/plain".into(), license: String::new() };
        Manifest {
            publisher: Publisher([5; 32]),
            seq: 7,
            created: 1_760_000_000,
            prev: Some(cid),
            title: "Livros".into(),
            content: Cid { codec: Codec::DagPb, digest: [1; 32] },
            total_bytes: 100,
            block_count: 2,
            entries: vec![entry("a.txt"), entry("b/c.txt")],
            name: "books".into(),
            description: "Two\nlines".into(),
            languages: vec!["pt".into(), "pt-BR".into()],
            license: "CC-BY-4.0".into(),
            cover: "a.txt".into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let full = sample();
        assert_eq!(Manifest::read(&full.to_block()).unwrap(), full);
        let bare = Manifest {
            prev: None,
            name: String::new(),
            description: String::new(),
            languages: vec![],
            license: String::new(),
            cover: String::new(),
            ..full
        };
        assert_eq!(Manifest::read(&bare.to_block()).unwrap(), bare);
        assert_eq!(bare.series(), "Livros");
        for n in 0..bare.to_block().len() {
            assert!(Manifest::read(&bare.to_block()[..n]).is_err(), "cut at {n}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        type Change = fn(&mut Manifest);
        let wrong: [(&str, Change); 12] = [
            ("no title", |m| m.title = " ".into()),
            ("two lines of title", |m| m.title = "a\nb".into()),
            ("long title", |m| m.title = "a".repeat(301)),
            ("paths out of order", |m| m.entries.reverse()),
            ("a path twice", |m| m.entries[1].path = "a.txt".into()),
            ("a path out", |m| m.entries[1].path = "b/../c".into()),
            ("a header in a type", |m| m.entries[0].mime = "text/html\r\nx: y".into()),
            ("a cover that is not there", |m| m.cover = "x.png".into()),
            ("a language", |m| m.languages = vec!["<b>".into()]),
            ("absurd bytes", |m| m.total_bytes = 1 << 60),
            ("absurd seq", |m| m.seq = 1 << 63),
            ("an absurd size", |m| m.entries[0].size = u64::MAX >> 1),
        ];
        for (name, change) in wrong {
            let mut manifest = sample();
            change(&mut manifest);
            assert!(Manifest::read(&manifest.to_block()).is_err(), "{name}");
        }
    }

    #[test]
    fn later_versions_may_add_keys_and_none_may_stand_twice() {
        let fields = |extra: Vec<(&'static str, Writer)>| {
            let block = sample().to_block();
            let mut fields = Vec::new();
            let mut reader = Reader::new(&block);
            reader
                .map(|key, reader| {
                    let before = reader.clone().bytes_left();
                    reader.any(&mut |_| Ok(()))?;
                    let n = before.len() - reader.clone().bytes_left().len();
                    fields.push((Box::leak(key.to_owned().into_boxed_str()) as &str, Writer(before[..n].to_vec())));
                    Ok(())
                })
                .unwrap();
            fields.extend(extra);
            Writer::one(|w| w.map(fields)).0
        };
        assert_eq!(Manifest::read(&fields(vec![])).unwrap(), sample());
        assert_eq!(Manifest::read(&fields(vec![("later", Writer::one(|w| w.uint(1)))])).unwrap(), sample());
        assert!(Manifest::read(&fields(vec![("seq", Writer::one(|w| w.uint(8)))])).is_err(), "a key twice");
    }
}
