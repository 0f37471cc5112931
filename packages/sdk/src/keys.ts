import type {
  CreatedKeyResource,
  createKeyBody,
  KeyDetailResource,
  KeyResource,
  Page,
  updateKeyBody,
} from "@drc/contracts";
import type { z } from "zod";
import type { PageOptions, RequestOptions, Transport } from "./transport.ts";

export type NewKey = z.input<typeof createKeyBody>;
export type KeyChanges = z.input<typeof updateKeyBody>;

/** API keys. All but `own` need the scope `admin`. */
export class Keys {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** The only answer with the key itself, which is null where the first answer was lost on its way: then make another. */
  create(body: NewKey, options?: RequestOptions): Promise<CreatedKeyResource> {
    return this.transport.post("/v1/keys", { ...options, json: body, creates: true });
  }

  /** From new to old. */
  list(options?: RequestOptions): AsyncGenerator<KeyResource> {
    return this.transport.items("/v1/keys", {}, options);
  }

  /** One page of the list. */
  page(options?: PageOptions): Promise<Page<KeyResource>> {
    return this.transport.page("/v1/keys", {}, options);
  }

  get(id: string, options?: RequestOptions): Promise<KeyDetailResource> {
    return this.transport.get(`/v1/keys/${encodeURIComponent(id)}`, options);
  }

  change(id: string, changes: KeyChanges, options?: RequestOptions): Promise<KeyDetailResource> {
    return this.transport.patch(`/v1/keys/${encodeURIComponent(id)}`, { ...options, json: changes });
  }

  revoke(id: string, options?: RequestOptions): Promise<KeyDetailResource> {
    return this.transport.delete(`/v1/keys/${encodeURIComponent(id)}`, options);
  }

  /** The key that this client has. */
  own(options?: RequestOptions): Promise<KeyDetailResource> {
    return this.transport.get("/v1/whoami", options);
  }
}
