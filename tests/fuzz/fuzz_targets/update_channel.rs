//! A channel: as it is, and signed anew by somebody who has the release key.
#![no_main]

use std::sync::LazyLock;

use update::*;

static KEY: LazyLock<SecretKey> = LazyLock::new(|| SecretKey::from_seed(Role::Release, [2; 32]));
static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let root_key = SecretKey::from_seed(Role::Root, [1; 32]);
    let root = Root { v: 1, version: 1, threshold: 1, roots: vec![root_key.public()], release_threshold: 1, releases: vec![KEY.public()] };
    let mut signed = SignedRoot { root, signatures: Vec::new() };
    signed.add(&root_key);
    Chain::verify(vec![signed]).expect("it is sound")
});

fn check(channel: &Channel) {
    for (board, running, pin) in [("3b", Some(5), None), ("3b", None, None), ("virt", Some(u64::MAX), None), ("3b", Some(0), Some(7))] {
        let Some(entry) = channel.newest(board, running, pin) else { continue };
        assert!(entry.boards.iter().any(|b| b == board) && running != Some(entry.seq) && pin.is_none_or(|p| p == entry.seq));
        assert!(running.is_none_or(|r| entry.seq > r || entry.back >= r));
        if let Some(url) = resolve("http://server/folder/channel.json", &entry.url) {
            // A host may call itself "..": no name server knows it, and it climbs out of no folder.
            let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
            assert!(!format!("/{path}/").contains("/../") && !url.contains(char::is_whitespace));
            let absolute = entry.url.contains("://");
            assert!(absolute || url.starts_with("http://server/folder/"));
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match Channel::open(data, &CHAIN, 3) {
        Ok((channel, _)) => check(&channel),
        Err(why) => assert!(!why.to_string().contains('\n')),
    }
    let Ok(channel) = serde_json::from_slice::<Channel>(data) else { return };
    let Ok(file) = channel.clone().sign(&CHAIN, std::slice::from_ref(&KEY)) else { return };
    let (again, chain) = Channel::open(&file, &CHAIN, channel.version).expect("what was signed is read");
    assert!(again == channel && chain == *CHAIN);
    check(&again);
});
