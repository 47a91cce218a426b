//! Publishers' keys: Ed25519, named as IPNS names them.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::Error;
use crate::cid::{Codec, MAX_IDENTITY};

/// A publisher's public key, of which nothing is known but its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Publisher(pub [u8; 32]);

/// Protobuf of an Ed25519 public key (libp2p peer-ids): type 1, 32 bytes.
const PROTOBUF: [u8; 4] = [8, 1, 0x12, 32];
/// libp2p-key, identity multihash of 36 bytes.
const NAME: [u8; 4] = [1, 0x72, 0, 36];

impl Publisher {
    /// Verifies strictly: no weak key, no second form of a signature.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| Error::Signature("the key is no Ed25519 key"))?;
        let signature = Signature::from_slice(signature).map_err(|_| Error::Signature("it is not 64 bytes"))?;
        key.verify_strict(message, &signature).map_err(|_| Error::Signature("it was not made by this key over these bytes"))
    }

    /// From libp2p's protobuf form.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Self, Error> {
        let key = bytes.strip_prefix(&PROTOBUF).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or(Error::Ipns("its key is not Ed25519"))
    }

    /// The IPNS name in binary form: what a routing key and a CID are made of.
    pub fn name_bytes(&self) -> Vec<u8> {
        [&NAME[..], &PROTOBUF, &self.0].concat()
    }

    /// The first and last letters, for people to compare at a glance.
    pub fn short(&self) -> String {
        let name = self.to_string();
        format!("{}…{}", &name[..10], &name[name.len() - 6..])
    }
}

/// The IPNS name: base36 of a libp2p-key CID, `k51…`.
impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cid::multibase::encode(cid::multibase::Base::Base36Lower, self.name_bytes()))
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// From an IPNS name in any base, a bare peer ID (`12D3Koo…`), or 64 hexadecimal digits.
impl FromStr for Publisher {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const WRONG: Error = Error::Signature("that is no publisher's name (k51… or 64 hexadecimal digits)");
        if text.len() > 2 * usize::try_from(MAX_IDENTITY).unwrap_or(128) {
            return Err(WRONG);
        }
        if text.len() == 64
            && let Some(bytes) = crate::hex::read(text)
        {
            return bytes.try_into().map(Self).map_err(|_| WRONG);
        }
        let bytes = if text.starts_with("12D3Koo") {
            let bare = cid::multibase::Base::Base58Btc.decode(text).map_err(|_| WRONG)?;
            [&NAME[..2], &bare].concat()
        } else {
            cid::CidGeneric::<128>::try_from(text).map_err(|_| WRONG)?.to_bytes()
        };
        bytes.strip_prefix(&NAME).ok_or(WRONG).and_then(Self::from_protobuf)
    }
}

/// A publisher's secret.
pub struct Secret(SigningKey);

impl Secret {
    /// From 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// From the text of a key file: one line of 64 hexadecimal digits; lines that start with `#` are for people.
    pub fn from_file(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let seed = lines.next().and_then(crate::hex::read)?.try_into().ok()?;
        lines.next().is_none().then(|| Self::from_seed(&seed))
    }

    /// The text of a key file.
    pub fn to_file(&self) -> String {
        format!(
            "# P2P Hotspot: the secret key of publisher {}\n# Who has it can publish in your name. Keep a copy where no computer reaches it.\n{}\n",
            self.publisher(),
            crate::hex::write(self.0.as_bytes())
        )
    }

    /// The public half.
    pub fn publisher(&self) -> Publisher {
        Publisher(self.0.verifying_key().to_bytes())
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret of {}", self.publisher())
    }
}

const _: () = assert!(Codec::Raw as u8 == 0x55);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publisher_has_one_name_in_several_forms() {
        let secret = Secret::from_seed(&[3; 32]);
        let publisher = secret.publisher();
        let name = publisher.to_string();
        assert!(name.starts_with("k51") && name.len() == 62, "{name}");
        assert_eq!(name.parse::<Publisher>().unwrap(), publisher);
        let peer = cid::multibase::Base::Base58Btc.encode(&publisher.name_bytes()[2..]);
        assert!(peer.starts_with("12D3Koo"), "{peer}");
        assert_eq!(peer.parse::<Publisher>().unwrap(), publisher);
        assert_eq!(crate::hex::write(&publisher.0).parse::<Publisher>().unwrap(), publisher);
        for bad in ["", "k51", "k2k4r8", &"k".repeat(999), "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"] {
            assert!(bad.parse::<Publisher>().is_err(), "{bad}");
        }
        let again = Secret::from_file(&secret.to_file()).unwrap();
        assert_eq!(again.publisher(), publisher);
        assert!(Secret::from_file("").is_none() && Secret::from_file("00\n").is_none());
    }

    #[test]
    fn signatures_are_verified_strictly() {
        let secret = Secret::from_seed(&[3; 32]);
        let signature = secret.sign(b"yes");
        secret.publisher().verify(b"yes", &signature).unwrap();
        assert!(secret.publisher().verify(b"no", &signature).is_err());
        assert!(secret.publisher().verify(b"yes", &signature[..63]).is_err());
        // The point of order one: under plain verification it signs everything.
        let mut weak = [0; 32];
        weak[0] = 1;
        let mut forged = [0; 64];
        forged[0] = 1;
        assert!(Publisher(weak).verify(b"anything", &forged).is_err());
    }
}
