//! A CAR from a stranger: the reader, then the walk over it, both ways.
#![no_main]

use std::io::Cursor;

use content::car::Car;
use content::source::{Indexed, drive, one_root, walk_of};
use content::walk::Tree;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(car) = Car::open(data) else { return };
    let Ok(root) = one_root(car.roots()) else { return };
    let mut car = car;
    let streamed = drive(walk_of(root, 1 << 20), &mut car, "file", |_, cid, block| {
        assert!(cid.check(block).is_ok());
        Ok(())
    });
    if let Ok((tree, _)) = &streamed {
        check(tree);
    }
    // What streams is found by index too, and is the same.
    if let Ok((mut indexed, roots)) = Indexed::open(Cursor::new(data)) {
        assert_eq!(roots.first(), Some(&root));
        let again = drive(walk_of(root, 1 << 20), &mut indexed, "file", |_, _, _| Ok(()));
        if let Ok((tree, _)) = streamed {
            assert_eq!(again.map(|(tree, _)| tree.files).ok(), Some(tree.files));
        }
    }
});

/// What the store relies on.
fn check(tree: &Tree) {
    let mut last: Option<&str> = None;
    for file in &tree.files {
        content::paths::check(&file.path).unwrap();
        assert!(last.is_none_or(|last| last < file.path.as_str()));
        last = Some(&file.path);
        let extents = &tree.extents[file.extents.start as usize..file.extents.end as usize];
        assert_eq!(extents.iter().map(|e| u64::from(e.len)).sum::<u64>(), file.size);
        for e in extents {
            assert!(e.at + e.len <= tree.blocks[e.block as usize].len);
        }
    }
}
