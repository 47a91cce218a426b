//! Paths that content may have: the same on every system that a bundle may be unpacked on.

use std::collections::HashSet;

use crate::Error;

/// Longest name between two slashes, in bytes: what every file system here takes.
pub const MAX_NAME: usize = 255;
/// Longest path, in bytes.
pub const MAX_PATH: usize = 1024;

/// Errors: no name, `.` or `..`, a slash, backslash or control character (NUL too), or too long.
pub fn check_name(name: &str) -> Result<(), Error> {
    let refuse = |why| Err(Error::Path(name.chars().take(80).collect(), why));
    match name {
        "" => refuse("has an empty name in it"),
        "." | ".." => refuse("leads out of its folder"),
        _ if name.len() > MAX_NAME => refuse("has a name over 255 bytes in it"),
        _ if name.contains(['/', '\\']) => refuse("has a slash in a name"),
        _ if name.chars().any(char::is_control) => refuse("has a control character in it"),
        _ => Ok(()),
    }
}

/// Errors: any of its names is refused, or it is too long or too deep.
pub fn check(path: &str) -> Result<(), Error> {
    if path.len() > MAX_PATH {
        return Err(Error::Path(path.chars().take(80).collect(), "is over 1024 bytes long"));
    }
    path.split('/').try_for_each(check_name)
}

/// What a system that ignores case takes for the same name.
pub fn folded(name: &str) -> String {
    // Upper, then lower: sharp s and the three sigmas become one each.
    name.to_uppercase().to_lowercase()
}

/// Names of one folder, each once.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// Errors: refused by [`check_name`], or there already but for case.
    pub fn add(&mut self, name: &str) -> Result<(), Error> {
        check_name(name)?;
        if self.0.insert(folded(name)) { Ok(()) } else { Err(Error::Path(name.into(), "is there twice, but for upper and lower case")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_paths() {
        for bad in ["", "..", "a/../b", "/etc/passwd", "a//b", "a/", "./a", "a\0b", "a\\b", "a\nb", "a/\u{7f}"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(&"a".repeat(256)).is_err() && check(&["a"; 600].join("/")).is_err());
        assert!(check("música/Überblick … 水.ogg").is_ok() && check("a/.well-known/b").is_ok());
        let mut names = Names::default();
        names.add("Straße").unwrap();
        for same in ["Straße", "STRASSE", "straße"] {
            assert!(names.add(same).is_err(), "{same}");
        }
        names.add("Strasze").unwrap();
    }
}
