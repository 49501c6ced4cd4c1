//! A second handle on every HTTP connection, so that a fault can close it without an answer. The web framework itself has
//! no way to stay silent.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;

struct Handle(TcpStream);

/// Called for every new connection.
pub(super) fn remember(connection: &dyn Any, data: &mut Extensions) {
    if let Some(stream) = connection.downcast_ref::<tokio::net::TcpStream>()
        && let Ok(descriptor) = stream.as_fd().try_clone_to_owned()
    {
        data.insert(Handle(TcpStream::from(descriptor)));
    }
}

/// Closes the connection of this request in both directions.
pub(super) fn shut(request: &HttpRequest) {
    if let Some(Handle(stream)) = request.conn_data::<Handle>() {
        // It may be closed already, which is what is wanted.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
