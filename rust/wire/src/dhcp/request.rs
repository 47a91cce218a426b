//! What a client sends.

use std::net::Ipv4Addr;

use smoltcp::wire::{ArpHardware, DhcpOpCode, DhcpPacket};

use super::{Mac, code, options};

/// What the client wants of us (option 53).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who has an address for me?
    Discover,
    /// I take this one; or: may I keep it?
    Request,
    /// Somebody else has it already.
    Decline,
    /// I am leaving.
    Release,
    /// I have an address; what else is there?
    Inform,
}

/// A checked message from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it wants.
    pub kind: Kind,
    /// Chosen by the client, returned to it.
    pub xid: u32,
    /// Seconds since it began, by its own count.
    pub secs: u16,
    /// It cannot take a unicast reply before it has an address.
    pub broadcast: bool,
    /// The address it has; zero if none.
    pub ciaddr: Ipv4Addr,
    /// Its hardware address: never zero, never a group's.
    pub chaddr: Mac,
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    /// Option 54.
    pub server: Option<Ipv4Addr>,
    /// Option 61 as it came, 2 to 255 bytes; empty if there was none.
    pub client_id: Vec<u8>,
    /// Option 12 as it came, at most 255 bytes: anything at all can be in it.
    pub host: Vec<u8>,
    /// Of what one device says the same each time and another does not: host name, vendor class, client identifier, and which options
    /// it asks for in which order, in one number.
    pub print: u32,
}

/// Why a message is not for us; none of them is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Shorter than the fixed part.
    Short,
    /// An answer, not a question, or without the magic cookie.
    NotRequest,
    /// Not Ethernet with six-byte addresses.
    Hardware,
    /// A hardware address that nobody can have: zero or a group's.
    Address,
    /// No kind, two bytes of it, or one that clients do not send.
    Kind,
    /// A client identifier of more than 255 bytes.
    ClientId,
}

/// Larger messages are not read: no client's fills a packet.
const MAX: usize = 1500;
/// A longer value of one option, its pieces joined, is not kept.
const MAX_VALUE: usize = 255;

/// Where a sum of FNV-1a begins.
const FNV: u32 = 0x811c_9dc5;

impl Request {
    /// Checks a message and takes it apart. A non-zero `giaddr` is not read: there are no relays here, and the answer
    /// goes to the link that the question came from.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = &bytes[..bytes.len().min(MAX)];
        let packet = DhcpPacket::new_checked(bytes).map_err(|_| Error::Short)?;
        if packet.opcode() != DhcpOpCode::Request || packet.magic_number() != 0x6382_5363 {
            return Err(Error::NotRequest);
        }
        if packet.hardware_type() != ArpHardware::Ethernet || packet.hardware_len() != 6 {
            return Err(Error::Hardware);
        }
        let chaddr = packet.client_hardware_address().0;
        if chaddr == [0; 6] || chaddr[0] & 1 != 0 {
            return Err(Error::Address);
        }
        let (mut kind, mut requested, mut server) = (Short::<1>::default(), Short::<4>::default(), Short::<4>::default());
        let (mut client_id, mut host, mut overlong) = (Vec::new(), Vec::new(), false);
        let mut print = FNV;
        options::walk(bytes, &packet, |option, data| {
            if matches!(option, code::HOST | code::PARAMETERS | code::VENDOR | code::CLIENT_ID) {
                let length = u8::try_from(data.len()).unwrap_or(u8::MAX);
                print = [option, length].iter().chain(data).fold(print, |sum, b| (sum ^ u32::from(*b)).wrapping_mul(0x0100_0193));
            }
            match option {
                code::KIND => kind.add(data),
                code::REQUESTED => requested.add(data),
                code::SERVER => server.add(data),
                code::HOST if host.len() + data.len() <= MAX_VALUE => host.extend(data),
                code::CLIENT_ID if client_id.len() + data.len() <= MAX_VALUE => client_id.extend(data),
                code::CLIENT_ID => overlong = true,
                _ => {}
            }
        });
        if overlong {
            return Err(Error::ClientId);
        }
        // One byte identifies nobody (RFC 2132, 9.14: two at least).
        if client_id.len() < 2 {
            client_id.clear();
        }
        let kind = match kind.value() {
            Some([1]) => Kind::Discover,
            Some([3]) => Kind::Request,
            Some([4]) => Kind::Decline,
            Some([7]) => Kind::Release,
            Some([8]) => Kind::Inform,
            _ => return Err(Error::Kind),
        };
        Ok(Self {
            kind,
            xid: packet.transaction_id(),
            secs: packet.secs(),
            broadcast: bytes[10] & 0x80 != 0,
            ciaddr: packet.client_ip(),
            chaddr,
            requested: requested.value().map(Ipv4Addr::from),
            server: server.value().map(Ipv4Addr::from),
            client_id,
            host,
            print,
        })
    }
}

/// An option of a fixed length, put together from its pieces; any other length is as if it were not there.
struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Default for Short<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Short<N> {
    fn add(&mut self, data: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + data.len()) {
            place.copy_from_slice(data);
        }
        self.len += data.len();
    }

    fn value(&self) -> Option<[u8; N]> {
        (self.len == N).then_some(self.bytes)
    }
}
