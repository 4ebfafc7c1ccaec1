//! Addresses between Go and the system: a family, a host (4 or 16 bytes, or a path), a port and a scope.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use minigo_vm::native::Call;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix};

/// Families as `socket.mgo` numbers them.
const UNIX: i64 = 1;
const V4: i64 = 4;
const V6: i64 = 6;

/// The family of a number of `socket.mgo`.
pub(super) fn family(number: i64) -> AddressFamily {
    match number {
        UNIX => AddressFamily::UNIX,
        V6 => AddressFamily::INET6,
        _ => AddressFamily::INET,
    }
}

/// Reads the address in argument words `i` (family), `i + 1` and `i + 2` (host), `i + 3` (port), `i + 4` (scope).
pub(super) fn argument(call: &Call<'_>, i: usize) -> Result<SocketAddrAny, Errno> {
    let host = call.str(i + 1);
    let port = u16::try_from(call.int(i + 3)).map_err(|_| Errno::INVAL)?;
    match call.int(i) {
        UNIX => match host.strip_prefix(b"@") {
            Some(name) => SocketAddrUnix::new_abstract_name(name),
            None => SocketAddrUnix::new(host),
        }
        .map(SocketAddrAny::from),
        V6 => {
            let ip: [u8; 16] = host.try_into().map_err(|_| Errno::INVAL)?;
            let scope = call.int(i + 4) as u32;
            Ok(SocketAddrV6::new(Ipv6Addr::from(ip), port, 0, scope).into())
        }
        V4 => {
            let ip: [u8; 4] = host.try_into().map_err(|_| Errno::INVAL)?;
            Ok(SocketAddrV4::new(Ipv4Addr::from(ip), port).into())
        }
        _ => Err(Errno::AFNOSUPPORT),
    }
}

/// Sets result words `i` to `i + 4` to an address, in the order of [`argument`]; to family 0 if there is none.
pub(super) fn set_result(call: &mut Call<'_>, i: usize, address: Option<SocketAddrAny>) {
    let (family, host, port, scope) = address.map_or((0, Vec::new(), 0, 0), parts);
    call.set_int(i, family);
    call.set_str(i + 1, &host);
    call.set_int(i + 3, port.into());
    call.set_int(i + 4, scope.into());
}

fn parts(address: SocketAddrAny) -> (i64, Vec<u8>, u16, u32) {
    if let Ok(ip) = SocketAddr::try_from(address.clone()) {
        return match ip {
            SocketAddr::V4(a) => (V4, a.ip().octets().to_vec(), a.port(), 0),
            SocketAddr::V6(a) => (V6, a.ip().octets().to_vec(), a.port(), a.scope_id()),
        };
    }
    let Ok(unix) = SocketAddrUnix::try_from(address) else {
        return (0, Vec::new(), 0, 0);
    };
    let name = match (unix.path_bytes(), unix.abstract_name()) {
        (Some(path), _) => path.to_vec(),
        (None, Some(name)) => [b"@", name].concat(),
        (None, None) => Vec::new(),
    };
    (UNIX, name, 0, 0)
}
