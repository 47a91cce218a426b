//! dag-pb nodes (ipld.io/specs/codecs/dag-pb): links, then data.

use crate::cid::Cid;
use crate::pb::{Fields, put_bytes, put_number};
use crate::{Error, varint};

/// Most links of one node: what fits in the largest block.
pub const MAX_LINKS: usize = 65_536;

/// A link as it stands in a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Where it leads.
    pub cid: Cid,
    /// Its name, empty when there is none.
    pub name: &'a [u8],
    /// The size of all below it, as claimed; never trusted.
    pub tsize: u64,
}

/// A node, as a view of its bytes.
#[derive(Clone, Debug, Default)]
pub struct Node<'a> {
    /// The links, in the node's order.
    pub links: Vec<Link<'a>>,
    /// The data, `None` when the field is absent.
    pub data: Option<&'a [u8]>,
}

impl<'a> Node<'a> {
    /// Reads a node.
    ///
    /// Errors: anything but the two fields, a link without a CID or with one of a kind that is not taken, links on both
    /// sides of the data, fields twice.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut node = Self::default();
        let mut links_ended = false;
        for field in Fields(bytes) {
            match field? {
                (2, link) => {
                    if links_ended && !node.links.is_empty() {
                        return Err(Error::Pb("links in two places"));
                    }
                    if node.links.len() == MAX_LINKS {
                        return Err(Error::TooLong { what: "links in a node", is: MAX_LINKS as u64 + 1, limit: MAX_LINKS as u64 });
                    }
                    node.links.push(read_link(link.bytes()?)?);
                }
                (1, data) => {
                    if node.data.replace(data.bytes()?).is_some() {
                        return Err(Error::Pb("data twice"));
                    }
                    links_ended = true;
                }
                _ => return Err(Error::Pb("an unknown field")),
            }
        }
        Ok(node)
    }
}

fn read_link(bytes: &[u8]) -> Result<Link<'_>, Error> {
    let (mut cid, mut name, mut tsize) = (None, None, None);
    for field in Fields(bytes) {
        match field? {
            (1, hash) if cid.is_none() && name.is_none() && tsize.is_none() => cid = Some(Cid::exactly(hash.bytes()?)?),
            (2, text) if name.is_none() && tsize.is_none() => name = Some(text.bytes()?),
            (3, size) if tsize.is_none() => tsize = Some(size.number()?),
            _ => return Err(Error::Pb("a link's fields are out of order, twice or unknown")),
        }
    }
    let cid = cid.ok_or(Error::Pb("a link without an address"))?;
    Ok(Link { cid, name: name.unwrap_or_default(), tsize: tsize.unwrap_or(0) })
}

/// Appends a link to a node that is being written.
pub fn put_link(cid: Cid, name: &[u8], tsize: u64, out: &mut Vec<u8>) {
    varint::write(2 << 3 | 2, out);
    varint::write(link_length(name.len(), tsize) as u64, out);
    put_bytes(1, &cid.to_bytes(), out);
    put_bytes(2, name, out);
    put_number(3, tsize, out);
}

/// Bytes of a link's message without its own frame.
fn link_length(name: usize, tsize: u64) -> usize {
    2 + crate::cid::LENGTH + 1 + varint::length(name as u64) + name + 1 + varint::length(tsize)
}

/// Bytes that [`put_link`] appends.
pub fn framed_length(name: usize, tsize: u64) -> usize {
    let inner = link_length(name, tsize);
    1 + varint::length(inner as u64) + inner
}

/// Appends the data, which comes after the links.
pub fn put_data(data: &[u8], out: &mut Vec<u8>) {
    put_bytes(1, data, out);
}
