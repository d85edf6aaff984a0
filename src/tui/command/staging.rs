//! Commands about what is staged, and what applies it. Only a typed confirmation writes to the cluster.

use super::{BUT_STAGE, ENDS, EVERYWHERE, Finds, STAGE, ScreenCommand, always};
use crate::tui::app::Shown;
use crate::tui::{applying, fixable, proposing, staging, what_if};

const EDITED: super::CommandPlaces = &[super::At::List, super::At::Page, super::At::Yaml, super::At::Stage];

/// The rows.
pub(super) const ALL: &[ScreenCommand] = &[
    ScreenCommand {
        keys: &["f"],
        name: "fix",
        help: "propose changes: allow what a trace denies or deny what it allows, isolate a namespace with or without what its manifests declare kept, contain a pod, revoke what a subject may do, one permission or a way",
        places: ENDS,
        refuses: fixable::nothing,
        run: fixable::propose,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["space"],
        name: "stage it",
        help: "stage the candidate of a fix under the cursor: all its changes in one step",
        places: &[super::At::Page],
        refuses: proposing::no_candidate,
        run: proposing::stage,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["K"],
        name: "keep flow",
        help: "of the flows that nothing declares: keep the one under the cursor in the baseline, or close it again; on their heading all of them",
        places: &[super::At::Page],
        refuses: proposing::no_flow,
        run: proposing::keep,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["e"],
        name: "edit",
        help: "edit the selected policy, role or binding in $KUBE_EDITOR or $EDITOR; what is saved is staged",
        places: EDITED,
        refuses: staging::not_editable,
        run: staging::edit,
        finds: Finds::ByName,
    },
    always(
        &["s"],
        "stage",
        "what is staged: changes that wait, and what stands in their way",
        BUT_STAGE,
        staging::show,
    ),
    ScreenCommand {
        keys: &["W"],
        name: "what-if",
        help: "answer for the cluster with what is staged applied, or for the cluster as it is",
        places: EVERYWHERE,
        refuses: staging::nothing,
        run: what_if::toggle,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["D"],
        name: "impact",
        help: "compare the cluster as it is with what is staged: flows and rights that differ",
        places: EVERYWHERE,
        refuses: staging::nothing,
        run: |app| {
            app.open(Shown::Impact);
            Vec::new()
        },
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["E"],
        name: "export",
        help: "export the stage to a file: manifests, a kubectl script with a dry run first, a kustomization, Markdown",
        places: EVERYWHERE,
        refuses: staging::nothing,
        run: staging::exports,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["A"],
        name: "apply",
        help: "apply what is staged: the server's dry run, the impact and the guards first, then a typed confirmation (needs --write)",
        places: EVERYWHERE,
        refuses: applying::nothing,
        run: applying::apply,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["U"],
        name: "undo applied",
        help: "take back what was applied last, in the same way (needs --write)",
        places: EVERYWHERE,
        refuses: applying::unable,
        run: applying::undo,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["d", "space"],
        name: "unstage",
        help: "take the staged change back",
        places: STAGE,
        refuses: staging::not_staged,
        run: staging::unstage,
        finds: Finds::ByName,
    },
    always(&["u", "z"], "undo", "undo the last step of staging", STAGE, staging::undo),
    always(&["ctrl-r", "Z"], "redo", "redo the step of staging that was undone", STAGE, staging::redo),
];
