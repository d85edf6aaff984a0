//! `kreach snapshot`: the facts of a cluster or of files as one YAML stream that `--from` reads back.

use std::io::{self, BufWriter, Write as _};

use crate::args::Args;
use crate::cli::{Color, Exit};
use crate::live::snapshot;

use super::load::{Wants, load};
use super::{Stop, print};

/// Reads all that answers can rest on and writes it to stdout.
pub(super) fn write(args: &Args) -> Result<Exit, Stop> {
    let loaded = load(args, &Wants::Everything, Color::Never)?;
    print::problems(&loaded.cluster);
    let mut out = BufWriter::new(io::stdout().lock());
    snapshot::write(&loaded.cluster, &mut out)?;
    out.flush()?;
    Ok(Exit::Yes)
}
