//! Results made safe to read, where the entry asks for it.
