//! Key files and chains of roots: as they are, and chains whose roots are all signed by keys that an attacker has.
#![no_main]

use std::sync::LazyLock;

use update::*;

static KEYS: LazyLock<Vec<SecretKey>> = LazyLock::new(|| (1..=3).map(|n| SecretKey::from_seed(Role::Root, [n; 32])).collect());

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(key) = SecretKey::read(data) {
        assert_eq!(SecretKey::read(&key.write()).map(|k| k.public()), Ok(key.public()));
    }
    let Ok(mut roots) = Chain::parse(data) else { return };
    check(roots.clone());
    if roots.len() > 3 {
        return;
    }
    for signed in &mut roots {
        KEYS.iter().for_each(|key| signed.add(key));
    }
    check(roots);
});

fn check(roots: Vec<SignedRoot>) {
    match Chain::verify(roots.clone()) {
        Ok(chain) => {
            assert_eq!(chain.roots(), roots);
            assert_eq!(Chain::read(&chain.write()).as_ref(), Ok(&chain));
            assert_eq!(chain.joined(&chain).as_ref(), Ok(&chain));
            for pair in roots.windows(2) {
                let threshold = pair[0].root.threshold as usize;
                assert!(pair[1].signed_by(&pair[0].root.roots).is_ok_and(|n| n >= threshold));
                assert_eq!(pair[1].root.version, pair[0].root.version + 1);
            }
            assert!(chain.newest().check().is_ok());
        }
        Err(why) => assert!(!why.to_string().contains('\n')),
    }
}
