import type { SessionResource } from "@drc/contracts";
import type { RequestOptions, Transport } from "./transport.ts";

/** A browser's session, which the server keeps in a cookie: a page that has signed in needs no key any more. */
export class Session {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  signIn(key: string, options?: RequestOptions): Promise<SessionResource> {
    return this.entered(this.transport.post("/v1/session", { ...options, json: { key } }));
  }

  /** The session that the browser has; throws a `ProblemError` of status 401 or 404 where it has none. */
  get(options?: RequestOptions): Promise<SessionResource> {
    return this.entered(this.transport.get("/v1/session", options));
  }

  async signOut(options: RequestOptions = {}): Promise<void> {
    await this.transport.send("DELETE", "/v1/session", options);
    this.transport.csrfToken = undefined;
  }

  private async entered(answer: Promise<SessionResource>): Promise<SessionResource> {
    const session = await answer;
    this.transport.csrfToken = session.csrfToken;
    return session;
  }
}
