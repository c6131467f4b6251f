import { describe, expect, it } from '@jest/globals';
import { fromJsonBytes, toJsonBytes } from './bytes.js';
import { encodeEvent, readEvent } from './recorded.js';
import { currentVersion, UPCASTERS, type DomainEvent, type EventType } from './upcasters.js';

const ID = '6b9f9f0e-6f0f-4b5f-8f0e-3f3f3f3f3f3f';
const HASH = '0f'.repeat(32);
const METADATA = `{"v":1,"actor":{"id":"${ID}","role":"student","via":"web"},"course":"${ID}","clientTime":1700000000123}`;

/**
 * Frozen: what old logs hold, byte by byte (FileEdited is binary and has its own in file.spec.ts). An entry never changes; a new schema version is a new entry, and the old one then
 * has to read as the current shape. [type, version, stored data]
 */
const GOLDEN: readonly (readonly [type: string, version: number, data: string])[] = [
  ['UserRegistered', 1, `{"id":"${ID}","username":"ada","displayName":"Ada Lövelace 👩","role":"student"}`],
  ['UserRoleChanged', 1, '{"role":"professor","was":"student"}'],
  ['UserRenamed', 1, '{"displayName":"Ada King","was":"Ada"}'],
  ['UserDeactivated', 1, '{"reason":"left"}'],
  ['UserReactivated', 1, '{}'],
  ['EmailChanged', 1, '{}'],
  ['IdentityLinked', 1, '{"issuer":"https://id.example","by":"email"}'],
  ['PasswordChanged', 1, '{"by":"administrator"}'],
  ['SignedIn', 1, `{"user":"${ID}","userAgent":"Mozilla/5.0"}`],
  ['SignInRefused', 1, '{"username":"ada","reason":"wrong-password"}'],
  ['SignedOut', 1, `{"user":"${ID}"}`],
  ['SessionExpired', 1, `{"user":"${ID}","at":1700000000123}`],
  ['SessionRevoked', 1, `{"user":"${ID}","because":"self"}`],
  ['ConnectionOpened', 1, `{"connection":"${ID}","workspace":"${ID}","file":"${ID}","path":"main.py"}`],
  [
    'ConnectionClosed',
    1,
    `{"connection":"${ID}","workspace":"${ID}","file":"${ID}","path":"main.py","reason":"lost","at":1700000000123}`,
  ],
  ['CourseCreated', 1, `{"id":"${ID}","title":"Python"}`],
  ['MemberEnrolled', 1, `{"user":"${ID}","role":"student"}`],
  ['MemberRemoved', 1, `{"user":"${ID}"}`],
  ['SectionAdded', 1, '{"name":"Assignments"}'],
  ['ModuleAllowed', 1, '{"module":"subprocess"}'],
  ['ModuleRefused', 1, '{"module":"os.system"}'],
  [
    'ItemPublished',
    1,
    `{"id":"${ID}","course":"${ID}","section":"Tests","kind":"test","title":"Loops","material":"${ID}","groups":false,"times":{"releaseAt":1700000000000,"startAt":1700000100000,"endAt":1700000200000,"dueAt":null,"closesAfterDue":false}}`,
  ],
  [
    'ItemChanged',
    1,
    '{"section":"Tests","title":"Loops","times":{"releaseAt":null,"startAt":1,"endAt":2,"dueAt":null,"closesAfterDue":false}}',
  ],
  ['ItemWithdrawn', 1, '{}'],
  ['ExtensionGranted', 1, `{"student":"${ID}","until":1700000300000}`],
  ['ExtensionWithdrawn', 1, `{"student":"${ID}"}`],
  ['GroupFormed', 1, `{"group":"${ID}","name":"Red","members":["${ID}"]}`],
  ['GroupChanged', 1, `{"group":"${ID}","name":"Red","members":[]}`],
  [
    'WorkspaceCopied',
    1,
    `{"from":"${ID}","revision":"7","item":"${ID}","files":[{"file":"${ID}","from":"${ID}","revision":"3"},{"file":"${ID}","from":"${ID}","revision":null}]}`,
  ],
  [
    'WorkHandedIn',
    1,
    `{"item":"${ID}","by":"${ID}","at":1700000000123,"late":true,"deadline":1700000000000,"digest":"${HASH}","files":[{"file":"${ID}","path":"main.py","kind":"text","revision":"7","sha256":"${HASH}","size":12}]}`,
  ],
  ['InvitationCreated', 1, `{"invitation":"${ID}","role":"student","expiresAt":1700000000123,"mostUses":30}`],
  ['InvitationUsed', 1, `{"invitation":"${ID}","user":"${ID}"}`],
  ['InvitationRevoked', 1, `{"invitation":"${ID}"}`],
  ['WorkspaceOpened', 1, `{"id":"${ID}","kind":"personal","course":"${ID}","owner":"${ID}","name":"Ada’s workspace"}`],
  ['FileCreated', 1, `{"file":"${ID}","path":"lib/a.py"}`],
  ['ContentStored', 1, `{"sha256":"${HASH}","size":1234,"mediaType":"image/png"}`],
  ['FileMoved', 1, `{"file":"${ID}","from":"a.py","to":"b.py"}`],
  ['FileDeleted', 1, `{"file":"${ID}","path":"b.py"}`],
  ['FileRestored', 1, `{"file":"${ID}","path":"b.py"}`],
  [
    'RunRequested',
    1,
    `{"id":"${ID}","workspace":"${ID}","course":"${ID}","by":"${ID}","mode":"script","entry":"main.py","files":[{"file":"${ID}","path":"main.py","revision":"7"},{"file":"${ID}","path":"new.py","revision":null}],"columns":80,"rows":24}`,
  ],
  ['RunStarted', 1, '{"executor":"executor-1","attempt":"a1","sandbox":"full","startedAt":1700000000123}'],
  ['OutputEmitted', 1, '{"chunks":[[0,"Name? "],[12,"\\u0000\\u001b[31mred"]]}'],
  ['InputProvided', 1, `{"by":"${ID}","text":"Ada\\n"}`],
  ['TerminalResized', 1, '{"columns":120,"rows":40}'],
  ['ReplEntered', 1, '{"ms":812,"script":{"kind":"raised","exception":"ValueError"}}'],
  [
    'ErrorRaised',
    1,
    '{"ms":31,"exception":"NameError","message":"name \'pint\' is not defined","path":"main.py","line":3,"explanation":{"id":"name-typo","text":"There is no \\"pint\\". Did you mean \\"print\\"?"},"traceback":"Traceback (most recent call last):\\n"}',
  ],
  [
    'FigureProduced',
    1,
    `{"ms":812,"sha256":"${'0f'.repeat(32)}","mediaType":"image/png","bytes":17000,"width":640,"height":480}`,
  ],
  ['RunCancelled', 1, `{"by":"${ID}"}`],
  [
    'FilesCollected',
    1,
    `{"ms":812,"batch":0,"files":[{"path":"b.txt","change":"moved","from":"a.txt"},{"path":"plot.png","change":"created","content":{"kind":"binary","sha256":"${HASH}","size":1234,"mediaType":"image/png"}}],"notKept":[{"path":"a\ufffd","reason":"name","detail":"A name has no backslash."},{"path":"l","reason":"link"}],"more":3}`,
  ],
  [
    'FileProduced',
    1,
    `{"ms":900,"batch":0,"path":"out.txt","change":"changed","file":"${ID}","kind":"text","size":12,"keptAs":"out-2.txt","base":"7","revision":"9"}`,
  ],
  ['FolderCreated', 1, '{"path":"data"}'],
  ['FolderMoved', 1, '{"from":"data","to":"old/data"}'],
  ['FolderDeleted', 1, `{"path":"data","deletion":"${ID}","folders":["data","data/empty"]}`],
  ['FolderRestored', 1, `{"path":"data","deletion":"${ID}","folders":["data","data/empty"]}`],
  ['FilesNotKept', 1, '{"ms":900,"batch":0,"files":[{"path":"old.txt","reason":"edited"}]}'],
  [
    'RunFinished',
    1,
    '{"outcome":{"kind":"timed-out","limit":"cpu","seconds":30},"usage":{"wallMs":31000,"cpuMs":30000,"outputBytes":17,"peakMemoryBytes":9000000}}',
  ],
  ['ExecutorStarted', 1, '{"places":16,"sandbox":"no-cgroup","reason":"start as root"}'],
  ['ExecutorStopped', 1, '{}'],
  ['IntakePaused', 1, '{"short":"memory","measured":120,"threshold":256}'],
  ['IntakeResumed', 1, '{"pausedMs":8200}'],
  ['CleanupDone', 1, '{"processes":1,"groups":2,"folders":3,"runs":1}'],
  ['HistoryViewed', 1, `{"file":"${ID}","path":"main.py"}`],
  ['WorkspaceViewed', 1, `{"workspace":"${ID}","name":"Ada’s workspace"}`],
  ['MetricsViewed', 1, `{"course":"${ID}","person":"${ID}"}`],
  ['ActivityViewed', 1, `{"person":"${ID}","name":"Ada"}`],
  ['LogQueried', 1, '{"query":{"actor":"ada"},"rows":17}'],
  ['ExportStarted', 1, `{"export":"${ID}","format":"csv","object":"audit log","query":{"query":"actor:ada"}}`],
  ['ExportFinished', 1, `{"export":"${ID}","rows":17,"bytes":4096,"sha256":"${'ab'.repeat(32)}"}`],
  ['AccessRefused', 1, '{"what":"read the audit log","object":"event log"}'],
  ['LimitReached', 1, '{"limit":"messages-a-minute","most":300,"waitSeconds":5}'],
  [
    'CheckpointSigned',
    1,
    String.raw`{"size":7,"root":"${'q'.repeat(43)}=","note":"school\n7\n${'q'.repeat(43)}=\n\n— school c2ln\n","keys":["school+0a1b2c3d+AQ=="]}`,
  ],
];

