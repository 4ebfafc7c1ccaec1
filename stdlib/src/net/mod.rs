//! Natives of `net`: system calls on sockets in non-blocking mode. What the system answers is a number of an error, 0 for none; Go code
//! waits where it says "try again", and makes errors of the rest.

mod address;

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use minigo_vm::capability::Capability;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::network::{Descriptor, Direction, Refusal};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    RecvFlags, SendFlags, Shutdown, SocketAddrAny, SocketFlags, SocketType, sockopt,
};

use crate::buffer::with_buffer;
use crate::package::Natives;

pub(crate) const NATIVES: Natives = &[
    ("openSocket", open_socket),
    ("bindSocket", bind_socket),
    ("listenSocket", |call| {
        with(call, |socket, call| {
            rustix::net::listen(socket, call.int(1) as i32)
        })
    }),
    ("connectSocket", connect_socket),
    ("acceptSocket", accept_socket),
    ("localAddress", |call| {
        address_of(call, |s| rustix::net::getsockname(s).map(Some))
    }),
    ("remoteAddress", |call| {
        address_of(call, |s| rustix::net::getpeername(s))
    }),
    ("refusal", |call| {
        let refused = timely_socket(call, direction(call.bool(1))).map(|_| 0);
        call.set_int(0, refused.unwrap_or_else(|errno| errno));
        Outcome::Done
    }),
    ("pendingError", |call| {
        with(call, |socket, _| sockopt::socket_error(socket)?)
    }),
    ("readSocket", read_socket),
    ("writeSocket", write_socket),
    ("receiveFrom", receive_from),
    ("sendTo", send_to),
    ("waitSocket", |call| {
        let direction = direction(call.bool(1));
        call.wait_descriptor(call.word(0), direction)
    }),
    ("expireSocket", |call| {
        let (direction, expired) = (direction(call.bool(1)), call.bool(2));
        call.set_expired(call.word(0), direction, expired);
        Outcome::Done
    }),
    ("closeSocket", |call| {
        let was_open = call.close_descriptor(call.word(0));
        call.set_bool(0, was_open);
        Outcome::Done
    }),
    ("shutdownSocket", |call| {
        with(call, |socket, call| {
            let how = if call.bool(1) {
                Shutdown::Write
            } else {
                Shutdown::Read
            };
            rustix::net::shutdown(socket, how)
        })
    }),
    ("setOption", |call| with(call, set_option)),
    ("resolveHost", resolve_host),
];

/// What an operation on a closed socket gives, and one whose deadline has passed: no numbers of the system's.
const CLOSED: i64 = -1;
const EXPIRED: i64 = -2;

/// Bytes that one read or write moves at most.
const MOST: usize = 1 << 20;

fn direction(write: bool) -> Direction {
    if write {
        Direction::Write
    } else {
        Direction::Read
    }
}

/// Again as long as a signal comes in between.
fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

fn number(errno: Errno) -> i64 {
    errno.raw_os_error().into()
}

/// The socket whose key is argument 0.
fn socket(call: &Call<'_>) -> Result<Arc<Descriptor>, i64> {
    call.descriptor(call.word(0)).ok_or(CLOSED)
}

/// The same, unless its deadline for the direction has passed.
fn timely_socket(call: &Call<'_>, direction: Direction) -> Result<Arc<Descriptor>, i64> {
    let socket = socket(call)?;
    match socket.refusal(direction) {
        None => Ok(socket),
        Some(Refusal::Closed) => Err(CLOSED),
        Some(Refusal::Expired) => Err(EXPIRED),
    }
}

