//! Manifests, envelopes, nodes and indexes: whatever is read is written again as the same bytes, or refused.
#![no_main]

use content::envelope::Envelope;
use content::store::Index;
use content::unixfs::Data;
use content::{Manifest, cbor, dagpb};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(manifest) = Manifest::read(data) {
        let block = manifest.to_block();
        assert_eq!(Manifest::read(&block).unwrap(), manifest);
        assert!(cbor::links(&block).is_ok());
        for entry in &manifest.entries {
            assert_eq!(manifest.entry(&entry.path), Some(entry));
            assert!(!entry.mime.contains(['\r', '\n']));
        }
    }
    if let Ok(envelope) = Envelope::read(data) {
        assert_eq!(Envelope::read(&envelope.to_block()).unwrap(), envelope);
    }
    if let Ok(node) = dagpb::Node::read(data) {
        if let Some(inside) = node.data {
            let _ = Data::read(inside);
        }
    }
    let _ = cbor::links(data);
    let _ = Index::from_bytes(data);
});
