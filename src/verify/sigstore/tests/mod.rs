//! The folder's tests: real bundles, the conformance suite, forgeries.

// Said again for each: those that read published data may, because nothing here ships.
#[cfg(test)]
mod bundles;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod form;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod real;
#[cfg(test)]
mod roots;
