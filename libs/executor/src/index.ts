/**
 * The executor's parts that other rooms may use. The executor itself is a process, `main.js`; the api needs only to know how
 * well its sandbox protects.
 */
/** The limits of one run, and what they are unless configured otherwise. Bytes, seconds, counts. */
export { DEFAULT_LIMITS, type RunLimits } from './sandbox/limits.js';
/** Makes the control group below which runs get theirs; null where this user or machine has none. */
export { prepareCgroups, type CgroupParent, type RunCgroup } from './sandbox/cgroup.js';
/** Writes what every sandbox shares to a folder. Throws on a machine for which there is no system call filter. */
export { prepareSandbox, type Identity, type Sandbox, type SandboxOptions } from './sandbox/sandbox.js';
/** Tries the sandbox with a real program. At level `none` nothing may be run; `reason` says what to do. Never rejects. */
export { selfTest, type SelfTestResult } from './sandbox/self-test.js';
/** One program on one terminal, from its first process to its last. */
export { RunSession, type SessionEnd, type SessionOptions } from './sandbox/run-session.js';
/** A sandbox that waits for its orders; a session begins by giving them. */
export { StartedSandbox, type Orders, type SandboxStart } from './sandbox/started-sandbox.js';
/** Sandboxes that were started before anybody asked for one. */
export { SandboxPool, type PoolOptions } from './sandbox/sandbox-pool.js';
