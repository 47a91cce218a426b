//! Prints docs/settings.md.

fn main() {
    print!("{}", config::reference());
}
