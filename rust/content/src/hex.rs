//! Hexadecimal digits.

/// Lower case.
pub fn write(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// `None` unless it is pairs of digits and nothing else.
pub fn read(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.len().is_multiple_of(2).then(|| text.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect())?
}
