/** A person's requests to the api, repeated until they are answered. */

/** Milliseconds. */
const ANSWER_TIMEOUT = 10_000;
const RETRY_PAUSE = 50;

const SIGN_IN_TRIES = 100;

export class ApiClient {
  #address;
  #token;
  #ledger;

  /** Signs in, as soon as the new installation's lists hold its accounts. */
  static async signIn(address, { username, password }, ledger) {
    const anonymous = new ApiClient(address, '', ledger);
    for (let tries = 0; ; tries++) {
      const { status, body } = await anonymous.request('POST', 'auth/sign-in', { username, password });
      if (status === 200) return new ApiClient(address, body.accessToken, ledger);
      if (tries === SIGN_IN_TRIES) throw new Error(`${username} cannot sign in: ${status}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
    }
  }

  constructor(address, token, ledger) {
    this.#address = address;
    this.#token = token;
    this.#ledger = ledger;
  }

  get token() {
    return this.#token;
  }

  /** Id of a workspace that this person may write to. */
  async workspace() {
    const { body: courses } = await this.request('GET', 'courses');
    const found = courses.flatMap(({ workspaces }) => workspaces).find(({ access }) => access === 'write');
    if (!found) throw new Error('There is no workspace to write to.');
    return found.id;
  }

  /**
   * The first answer that decides: success, or a refusal of what was asked. `repeated` says that an attempt before got none,
   * so that the request may have been carried out already.
   */
  async request(method, path, body) {
    for (let repeated = false; ; repeated = true) {
      const answer = await this.#attempt(method, path, body);
      if (answer) return { ...answer, repeated };
      this.#ledger.unanswered++;
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
    }
  }

  /** Undefined for no answer, and for those that say that it was the server's fault. */
  async #attempt(method, path, body) {
    try {
      const answer = await fetch(`${this.#address}/api/${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT),
      });
      if (answer.status >= 500) return undefined;
      return { status: answer.status, body: await answer.json() };
    } catch {
      return undefined;
    }
  }
}
