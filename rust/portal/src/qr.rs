//! The portal's address as a QR code.

use qrcodegen::{QrCode, QrCodeEcc};

/// A code as one SVG path.
#[derive(Clone, Debug)]
pub struct Qr {
    /// Side of the picture in modules, quiet zone included.
    pub size: i32,
    /// Path data; nothing but digits and `Mhvz-`.
    pub path: String,
}

/// Modules of white around the code (ISO/IEC 18004 asks for four).
const QUIET: i32 = 4;

/// The code of a text. In capitals an address fits the smallest code, which an old camera reads from further away.
pub fn code(text: &str) -> Qr {
    use std::fmt::Write;
    let Ok(qr) = QrCode::encode_text(&text.to_ascii_uppercase(), QrCodeEcc::Medium) else {
        return Qr { size: 1, path: String::new() };
    };
    let mut path = String::new();
    for y in 0..qr.size() {
        let mut x = 0;
        while x < qr.size() {
            let run = (x..qr.size()).take_while(|&x| qr.get_module(x, y)).count();
            let run = i32::try_from(run).unwrap_or(0);
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Qr { size: qr.size() + 2 * QUIET, path }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_address_fits_the_smallest_code() {
        let qr = super::code("http://10.42.0.1/");
        assert_eq!(qr.size, 21 + 8);
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "the finder pattern's first row");
        assert!(qr.path.len() < 3000);
    }
}
