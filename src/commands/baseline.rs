//! `kreach baseline`: what is to be kept is read first, then the cluster and what its manifests declare.

use crate::args::Args;
use crate::ask::Fault;
use crate::ask::question::declared;
use crate::cli::baseline::{Asking, BaselineArgs};
use crate::cli::{Color, Exit};

use super::{check, load};

/// Works out the policies and prints them.
pub(super) fn write(args: &Args, asked: &BaselineArgs, color: Color) -> Result<Exit, Fault> {
    super::stdin_once(args, asked.keep.iter().any(|it| it == "-").then_some("--keep -"))?;
    let here = load::context(args, color).here;
    let mut keep = check::expectations(&asked.keep, &here)?;
    let flows = declared::flows(&asked.keep_flow, &here)?;
    keep.0.extend(flows.0);
    let connection = &args.connection;
    let (namespace, all_namespaces) = (connection.namespace.as_deref(), connection.all_namespaces);
    let asking = Asking { args: asked, keep, namespace, all_namespaces };
    super::answer(args, &asking, color)
}
