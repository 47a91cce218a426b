//! Questions to the trustless gateway: path, query and Accept header, parted by line feeds; then the plan over a small tree.
#![no_main]

use std::collections::HashMap;
use std::sync::OnceLock;

use content::dag::{self, Built, Node, Sink};
use content::gateway::{self, Ask, Blocks, Want};
use content::{Cid, Codec};

#[derive(Default)]
struct Heap(HashMap<Cid, Vec<u8>>);

impl Sink for Heap {
    fn node(&mut self, cid: Cid, node: Node) {
        self.0.insert(cid, node.block);
    }
}

/// A file of three parts and a folder of it.
fn heap() -> &'static (Heap, Cid) {
    static HEAP: OnceLock<(Heap, Cid)> = OnceLock::new();
    HEAP.get_or_init(|| {
        let mut heap = Heap::default();
        let chunks: Vec<(Cid, u64)> = (0..3_u8)
            .map(|i| {
                let bytes = vec![i; 10];
                let cid = Cid::of(Codec::Raw, &bytes);
                heap.0.insert(cid, bytes);
                (cid, 10)
            })
            .collect();
        let film = dag::file(&chunks, &mut heap);
        let note = Built { cid: chunks[0].0, tsize: 10 };
        let root = dag::folder(vec![("film".into(), film), ("a b".into(), note)], &mut heap).unwrap();
        (heap, root.cid)
    })
}

struct View<'a>(&'a Heap);

impl Blocks for View<'_> {
    fn get(&mut self, cid: &Cid) -> Option<Vec<u8>> {
        self.0.0.get(cid).cloned()
    }
    fn has(&mut self, cid: &Cid) -> bool {
        self.0.0.contains_key(cid)
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, '\n');
    let [path, query, accept] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let (heap, root) = heap();
    // `~` stands for the root that is there.
    let path = path.replacen('~', &root.to_string(), 1);
    if let Some(named) = gateway::disposition(query) {
        assert!(named.bytes().all(|b| (b' '..0x7f).contains(&b)), "a header's value");
    }
    match gateway::read(&path, query, accept) {
        None => assert!(!path.starts_with("/ipfs/") && !path.starts_with("/ipns/") && !path.starts_with("/routing/")),
        Some(Err(no)) => assert!((400..500).contains(&no.0) && !no.1.is_empty()),
        Some(Ok(Ask::Ipns(_))) => {}
        Some(Ok(Ask::Ipfs { root, path, want })) => {
            assert!(path.iter().all(|name| name != ".." && name != "."));
            if let Want::Car { scope, bytes, dups } = want {
                match gateway::plan(root, &path, scope, bytes, dups, &mut View(heap)) {
                    Ok(order) => assert!(order.iter().all(|cid| heap.0.contains_key(cid)) && order.len() <= 8),
                    Err(no) => assert!((400..500).contains(&no.0)),
                }
            }
        }
    }
});
