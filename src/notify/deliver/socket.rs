//! Syslog and the journal: sockets.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, UnixDatagram};

use super::DeliverError;
use crate::manifest::alerts::SyslogAddress;
use crate::notify::payload::syslog::counted;

/// How long a refusal of a datagram takes to come back, where one does.
const REFUSAL: Duration = Duration::from_millis(100);
/// How long a server has to close a connection after it has read everything.
const CLOSE: Duration = Duration::from_secs(1);

/// One datagram to a socket of this machine.
pub(super) async fn datagram(path: &Path, bytes: &[u8]) -> Result<(), DeliverError> {
    let send = async {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        whole(socket.send(bytes).await?, bytes)
    };
    send.await.map_err(|source| DeliverError::Socket {
        to: path.display().to_string(),
        source,
    })
}

/// A message to a syslog server.
pub(super) async fn syslog(address: &SyslogAddress, message: &[u8]) -> Result<(), DeliverError> {
    let sent = match address {
        SyslogAddress::Unix(path) => return datagram(path, message).await,
        SyslogAddress::Udp(host) => udp(host, message).await,
        SyslogAddress::Tcp(host) => tcp(host, &counted(message)).await,
    };
    sent.map_err(|source| DeliverError::Socket {
        to: address.to_string(),
        source,
    })
}

async fn udp(host: &str, message: &[u8]) -> io::Result<()> {
    let mut last = io::Error::other("the name has no address");
    for address in tokio::net::lookup_host(host).await? {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).await?;
        let sent = async {
            socket.connect(address).await?;
            whole(socket.send(message).await?, message)
        };
        if let Err(error) = sent.await {
            last = error;
            continue;
        }
        // Nobody answers a datagram, but a machine without a listener refuses it.
        return match tokio::time::timeout(REFUSAL, socket.recv(&mut [0])).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Ok(()),
        };
    }
    Err(last)
}

async fn tcp(host: &str, frame: &[u8]) -> io::Result<()> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(frame).await?;
    stream.shutdown().await?;
    // There is no answer in this protocol. A server that read everything closes, one that fell over
    // resets; one that stays silent has the bytes in its system at least.
    match tokio::time::timeout(CLOSE, stream.read(&mut [0])).await {
        Ok(Err(error)) => Err(error),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

fn whole(sent: usize, bytes: &[u8]) -> io::Result<()> {
    if sent == bytes.len() {
        Ok(())
    } else {
        Err(io::Error::other("only a part of it was taken"))
    }
}
