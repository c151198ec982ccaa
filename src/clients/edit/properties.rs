//! Generated files: whatever is written around an entry and inside it, a change and its way back give
//! the same bytes.
