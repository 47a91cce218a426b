//! IPNS records and names. The key is fixed, so that a record that holds can be made from a kept one.
#![no_main]

use content::ipns::Record;
use content::key::{Publisher, Secret};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let secret = Secret::from_seed(&[1; 32]);
    if let Ok(record) = Record::read(data, &secret.publisher()) {
        let _ = (record.cid(), record.ends());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(publisher) = text.parse::<Publisher>() {
            assert_eq!(publisher.to_string().parse::<Publisher>().unwrap(), publisher);
        }
        if let Ok(cid) = text.parse::<content::Cid>() {
            assert_eq!(cid.to_string().parse::<content::Cid>().unwrap(), cid);
        }
        if let Some(seconds) = content::time::read(text) {
            assert_eq!(content::time::read(&content::time::write(seconds)), Some(seconds));
        }
        // Signed values of any text are read back; signing is slow, so for some inputs only.
        if data.len() % 8 != 0 {
            return;
        }
        let signed = Record::sign(&secret, text, data.len() as u64, "2040-01-01T00:00:00Z");
        if let Ok(record) = Record::read(&signed, &secret.publisher()) {
            assert_eq!((record.value.as_str(), record.sequence), (text, data.len() as u64));
        } else {
            assert!(signed.len() > content::ipns::MAX);
        }
    }
});
