//! Whether the file can be read to its end.

use super::{History, HistoryError};

impl History {
    /// Has `SQLite` look at every page.
    ///
    /// # Errors
    /// Something of it is damaged, or it cannot be read.
    pub fn sound(&self) -> Result<(), HistoryError> {
        let said: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", (), |row| row.get(0))
            .map_err(|error| self.error(error))?;
        if said == "ok" { Ok(()) } else { Err(self.bad_row("a page")) }
    }
}
