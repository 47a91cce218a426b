//! Certificates of the real openssl; what people give by mistake, and what nobody gives by mistake.

use std::process::Command;

use super::*;

const DOMAIN: &str = "hotspot.vila.org";
const RSA: &[&str] = &["-newkey", "rsa:2048"];
const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
const P521: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];
const ED25519: &[&str] = &["-newkey", "ed25519"];
const SHORT_RSA: &[&str] = &["-newkey", "rsa:1024"];

fn openssl(folder: &std::path::Path, args: &[&str]) {
    let done = Command::new("openssl").args(args).current_dir(folder).output().expect("openssl is there");
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("hotspot-tls-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Certificate and key of that kind for these names, vouched for by itself, for 90 days.
fn made(kind: &[&str], names: &str) -> (String, String) {
    let folder = folder(&format!("{}-{}", kind.concat().replace(':', ""), names.len()));
    let (san, subject) = (format!("subjectAltName={names}"), format!("/CN={}", names.replace("DNS:", "")));
    let rest = ["-nodes", "-days", "90", "-subj", &subject, "-addext", &san, "-keyout", "key", "-out", "chain"];
    openssl(&folder, &[&["req", "-x509"], kind, &rest].concat());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let both = (read("chain"), read("key"));
    std::fs::remove_dir_all(folder).unwrap();
    both
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn refused(chain: &str, key: &str) -> Refusal {
    check(chain, key, DOMAIN, Some(now())).err().unwrap_or_else(|| panic!("taken: {chain:.60} {key:.60}"))
}

#[test]
fn the_kinds_there_are() {
    for kind in [RSA, P256, P384, ED25519] {
        let (chain, key) = made(kind, "DNS:hotspot.vila.org");
        let pair = check(&chain, &key, DOMAIN, Some(now())).unwrap_or_else(|why| panic!("{kind:?}: {why}"));
        assert_eq!(pair.notes, if kind == ED25519 { vec![Note::Ed25519] } else { vec![] });
        assert!(pair.until - pair.from == 90 * 86_400 && pair.from <= now(), "{} {}", pair.from, pair.until);
        let again = read(pair.text(), DOMAIN).unwrap_or_else(|why| panic!("{kind:?} read again: {why}"));
        assert_eq!((again.text(), again.until), (pair.text(), pair.until));
        assert!(pair.server().is_ok());
    }
    for kind in [P521, SHORT_RSA] {
        let (chain, key) = made(kind, "DNS:hotspot.vila.org");
        assert_eq!(refused(&chain, &key), Refusal::KeyKind, "{kind:?}");
    }
}

#[test]
fn what_people_give_by_mistake() {
    let (chain, key) = made(P256, "DNS:*.vila.org");
    assert!(check(&chain, &key, DOMAIN, Some(now())).is_ok(), "a certificate for every name below is one for this");
    let (other_chain, other_key) = made(RSA, "DNS:vila.org,DNS:www.vila.org");
    assert_eq!(refused("", ""), Refusal::ChainEmpty);
    assert_eq!(refused(&chain, " \n"), Refusal::KeyEmpty);
    assert_eq!(refused("hello", &key), Refusal::ChainForm);
    assert_eq!(refused(&chain, &chain), Refusal::KeyForm);
    assert_eq!(refused(&key, &chain), Refusal::Swapped);
    assert_eq!(refused(&chain, &other_key), Refusal::WrongKey);
    assert_eq!(refused(&other_chain, &other_key), Refusal::Name(DOMAIN.into()));
    assert_eq!(refused(&format!("{other_chain}{chain}"), &key), Refusal::Order);
    assert_eq!(refused(&format!("{chain}{other_chain}"), &key).code(), "order", "a stranger in the chain");
    assert_eq!(refused(&"x".repeat(MAX_CHAIN + 1), &key), Refusal::TooLarge);
    assert_eq!(refused(&chain, &"x".repeat(MAX_KEY + 1)), Refusal::TooLarge);
    assert_eq!(refused(&chain.repeat(9), &key), Refusal::TooLarge);
    assert_eq!(check(&chain, &key, "", None).err(), Some(Refusal::NoDomain));
    assert_eq!(check(&chain, &key, "casa.example", None).err(), Some(Refusal::Name("casa.example".into())));
    // As Windows saves them, with what openssl writes around.
    let windows = |text: &str| format!("\u{feff}Bag Attributes\r\n{}", text.replace('\n', "\r\n"));
    assert!(check(&windows(&chain), &windows(&key), DOMAIN, None).is_ok());
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert_eq!(refused(&chain, locked), Refusal::KeyLocked);
}

#[test]
fn the_clock_where_there_is_one() {
    let (chain, key) = made(P256, "DNS:hotspot.vila.org");
    let at = |now| check(&chain, &key, DOMAIN, now);
    let pair = at(None).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(pair.notes, [Note::NoClock]);
    assert_eq!(at(Some(pair.until + 1)).err(), Some(Refusal::Ended(pair.until)));
    assert_eq!(at(Some(pair.from - 1)).err(), Some(Refusal::Early(pair.from)));
    assert!(Refusal::Ended(1_796_055_180).to_string().contains("2026-11-30"));
}

#[test]
fn a_chain_of_a_school_s_own_authority() {
    let folder = folder("chain");
    openssl(&folder, &[&["req", "-x509"], P256, &["-nodes", "-subj", "/CN=Root", "-keyout", "root.key", "-out", "root"]].concat());
    openssl(&folder, &[&["req"], P256, &["-nodes", "-subj", "/CN=Box", "-keyout", "key", "-out", "ask"]].concat());
    std::fs::write(folder.join("san"), "subjectAltName=DNS:hotspot.vila.org\n").unwrap();
    openssl(&folder, &["x509", "-req", "-in", "ask", "-CA", "root", "-CAkey", "root.key", "-days", "9", "-extfile", "san", "-out", "leaf"]);
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (root, leaf, key) = (text("root"), text("leaf"), text("key"));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(check(&leaf, &key, DOMAIN, Some(now())).map(|p| p.notes).unwrap_or_default(), [Note::Alone]);
    assert_eq!(check(&format!("{leaf}{root}"), &key, DOMAIN, Some(now())).map(|p| p.notes), Ok(vec![]));
    assert_eq!(refused(&format!("{root}{leaf}"), &key), Refusal::Order);
}

#[test]
fn any_bytes_end_in_a_refusal() {
    let (chain, key) = made(P256, "DNS:hotspot.vila.org");
    for text in [
        "\0",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        assert!(matches!(refused(text, &key), Refusal::ChainForm), "{text}");
    }
    let mut x = 0x9e37_79b9_u32;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x as usize
    };
    for text in [&chain, &key] {
        for _ in 0..2000 {
            let mut bytes = text.clone().into_bytes();
            let at = next() % bytes.len();
            match next() % 3 {
                0 => bytes.truncate(at),
                1 => bytes[at] = b'A' + u8::try_from(next() % 26).unwrap(),
                _ => drop(bytes.remove(at)),
            }
            let broken = String::from_utf8_lossy(&bytes).into_owned();
            // A certificate's signature is not looked at here, so some of them pass; none may panic.
            let _ = if text == &key { check(&chain, &broken, DOMAIN, None) } else { check(&broken, &key, DOMAIN, None) };
        }
    }
    // Lengths that lie, in the reader that is ours.
    for der in
        [&[0x30][..], &[0x30, 0x80], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x83, 0xff, 0xff, 0xff], &[0x30, 2, 0x30, 0], &[0; 64]]
    {
        assert_eq!(der::Facts::of(der), None);
    }
}
