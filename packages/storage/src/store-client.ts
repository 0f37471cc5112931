import { Client } from "minio";
import { patientTransport } from "./patient-transport.ts";

export interface StoreOptions {
  /** Such as `http://127.0.0.1:9000`. */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  region: string;
  bucket: string;
  /** After so long without a byte of the store a request fails; a minute where it is left out. */
  silenceMs?: number;
}

/** Longer sources go up in parts of this size; one part at a time is held in memory. */
export const PART_BYTES = 8 * 1024 * 1024;

/** What has no hash yet lies under passing names, which begin so. */
export const INCOMING = "incoming/";

interface StoredPart {
  part: number;
  etag: string;
  size: number;
  lastModified?: Date;
}

/** The MinIO client, with the list of an upload's parts, which it keeps to itself. */
export class StoreClient extends Client {
  constructor({ endpoint, accessKey, secretKey, region, silenceMs }: Omit<StoreOptions, "bucket">) {
    const { protocol, hostname, port } = new URL(endpoint);
    super({
      endPoint: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? undefined : Number(port),
      useSSL: protocol === "https:",
      transport: patientTransport(protocol === "https:", silenceMs),
      accessKey,
      secretKey,
      // Without a region each first request, and each signature, asks the server for it.
      region,
      pathStyle: true,
      partSize: PART_BYTES,
    });
  }

  partsOf(bucket: string, key: string, multipartId: string): Promise<StoredPart[]> {
    return this.listParts(bucket, key, multipartId);
  }
}

export function keyOf(sha256: string): string {
  return `blobs/${sha256.slice(0, 2)}/${sha256}`;
}
