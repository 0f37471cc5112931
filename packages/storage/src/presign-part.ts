import { createHash, createHmac } from "node:crypto";
import type { StoreOptions } from "./store-client.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";

/**
 * A URL that takes one part by PUT, signed by AWS Signature Version 4. It binds the header `content-length`, which the
 * MinIO client leaves out: the store refuses a body of another size before it takes it.
 * @param seconds how long the URL is good, up to a week.
 */
export function presignPart(
  { endpoint, accessKey, secretKey, region, bucket }: StoreOptions,
  { key, multipartId }: { key: string; multipartId: string },
  part: { number: number; sizeBytes: number },
  seconds: number,
  now = new Date(),
): string {
  const { protocol, host } = new URL(endpoint);
  const moment = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${moment.slice(0, 8)}/${region}/s3/aws4_request`;
  const path = `/${bucket}/${key.split("/").map(escaped).join("/")}`;
  const query = Object.entries({
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": `${accessKey}/${scope}`,
    "X-Amz-Date": moment,
    "X-Amz-Expires": String(seconds),
    "X-Amz-SignedHeaders": "content-length;host",
    partNumber: String(part.number),
    uploadId: multipartId,
  })
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .join("&");
  const headers = `content-length:${part.sizeBytes}\nhost:${host}\n`;
  const request = ["PUT", path, query, headers, "content-length;host", "UNSIGNED-PAYLOAD"].join("\n");
  const toSign = [ALGORITHM, moment, scope, createHash("sha256").update(request).digest("hex")].join("\n");
  const signingKey = scope.split("/").reduce<string | Buffer>((secret, step) => hmac(secret, step), `AWS4${secretKey}`);
  return `${protocol}//${host}${path}?${query}&X-Amz-Signature=${hmac(signingKey, toSign).toString("hex")}`;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** As S3 wants it: all but letters, digits and `-._~`. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
