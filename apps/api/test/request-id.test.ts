import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildApp } from "../src/app.ts";
import { problemOf, startApi, type TestApi } from "./support/api.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const idOf = async (given?: string) => {
  const headers = given === undefined ? {} : { "x-request-id": given };
  return (await api.app.inject({ method: "GET", url: "/healthz", headers })).headers["x-request-id"];
};

it("gives each request a UUID of its own, or takes the caller's", async () => {
  const [one, other] = [await idOf(), await idOf()];
  expect(one).toMatch(UUID);
  expect(other).not.toBe(one);
  expect(await idOf("4bf92f3577b34da6a3ce929d0e0e4736")).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
});

it.each(["short", "x".repeat(129), "line\tof a log", '12345678","level":60', "12345678 or so"])(
  "takes a new one in the place of %j",
  async (given) => {
    expect(await idOf(given)).toMatch(UUID);
  },
);

it("names it in every problem document", async () => {
  const headers = { "x-request-id": "from-the-proxy-17" };
  const answers = [
    await api.app.inject({ method: "GET", url: "/nowhere", headers }),
    await api.app.inject({ method: "GET", url: "/v1/jobs", headers }),
    await api.send({ method: "POST", url: "/v1/datasets", headers, payload: { colour: "red" } }),
  ];
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 401, 422]);
  for (const answer of answers) {
    expect(answer.headers["x-request-id"]).toBe("from-the-proxy-17");
    expect(problemOf(answer).requestId).toBe("from-the-proxy-17");
  }
});

it("stands in every line of the log about the request, and in what a broken address gets", async () => {
  const lines: { requestId?: string; msg: string }[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const app = await buildApp({ ...api.services, device: "cpu", webhooks: api.webhooks }, log);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  await fetch(`http://127.0.0.1:${port}/${"n".repeat(15_000)}`, { headers: { "x-request-id": "from-the-proxy-18" } });
  const broken = await sendRaw(port, "GET /%zz HTTP/1.1\r\nhost: x\r\nx-request-id: from-the-proxy-19\r\n\r\n");
  await app.close();
  const ofRequest = lines.filter(({ requestId }) => requestId === "from-the-proxy-18").map(({ msg }) => msg);
  expect(ofRequest).toEqual(expect.arrayContaining(["incoming request", "request completed"]));
  expect(Math.max(...lines.map((line) => JSON.stringify(line).length))).toBeLessThan(2_048);
  expect(broken).toMatch(/^HTTP\/1.1 400 /);
  expect(broken).toMatch(/x-request-id: from-the-proxy-19/);
  expect(broken).toMatch(/"requestId":"from-the-proxy-19"/);
});

function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("utf8").on("data", (chunk) => {
      answer += chunk;
      if (answer.includes("requestId")) socket.end();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}