/// An operation whose only result is the number of its error.
fn with(
    call: &mut Call<'_>,
    work: impl FnOnce(&Descriptor, &Call<'_>) -> Result<(), Errno>,
) -> Outcome {
    let errno = match socket(call) {
        Ok(socket) => work(&socket, call).map_or_else(number, |()| 0),
        Err(errno) => errno,
    };
    call.set_int(0, errno);
    Outcome::Done
}

/// Sets a key and the number of an error.
fn set_key(call: &mut Call<'_>, opened: Result<OwnedFd, Errno>) -> Outcome {
    let watched = opened.map_err(number).and_then(|fd| {
        call.watch(fd)
            .map_err(|error| error.raw_os_error().unwrap_or(0).into())
    });
    let (key, errno) = match watched {
        Ok(key) => (key, 0),
        Err(errno) => (0, errno),
    };
    call.set_word(0, key);
    call.set_int(1, errno);
    Outcome::Done
}

const NEW: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// `func openSocket(family int, datagram bool) (key, errno int)`
fn open_socket(call: &mut Call<'_>) -> Outcome {
    if let Err(outcome) = call.require(Capability::Network) {
        return outcome;
    }
    let kind = if call.bool(1) {
        SocketType::DGRAM
    } else {
        SocketType::STREAM
    };
    let opened = rustix::net::socket_with(address::family(call.int(0)), kind, NEW, None);
    set_key(call, opened)
}

/// `func bindSocket(key, family int, host string, port, scope int) (errno int)`
fn bind_socket(call: &mut Call<'_>) -> Outcome {
    with(call, |socket, call| {
        rustix::net::bind(socket, &address::argument(call, 1)?)
    })
}

/// `func connectSocket(key, family int, host string, port, scope int) (errno int)`
fn connect_socket(call: &mut Call<'_>) -> Outcome {
    with(call, |socket, call| {
        let address = address::argument(call, 1)?;
        rustix::net::connect(socket, &address)
    })
}

/// `func acceptSocket(key int) (accepted, errno int)`
fn accept_socket(call: &mut Call<'_>) -> Outcome {
    match timely_socket(call, Direction::Read) {
        Ok(socket) => {
            let accepted = retry(|| rustix::net::accept_with(&*socket, NEW));
            set_key(call, accepted)
        }
        Err(errno) => {
            call.set_word(0, 0);
            call.set_int(1, errno);
            Outcome::Done
        }
    }
}

/// `func localAddress(key int) (family int, host string, port, scope int)`, and `remoteAddress`.
fn address_of(
    call: &mut Call<'_>,
    ask: impl FnOnce(&Descriptor) -> Result<Option<SocketAddrAny>, Errno>,
) -> Outcome {
    let address = socket(call).ok().and_then(|s| ask(&s).ok().flatten());
    address::set_result(call, 0, address);
    Outcome::Done
}

fn set_transfer(call: &mut Call<'_>, moved: Result<usize, i64>) -> Outcome {
    let (n, errno) = match moved {
        Ok(n) => (n, 0),
        Err(errno) => (0, errno),
    };
    call.set_int(0, n as i64);
    call.set_int(1, errno);
    Outcome::Done
}

/// `func readSocket(key int, b []byte) (n, errno int)`
fn read_socket(call: &mut Call<'_>) -> Outcome {
    let moved = timely_socket(call, Direction::Read).and_then(|socket| {
        with_buffer(call.slice_len(1).min(MOST), |buffer| {
            let (n, _) = retry(|| rustix::net::recv(&*socket, &mut *buffer, RecvFlags::empty()))
                .map_err(number)?;
            call.write_bytes(1, &buffer[..n]);
            Ok(n)
        })
    });
    set_transfer(call, moved)
}

/// `func writeSocket(key int, b []byte, from int) (n, errno int)`: writes `b[from:]`.
fn write_socket(call: &mut Call<'_>) -> Outcome {
    let len = call.slice_len(1);
    let from = (call.int(3).max(0) as usize).min(len);
    let moved = timely_socket(call, Direction::Write).and_then(|socket| {
        let bytes = call.bytes_part(1, from, len.min(from + MOST));
        retry(|| rustix::net::send(&*socket, &bytes, SendFlags::NOSIGNAL)).map_err(number)
    });
    set_transfer(call, moved)
}

/// `func receiveFrom(key int, b []byte) (n, errno, family int, host string, port, scope int)`
fn receive_from(call: &mut Call<'_>) -> Outcome {
    let received = timely_socket(call, Direction::Read).and_then(|socket| {
        with_buffer(call.slice_len(1).min(MOST), |buffer| {
            let (n, _, from) =
                retry(|| rustix::net::recvfrom(&*socket, &mut *buffer, RecvFlags::empty()))
                    .map_err(number)?;
            call.write_bytes(1, &buffer[..n]);
            Ok((n, from))
        })
    });
    let (moved, from) = match received {
        Ok((n, from)) => (Ok(n), from),
        Err(errno) => (Err(errno), None),
    };
    address::set_result(call, 2, from);
    set_transfer(call, moved)
}

/// `func sendTo(key int, b []byte, family int, host string, port, scope int) (n, errno int)`
fn send_to(call: &mut Call<'_>) -> Outcome {
    let moved = timely_socket(call, Direction::Write).and_then(|socket| {
        let bytes = call.bytes(1);
        let to = address::argument(call, 3).map_err(number)?;
        retry(|| rustix::net::sendto(&*socket, &bytes, SendFlags::NOSIGNAL, &to)).map_err(number)
    });
    set_transfer(call, moved)
}

/// `func setOption(key, option, value int) (errno int)`, with the options of `socket.mgo`.
fn set_option(socket: &Descriptor, call: &Call<'_>) -> Result<(), Errno> {
    let value = call.int(2);
    let seconds = Duration::from_secs(value.max(0) as u64);
    match call.int(1) {
        1 => sockopt::set_socket_reuseaddr(socket, value != 0),
        2 => sockopt::set_tcp_nodelay(socket, value != 0),
        3 => sockopt::set_socket_keepalive(socket, value != 0),
        4 => sockopt::set_tcp_keepidle(socket, seconds),
        5 => sockopt::set_tcp_keepintvl(socket, seconds),
        6 => sockopt::set_tcp_keepcnt(socket, value as u32),
        7 => sockopt::set_socket_linger(socket, (value >= 0).then_some(seconds)),
        8 => sockopt::set_socket_recv_buffer_size(socket, value.max(0) as usize),
        9 => sockopt::set_socket_send_buffer_size(socket, value.max(0) as usize),
        10 => sockopt::set_ipv6_v6only(socket, value != 0),
        11 => sockopt::set_socket_broadcast(socket, value != 0),
        _ => Err(Errno::NOPROTOOPT),
    }
}

/// `func resolveHost(name string) (addresses []string)`: 4 or 16 bytes each, as the system's resolver orders them.
fn resolve_host(call: &mut Call<'_>) -> Outcome {
    if let Err(outcome) = call.require(Capability::Network) {
        return outcome;
    }
    let name = String::from_utf8_lossy(call.str(0)).into_owned();
    let found = call.block(|| (name.as_str(), 0).to_socket_addrs());
    let mut addresses: Vec<Vec<u8>> = Vec::new();
    for address in found.into_iter().flatten() {
        let bytes = match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        if !addresses.contains(&bytes) {
            addresses.push(bytes);
        }
    }
    let strs: Vec<_> = addresses.iter().map(|bytes| call.new_str(bytes)).collect();
    call.set_strs(0, &strs);
    Outcome::Done
}
