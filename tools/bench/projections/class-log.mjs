/** Events as a class makes them, in the stored form: for each what it is, in which stream, by whom. Repeatable by its seed. */

/** Of a thousand: edits, runs that are asked for (each makes some eight events), and the rest. */
const MIX = { edit: 900, run: 10, fileOperation: 8, input: 4, refusal: 1, signIn: 1 };

const ERRORS = ['', '', 'NameError', 'NameError', 'TypeError', 'SyntaxError', 'IndexError'];

export class ClassLog {
  #seed;
  #domain;
  #open = [];

  /** `people` with a course, a workspace and a file each. */
  constructor(domain, people, seed = 1) {
    this.#domain = domain;
    this.#seed = seed;
    this.course = this.#id();
    this.people = Array.from({ length: people }, () => ({
      id: this.#id(),
      workspace: this.#id(),
      file: this.#id(),
      session: this.#id(),
    }));
  }

  /** What there is before a lesson: accounts, the course with its members, workspaces with a file. */
  *beginnings() {
    const { course } = this;
    yield this.#system(`course-${course}`, 'CourseCreated', { id: course, title: 'Python' });
    for (const [n, { id, workspace, file }] of this.people.entries()) {
      const name = `student-${id.slice(0, 8)}-${n}`;
      yield this.#system(`user-${id}`, 'UserRegistered', { id, username: name, displayName: name, role: 'student' });
      yield this.#system(`course-${course}`, 'MemberEnrolled', { user: id, role: 'student' });
      const opened = { id: workspace, kind: 'personal', course, owner: id, name: 'Mine' };
      yield this.#system(`workspace-${workspace}`, 'WorkspaceOpened', opened);
      yield this.#system(`workspace-${workspace}`, 'FileCreated', { file, path: 'main.py' });
    }
  }

  /** The next events, together as they would be appended: all in one stream. */
  next() {
    const person = this.people[this.#below(this.people.length)];
    let at = this.#below(1000);
    if (this.#open.length > 0 && at < 60) return this.#goOn();
    for (const [kind, share] of Object.entries(MIX)) if ((at -= share) < 0) return [].concat(this[`_${kind}`](person));
    return [this._edit(person)];
  }

  /** Runs from their request to their end, without their output: `count` times five events or so. */
  *runs(count) {
    for (let n = 0; n < count; n++) {
      const person = this.people[n % this.people.length];
      yield* this._run(person);
      while (this.#open.length > 0) yield* this.#goOn().filter(({ type }) => type !== 'OutputEmitted');
    }
  }

  /** What happens to the files of workspaces: `count` events. */
  *files(count) {
    for (let n = 0; n < count;) {
      const { id, workspace } = this.people[n % this.people.length];
      const file = this.#id();
      const steps = [
        ['FileCreated', { file, path: `made-${n}.py` }],
        ['FileMoved', { file, from: `made-${n}.py`, to: `moved-${n}.py` }],
        ['FileDeleted', { file, path: `moved-${n}.py` }],
        ['FileRestored', { file, path: `moved-${n}.py` }],
      ];
      for (const [type, data] of steps.slice(0, 1 + this.#below(4))) {
        yield this.#by(id, `workspace-${workspace}`, type, data, { workspace });
        n += 1;
      }
    }
  }

  _edit({ id, workspace, file }) {
    const text = 'abcdefgh'.slice(0, 1 + this.#below(3));
    // Yjs: one struct of one client at the beginning of the text, with nothing deleted.
    const update = [1, 1, 5, 0, 4, 1, 4, 116, 101, 120, 116, text.length, ...Buffer.from(text), 0];
    const edits = [{ ms: 0, origin: 'live', update: Uint8Array.from(update) }];
    const { course } = this;
    return {
      ...{ stream: `file-${file}`, id: this.#id(), type: this.#domain.FILE_EDITED, contentType: 'binary' },
      data: this.#domain.encodeFileEdited({ startedAt: 1_790_000_000_000, edits }),
      metadata: this.#domain.toJsonBytes({
        ...{ v: 1, actor: { id, role: 'student', via: 'websocket' }, course, workspace, file, address: '127.0.0.1' },
      }),
    };
  }

  _run({ id, workspace, file }) {
    const run = this.#id();
    const { course } = this;
    const files = [{ file, path: 'main.py', revision: '3' }];
    const asked = {
      id: run,
      workspace,
      course,
      by: id,
      mode: 'script',
      entry: 'main.py',
      files,
      columns: 80,
      rows: 24,
    };
    this.#open.push({ run, id, workspace, step: 0 });
    return [this.#by(id, `run-${run}`, 'RunRequested', asked, { workspace })];
  }

  #goOn() {
    const open = this.#open.shift();
    const { run, workspace } = open;
    const tell = (type, data) => this.#system(`run-${run}`, type, data, { course: this.course, workspace });
    const output = (n) => tell('OutputEmitted', { chunks: [[n, `line ${n}\n`]] });
    if (open.step === 0) {
      this.#open.push({ ...open, step: 1 });
      return [tell('RunStarted', { executor: 'e', attempt: 'a', sandbox: 'full', startedAt: 1 }), output(1), output(2)];
    }
    const exception = ERRORS[this.#below(ERRORS.length)];
    const script = exception === '' ? { kind: 'completed' } : { kind: 'raised', exception };
    const raised = { ms: 3, exception, message: 'm', path: 'main.py', line: 1, explanation: null, traceback: 't' };
    return [
      ...(exception === '' ? [] : [tell('ErrorRaised', raised)]),
      tell('ReplEntered', { ms: 4, script }),
      output(5),
      tell('RunFinished', { outcome: { kind: 'exited', code: 0 }, usage: { wallMs: 9, cpuMs: 8, outputBytes: 7 } }),
    ];
  }

  _fileOperation({ id, workspace }) {
    const file = this.#id();
    return this.#by(id, `workspace-${workspace}`, 'FileCreated', { file, path: `${file}.py` }, { workspace });
  }

  _input({ id, workspace }) {
    const { run } = this.#open[0] ?? { run: this.#id() };
    return this.#by(id, `run-${run}`, 'InputProvided', { by: id, text: 'x\r' }, { workspace });
  }

  _refusal({ id }) {
    return this.#by(id, `audit-of-${this.course}`, 'LimitReached', {
      limit: 'runs-a-minute',
      most: 10,
      waitSeconds: 5,
    });
  }

  _signIn({ id, session }) {
    return this.#by(id, `session-${session}`, 'SignedIn', { user: id, userAgent: 'Firefox' });
  }

  #by(id, stream, type, data, more = {}) {
    const actor = { id, role: 'student', via: 'web' };
    return this.#event(stream, type, data, { actor, course: this.course, address: '127.0.0.1', ...more });
  }

  #system(stream, type, data, more = {}) {
    return this.#event(stream, type, data, { actor: { id: 'system', role: 'system', via: 'executor' }, ...more });
  }

  #event(stream, type, data, metadata) {
    return { stream, id: this.#id(), ...this.#domain.encodeEvent({ type, data }, metadata) };
  }

  /** Multiplicative congruence: enough to vary, and the same each time. */
  #below(most) {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed % most;
  }

  #id() {
    const hex = () => this.#below(0x10000).toString(16).padStart(4, '0');
    return `${hex()}${hex()}-${hex()}-4${hex().slice(1)}-8${hex().slice(1)}-${hex()}${hex()}${hex()}`;
  }
}
