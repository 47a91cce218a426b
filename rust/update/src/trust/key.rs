//! Ed25519 keys (RFC 8032) and the files that hold secret ones.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::hex::Hex;

/// A public key; it is its own name, so no key can pass for another.
pub type PublicKey = Hex<32>;

/// What a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Root documents; kept offline.
    Root,
    /// Bundles and channels.
    Release,
}

/// A secret key's file, canonical JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    v: u32,
    /// What it may sign.
    pub role: Role,
    /// Its public half.
    pub public: PublicKey,
    secret: Hex<32>,
}

/// A secret key with its role.
pub struct SecretKey {
    /// What it may sign.
    pub role: Role,
    key: SigningKey,
}

/// No secret is ever printed.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({:?}, {})", self.role, self.public())
    }
}

impl SecretKey {
    /// Longest key file.
    pub const MAX_FILE_BYTES: usize = 1024;

    /// A key from 32 random bytes.
    pub fn from_seed(role: Role, seed: [u8; 32]) -> Self {
        Self { role, key: SigningKey::from_bytes(&seed) }
    }

    /// Reads a key file; its two halves must belong together.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let file: KeyFile = canonical::read(bytes.strip_suffix(b"\n").unwrap_or(bytes), Self::MAX_FILE_BYTES)?;
        let key = Self::from_seed(file.role, file.secret.0);
        if file.v != 1 || key.public() != file.public {
            return Err("it is not a key file of this version, or its two halves do not belong together".into());
        }
        Ok(key)
    }

    /// The key file's bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = canonical::write(&KeyFile { v: 1, role: self.role, public: self.public(), secret: Hex(self.key.to_bytes()) });
        bytes.push(b'\n');
        bytes
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        Hex(self.key.verifying_key().to_bytes())
    }

    /// Signs a message as it is.
    pub(crate) fn sign(&self, message: &[u8]) -> Hex<64> {
        Hex(self.key.sign(message).to_bytes())
    }
}

/// Whether a public key is a point that only one encoding names, and none of the few that any signature fits.
pub(crate) fn is_sound(key: &PublicKey) -> bool {
    VerifyingKey::from_bytes(&key.0).is_ok_and(|k| !k.is_weak() && k.to_edwards().compress().0 == key.0)
}

/// Strict verification: no small-order points, no malleable signatures.
pub(crate) fn verifies(key: &PublicKey, message: &[u8], signature: &Hex<64>) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    VerifyingKey::from_bytes(&key.0).is_ok_and(|k| k.verify_strict(message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn the_standards_own_vector() {
        let seed: Hex<32> = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb".parse().unwrap();
        let key = SecretKey::from_seed(Role::Release, seed.0);
        assert_eq!(key.public().to_string(), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = key.sign(&[0x72]);
        assert!(signature.to_string().starts_with("92a009a9f0d4cab8720e820b5f642540"));
        assert!(verifies(&key.public(), &[0x72], &signature) && !verifies(&key.public(), &[0x73], &signature));
    }

    #[test]
    fn key_files_come_back() {
        let key = SecretKey::from_seed(Role::Root, [7; 32]);
        let file = key.write();
        let back = SecretKey::read(&file).unwrap();
        assert_eq!((back.role, back.public()), (Role::Root, key.public()));
        assert!(!format!("{back:?}").contains(&Hex([7_u8; 32]).to_string()));
        let other = SecretKey::from_seed(Role::Root, [8; 32]).public().to_string();
        let mixed = String::from_utf8(file).unwrap().replace(&key.public().to_string(), &other);
        assert!(SecretKey::read(mixed.as_bytes()).is_err());
    }

    #[test]
    fn points_that_fit_any_signature_are_no_keys() {
        // The identity, and an encoding of it that is not the canonical one (y = p + 1).
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut other = [0xff; 32];
        (other[0], other[31]) = (0xee, 0x7f);
        assert!(!is_sound(&Hex(identity)) && !is_sound(&Hex(other)));
        assert!(is_sound(&SecretKey::from_seed(Role::Root, [7; 32]).public()));
    }
}
