//! Why a certificate is not kept: one line each, which says what to do. The owner's page has the same in its languages, by the code.

/// What speaks against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The settings name no domain.
    NoDomain,
    /// Nothing in the certificate's field.
    ChainEmpty,
    /// Nothing in the key's field.
    KeyEmpty,
    /// More than any certificate or key has.
    TooLarge,
    /// No certificate in PEM.
    ChainForm,
    /// No key in PEM.
    KeyForm,
    /// Each is in the other's place.
    Swapped,
    /// The key is under a password.
    KeyLocked,
    /// A kind of key that is not spoken here.
    KeyKind,
    /// The key is another certificate's.
    WrongKey,
    /// The chain is not in its order, or not one chain.
    Order,
    /// The certificate is for other names than this one.
    Name(String),
    /// It ended at this time.
    Ended(u64),
    /// It begins at this time.
    Early(u64),
}

impl Refusal {
    /// What the pages' words are found by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoDomain => "no-domain",
            Self::ChainEmpty => "chain-empty",
            Self::KeyEmpty => "key-empty",
            Self::TooLarge => "too-large",
            Self::ChainForm => "chain-form",
            Self::KeyForm => "key-form",
            Self::Swapped => "swapped",
            Self::KeyLocked => "key-locked",
            Self::KeyKind => "key-kind",
            Self::WrongKey => "wrong-key",
            Self::Order => "order",
            Self::Name(_) => "name",
            Self::Ended(_) => "ended",
            Self::Early(_) => "early",
        }
    }

    /// The day that it is about.
    pub fn date(&self) -> Option<String> {
        match self {
            Self::Ended(time) | Self::Early(time) => Some(date(*time)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoDomain => f.write_str("first write the domain in the settings"),
            Self::ChainEmpty => f.write_str("the certificate is missing: paste fullchain.pem"),
            Self::KeyEmpty => f.write_str("the private key is missing: paste privkey.pem"),
            Self::TooLarge => f.write_str("this is too much to be a certificate and its key: choose the right files"),
            Self::ChainForm => f.write_str("this is no certificate in PEM form: paste the whole text from -----BEGIN CERTIFICATE----- on"),
            Self::KeyForm => f.write_str("this is no private key in PEM form: paste the whole text from -----BEGIN PRIVATE KEY----- on"),
            Self::Swapped => f.write_str("the certificate and the key are in each other's place: exchange them"),
            Self::KeyLocked => f.write_str("the key is under a password: take it off with openssl pkey -in privkey.pem -out open.pem"),
            Self::KeyKind => f.write_str("this kind of key cannot be used: ask for a certificate with an ECDSA P-256 or RSA 2048 key"),
            Self::WrongKey => f.write_str("the key does not belong to this certificate: give the two that were made together"),
            Self::Order => f.write_str("the certificates are not one chain in its order: the domain's own first, then who vouches for it"),
            Self::Name(domain) => write!(f, "the certificate is not for {domain}: ask for one with that name, or change the setting"),
            Self::Ended(time) => write!(f, "the certificate ended on {}: get a new one", date(*time)),
            Self::Early(time) => write!(f, "the certificate begins on {} only: set the box's clock, or wait", date(*time)),
        }
    }
}

/// What is worth knowing of one that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Nobody has said the time, so its dates could not be looked at.
    NoClock,
    /// Somebody else vouches for it, whose certificate is not there.
    Alone,
    /// Few browsers take this kind of key.
    Ed25519,
}

impl Note {
    /// What the pages' words are found by.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoClock => "no-clock",
            Self::Alone => "alone",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// A day for people.
pub fn date(time: u64) -> String {
    let mut text = content::time::write(time);
    text.truncate(10);
    text
}
