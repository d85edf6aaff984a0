//! Commands that ask and open.

use super::{Command, ENDS, EVERYWHERE, Finds, LISTS, OBJECTS, always};
use crate::ask::reaches::Way;
use crate::tui::{choices, go, grants, open};

/// The rows.
pub(super) const ALL: &[Command] = &[
    Command {
        keys: &["t"],
        name: "trace",
        help: "trace a connection: first its source, then its destination; two marked rows at once",
        places: ENDS,
        refuses: open::no_end,
        run: open::trace,
        finds: Finds::ByName,
    },
    Command {
        keys: &["o"],
        name: "port",
        help: "choose the port of the trace",
        places: EVERYWHERE,
        refuses: open::no_trace,
        run: choices::ports,
        finds: Finds::ByName,
    },
    Command {
        keys: &["T"],
        name: "swap",
        help: "swap source and destination of the trace",
        places: EVERYWHERE,
        refuses: open::no_trace,
        run: open::swap,
        finds: Finds::ByName,
    },
    Command {
        keys: &["r"],
        name: "reach",
        help: "what the selected subject, pod, node or namespace can come to reach: in steps, and by the network",
        places: ENDS,
        refuses: open::no_reach,
        run: |app| open::reach(app, Way::From),
        finds: Finds::ByName,
    },
    Command {
        keys: &["w"],
        name: "who",
        help: "who can come to reach it, in steps and by the network; on a permission: who else can",
        places: ENDS,
        refuses: open::no_who,
        run: |app| open::reach(app, Way::To),
        finds: Finds::ByName,
    },
    Command {
        keys: &["a"],
        name: "access",
        help: "what the selected subject may do: its permissions",
        places: ENDS,
        refuses: open::no_subject,
        run: open::permissions,
        finds: Finds::ByName,
    },
    always(
        &["x"],
        "matrix",
        "which namespace may connect to which; in the pane of subjects: who may do what",
        EVERYWHERE,
        open::matrix,
    ),
    always(
        &["i"],
        "see as",
        "see with a user and groups that you type: their permissions, and marks on who may touch what",
        EVERYWHERE,
        grants::start_acting,
    ),
    always(&["d"], "explain", "go to the explanation of the selected object", LISTS, open::explain),
    Command {
        keys: &["y"],
        name: "yaml",
        help: "the whole object as YAML, at the place in question",
        places: OBJECTS,
        refuses: open::no_object,
        run: open::yaml,
        finds: Finds::ByName,
    },
    always(
        &["Enter"],
        "open",
        "open what is selected: a namespace's pods, a pod's policies, what a subject may do, a line's grants or object",
        EVERYWHERE,
        open::enter,
    ),
    always(
        &["/"],
        "filter",
        "show only rows with a word in a column: word, !word, ~letters, -l label=value, column=value; of permissions: verb=get resource=secrets danger",
        EVERYWHERE,
        go::start_filter,
    ),
    always(&[":"], "palette", "run any command by its name, with arguments", EVERYWHERE, choices::palette),
    always(&["?"], "help", "all keys and what they do here; Enter runs one", EVERYWHERE, choices::help),
];
