/**
 * Tamper evidence of the event log: every event is a leaf of a Merkle tree (RFC 9162), whose roots are signed as checkpoints
 * (C2SP tlog-checkpoint and signed-note, Ed25519). docs/EVIDENCE.md says what that proves and what not.
 */
export { appendLeaves } from './append-leaves.js';
export { isDue, isNews, signCheckpoint, type SigningRules } from './checkpoint-signer.js';
export { Checkpoints, type StoredCheckpoint } from './checkpoints.js';
export { type ConsistencyProof, type EventProof, EventProofs } from './event-proofs.js';
export { Evidence, type EvidenceState } from './evidence.js';
export { EvidenceSchemaTooNew, migrateEvidenceSchema } from './evidence-schema.js';
export { EvidenceTree, type TreeState } from './evidence-tree.js';
export { exportEvidence, VERIFIER_FILE } from './export-evidence.js';
export { auditLog, type Finding, type FindingKind, type LogAudit, type LogAuditOptions } from './log-audit.js';
export {
  isKeyName,
  NoteFault,
  type NoteKey,
  type NoteSigner,
  noteSigner,
  newNoteSigner,
  openNote,
  readNoteKey,
} from './signed-note.js';
