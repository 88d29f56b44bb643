//! How a connection is closed by this side: the code and reason for each offence (RFC 6455, 7.4).

use std::io::ErrorKind;

use actix::prelude::*;
use actix_web::error::PayloadError;
use actix_web_actors::ws::{CloseCode, CloseReason, ProtocolError};

use super::session::Context;

/// Closes with a code and a reason.
pub(super) fn end(ctx: &mut Context, code: CloseCode, reason: &str) {
    ctx.close(Some(CloseReason { code, description: Some(reason.to_owned()) }));
    ctx.stop();
}

/// The code and reason for a client that breaks the protocol (RFC 6455, 7.4.1).
pub(super) fn offence(error: &ProtocolError) -> (CloseCode, &'static str) {
    match error {
        ProtocolError::Overflow => (CloseCode::Size, "the frame is larger than hello.limits.frame"),
        // the crate wraps three things into an I/O error: reserved bits, what the inflow refuses, text that is not UTF-8
        ProtocolError::Io(error) if error.kind() == ErrorKind::InvalidData => {
            (CloseCode::Protocol, "reserved bits must be zero")
        }
        ProtocolError::Io(error) if error.to_string() == PayloadError::Overflow.to_string() => {
            (CloseCode::Size, "the frame is larger than hello.limits.frame")
        }
        ProtocolError::Io(_) => (CloseCode::Invalid, "text must be UTF-8"),
        _ => (CloseCode::Protocol, "the frame breaks RFC 6455"),
    }
}

/// A close is answered with its own code, or with 1002 when no peer may send that code (RFC 6455, 7.4).
pub(super) fn answer_to_close(reason: Option<CloseReason>) -> Option<CloseReason> {
    let code = u16::from(reason?.code);
    let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    let code = if allowed { CloseCode::from(code) } else { CloseCode::Protocol };
    Some(CloseReason { code, description: None })
}
