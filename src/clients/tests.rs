//! Configuration texts of every client, as their users have them.
