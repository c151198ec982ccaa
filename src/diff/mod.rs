//! Floor 1: what differs between a pin and what was found. Facts only; `policy` judges them.
//!
//! Promise: whatever differs in the exact form is reported, once, with everything a person needs to
//! see it. The attack is a difference that is lost on the way: in a field that is not compared, in
//! a view that has no partner, or behind a comparison that gives up. Where a bound is reached, the
//! answer is a coarser difference, never none.

mod closure;
mod code;
mod evidence;
mod files;
mod guard;
mod hidden;
mod leaves;
mod refs;
mod remote;
mod surface;
mod text;

pub use closure::{diff_closures, diff_launch, diff_pins};
pub(crate) use code::USUAL;
pub use code::{Package, SourceFile, diff_code};
pub use files::{Side, diff_files};
pub use hidden::{HiddenRun, hidden_runs, newly_hidden};
pub use leaves::leaves;
pub use surface::{LessEquipped, diff_surfaces};
pub use text::{Segment, words};
