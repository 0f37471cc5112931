import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const VERSION = "v1";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed text cannot be read: it was sealed with another key, for another owner, or was changed. */
export class SealError extends Error {
  constructor() {
    super("It was encrypted with another key.");
    this.name = "SealError";
  }
}

/** Encrypts small texts at rest: AES-256-GCM with one key, bound to the identifier of what they belong to. */
export class SecretBox {
  private readonly key: Buffer;

  /** @param key 64 hexadecimal digits. */
  constructor(key: string) {
    if (!/^[0-9a-f]{64}$/i.test(key)) throw new Error("The key has to have 64 hexadecimal digits.");
    this.key = Buffer.from(key, "hex");
  }

  /** @param owner of the text; `open` gives it back for the same one only. */
  seal(text: string, owner: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.key, nonce).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64url")}`;
  }

  /** @throws SealError */
  open(sealed: string, owner: string): string {
    const [version, encoded] = sealed.split(".");
    const bytes = Buffer.from(encoded ?? "", "base64url");
    if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealError();
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", this.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(owner)).setAuthTag(tag);
    try {
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch {
      throw new SealError();
    }
  }
}
