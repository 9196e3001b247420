//! The engine: route tables, route sets and matching.

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod reloading;
#[cfg(test)]
#[cfg(feature = "miette")]
mod reports;
#[cfg(test)]
#[cfg(feature = "count-steps")]
mod steps;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod threads;
#[cfg(test)]
#[cfg(feature = "tracing")]
mod tracing;
#[cfg(test)]
mod workloads;
