//! Floor 2: who hears about drift, in words a person understands.
//!
//! The attacks: a server whose tool names carry markup, links or control characters into a desktop
//! that renders them, or that are long enough to push the warning off the screen; and a failure to
//! notify that reads like "nothing to say". A [`Message`] is safe by construction, and every
//! failure is an error.
//!
//! A notification is a pointer, never the review: it names the server, the worst finding and the
//! command that shows the rest.

mod alert;
pub mod deliver;
pub mod desktop;
mod message;
pub mod payload;

pub use alert::{Alert, AlertKind, Item, Seen};
pub use desktop::{DesktopBus, NotifyError};
pub use message::{Message, Urgency, message};