/** Text that is JSON without spaces, as bytes. */
const bytes = (text: string) => toJsonBytes(JSON.parse(text));
const textOf = (stored: Uint8Array) => JSON.stringify(fromJsonBytes(stored));

describe('events as old logs hold them', () => {
  it.each(GOLDEN)('%s, version %s, is read', (type, version, data) => {
    const metadata = bytes(METADATA.replace('"v":1', `"v":${version}`));
    const event = readEvent({ type, data: bytes(data), metadata });
    expect(event.type).toBe(type);
    if (version < currentVersion(event.type)) return; // its shape is that of a later entry now
    expect(event.data).toEqual(JSON.parse(data));
    const encoded = encodeEvent(event as DomainEvent, JSON.parse(METADATA.replace('"v":1,', '')) as never);
    expect(textOf(encoded.data)).toBe(data);
    expect(textOf(encoded.metadata)).toBe(METADATA.replace('"v":1', `"v":${version}`));
  });

  it('there is one of every type and version', () => {
    const wanted = (Object.keys(UPCASTERS) as EventType[]).flatMap((type) =>
      Array.from({ length: currentVersion(type) }, (_, n) => `${type} ${n + 1}`),
    );
    expect(GOLDEN.map(([type, version]) => `${type} ${version}`).sort()).toEqual(wanted.sort());
  });
});
