//! mcp-pin: placeholder
pub mod model;
pub mod surface;
