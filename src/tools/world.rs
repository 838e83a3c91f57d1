//! What lives as long as the process: configuration, sessions, figures, and the tools on offer.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::cost::Cache;
use super::kept::Kept;
use super::operations::READS_ON;
use super::{Tool, schema, select};
use crate::accounts::Sessions;
use crate::config::{Access, Config, Resolved};
use crate::error::Error;
use crate::gate::{Catalog, DigestKey, Gate};

/// One per process.
pub struct World {
    pub config: Config,
    pub sessions: Sessions,
    pub gate: Arc<Gate>,
    /// Which models of AWS's services count.
    pub catalog: Catalog,
    /// What Cost Explorer said.
    pub(super) costs: Cache,
    /// Results that did not fit into an answer, where the tool that reads on in them is on offer.
    pub(super) kept: Option<Kept>,
    /// Why no call runs, where the configuration is broken.
    pub problem: Option<Error>,
    tools: Vec<&'static Tool>,
    /// Selected, but not offered: what the server was started with rules them out.
    ruled_out: Vec<&'static Tool>,
    schemas: OnceLock<HashMap<&'static str, Schemas>>,
    /// Calls at once; the rest wait their turn.
    pub slots: Semaphore,
}

const MOST_CALLS: usize = 100;

/// A tool's two schemas, and what is told from them, made once.
pub struct Schemas {
    pub input: Map<String, Value>,
    pub output: Map<String, Value>,
    /// The arguments that are times.
    pub times: Vec<String>,
}

impl World {
    /// Nothing is sent here, and nothing read but policies and synced models: a server must be ready to
    /// answer soon.
    pub fn new(resolved: Resolved) -> Self {
        let Resolved { config, mut problem, environment } = resolved;
        let mut key = [0; 32];
        if SystemRandom::new().fill(&mut key).is_err() {
            problem.get_or_insert(Error::internal("the system gives no random numbers."));
        }
        // Before anything looks an operation up.
        let catalog = Catalog::decide(config.models.folder.as_deref());
        let gate = Arc::new(Gate::new(&config, &environment, DigestKey::new(key)));
        let access = gate.access();
        let tools = select(&config.selection, access).unwrap_or_else(|error| {
            problem.get_or_insert(error);
            // Listed all the same: a call must be able to tell what is wrong.
            select(&Default::default(), access).unwrap_or_default()
        });
        let selected = select(&config.selection, Access::AsPolicySays).unwrap_or_default();
        let offered = |tool: &&Tool| tools.iter().any(|offered| offered.name == tool.name);
        let ruled_out = selected.into_iter().filter(|tool| !offered(tool)).collect();
        Self {
            sessions: Sessions::new(config.aws.clone(), config.clock, gate.doors()),
            gate,
            catalog,
            costs: Cache::default(),
            kept: tools
                .iter()
                .any(|tool| tool.name == READS_ON)
                .then(|| Kept::new(config.state_dir.clone())),
            problem,
            tools,
            ruled_out,
            schemas: OnceLock::new(),
            slots: Semaphore::new(MOST_CALLS),
            config,
        }
    }

    /// Starts to copy the audit log where policy wants it. Once; and not with a broken configuration.
    pub fn copy_audit(self: &Arc<Self>) {
        if self.problem.is_some() {
            return;
        }
        let world = self.clone();
        self.gate.copy_audit(move || world.sessions.configured());
    }

    /// The tools on offer, in their order.
    pub fn tools(&self) -> &[&'static Tool] {
        &self.tools
    }

    /// A tool by its name: one on offer, or one that the mode rules out, so that the gate can say so.
    pub fn find(&self, name: &str) -> Option<&'static Tool> {
        self.tools.iter().chain(&self.ruled_out).copied().find(|tool| tool.name == name)
    }

    /// A tool's schemas.
    pub fn schemas(&self, tool: &Tool) -> Option<&Schemas> {
        self.schemas
            .get_or_init(|| {
                self.tools
                    .iter()
                    .map(|tool| {
                        let schemas = Schemas {
                            input: schema::input(tool),
                            output: schema::output(tool),
                            times: schema::times(tool),
                        };
                        (tool.name, schemas)
                    })
                    .collect()
            })
            .get(tool.name)
    }
}
