import { createHash, randomBytes } from "node:crypto";

/** 256 random bits, as text that cookies and headers take. They need no slow hash. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
