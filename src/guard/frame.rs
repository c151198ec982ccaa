//! A frame as the guard sees it: what kind of message it is, without reading what it carries.
//!
//! The attack: a frame that the guard and the client read differently. So the whole frame must be
//! JSON, no member that the guard looks at may stand twice, and what does not fit is refused.
