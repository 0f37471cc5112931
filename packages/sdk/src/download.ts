/** A file of the server, as it arrives. */
export class Download {
  readonly contentType: string;
  /** Null where the server does not say. */
  readonly sizeBytes: number | null;
  private readonly response: Response;

  constructor(response: Response) {
    this.response = response;
    this.contentType = response.headers.get("content-type") ?? "application/octet-stream";
    const length = response.headers.get("content-length");
    this.sizeBytes = length === null ? null : Number(length);
  }

  /** Its bytes, no faster than they are read. In Node `Readable.fromWeb` makes a Node stream of it. */
  get stream(): ReadableStream<Uint8Array> {
    return this.response.body as ReadableStream<Uint8Array>;
  }

  /** All of it. */
  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.response.arrayBuffer());
  }
}
