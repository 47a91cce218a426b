//! Asking for the time: SNTP (RFC 4330; RFC 5905, 14). One question, one answer of 48 bytes, from somebody who may lie.

/// Bytes of a question, and what is read of an answer.
pub const LENGTH: usize = 48;
/// Seconds from 1900, where NTP begins, to 1970.
const EPOCH: u64 = 2_208_988_800;

/// A question with a number that the answer has to repeat: where the sender's clock would stand, which is nobody's business.
pub fn ask(nonce: u64) -> [u8; LENGTH] {
    let mut out = [0; LENGTH];
    // Leap indicator 0, version 4, mode 3: a client.
    out[0] = 4 << 3 | 3;
    out[40..48].copy_from_slice(&nonce.to_be_bytes());
    out
}

/// Seconds since 1970 in an answer to that question; `None` if it is none, or its server does not know the time itself.
///
/// NTP counts seconds in 32 bits and begins anew in 2036: what is below the time of writing belongs to the next round.
pub fn answer(nonce: u64, bytes: &[u8]) -> Option<u64> {
    let bytes: &[u8; LENGTH] = bytes.get(..LENGTH)?.try_into().ok()?;
    let (leap, mode, stratum) = (bytes[0] >> 6, bytes[0] & 7, bytes[1]);
    if leap == 3 || mode != 4 || !(1..=15).contains(&stratum) || bytes[24..32] != nonce.to_be_bytes() {
        return None;
    }
    let seconds = u64::from(u32::from_be_bytes(bytes[40..44].try_into().ok()?));
    if seconds == 0 {
        return None;
    }
    Some(if seconds >= EPOCH { seconds - EPOCH } else { seconds + (1 << 32) - EPOCH })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(nonce: u64, seconds: u32) -> [u8; LENGTH] {
        let mut out = [0; LENGTH];
        (out[0], out[1]) = (4 << 3 | 4, 2);
        out[24..32].copy_from_slice(&nonce.to_be_bytes());
        out[40..44].copy_from_slice(&seconds.to_be_bytes());
        out
    }

    #[test]
    fn an_answer_to_the_question_and_no_other() {
        let question = ask(7);
        assert_eq!((question[0], &question[40..]), (0x23, &7u64.to_be_bytes()[..]));
        let now = 1_796_055_180_u64;
        let good = reply(7, u32::try_from(now + EPOCH).unwrap());
        assert_eq!(answer(7, &good), Some(now));
        assert_eq!(answer(7, &[&good[..], b"extension"].concat()), Some(now));
        assert_eq!(answer(8, &good), None);
        assert_eq!(answer(7, &good[..47]), None);
        for (at, byte) in [(0, 0xe4), (0, 0x23), (1, 0), (1, 16)] {
            let mut bad = good;
            bad[at] = byte;
            assert_eq!(answer(7, &bad), None);
        }
        assert_eq!(answer(7, &reply(7, 0)), None);
    }

    #[test]
    fn after_2036_it_counts_from_zero_again() {
        assert_eq!(answer(1, &reply(1, 1)), Some((1 << 32) - EPOCH + 1));
        assert_eq!(answer(1, &reply(1, u32::MAX)), Some(u64::from(u32::MAX) - EPOCH));
    }
}
