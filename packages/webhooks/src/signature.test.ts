import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { newWebhookSecret, signWebhook, verifyWebhook } from "./signature.ts";

const content = {
  id: "msg_1",
  timestamp: 1_700_000_000,
  body: Buffer.from('{"text": "\u00fc \ud83d\udc0b", "n": 1.0}'),
};

it("makes secrets of 32 random bytes", () => {
  const secrets = [newWebhookSecret(), newWebhookSecret()];
  expect(secrets[0]).not.toBe(secrets[1]);
  for (const secret of secrets) expect(Buffer.from(secret.replace(/^whsec_/, ""), "base64")).toHaveLength(32);
});

it("signs as another implementation does (field case 56)", () => {
  const secret = newWebhookSecret();
  const expected = new Webhook(secret).sign(content.id, new Date(content.timestamp * 1000), content.body.toString());
  expect(signWebhook([secret], content)).toBe(expected);
});

it("verifies by either of two secrets, and nothing that was changed", () => {
  const [newer, older, other] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()];
  const header = signWebhook([newer, older], content);
  expect([newer, older, other].map((secret) => verifyWebhook(secret, content, header))).toEqual([true, true, false]);
  const changed = [
    { ...content, id: "msg_2" },
    { ...content, timestamp: content.timestamp + 1 },
    { ...content, body: Buffer.from(content.body.toString().replace("1.0", "1")) },
  ];
  for (const one of changed) expect(verifyWebhook(newer, one, header)).toBe(false);
  for (const header of ["", "v1", "v1,", "v1a,AAAA", signWebhook([newer], content).replace("v1", "v2")]) {
    expect(verifyWebhook(newer, content, header)).toBe(false);
  }
});
