import { describe, expect, it } from "vitest";
import { duplicateKey } from "./duplicate-key.ts";
import { readSafetensors, type SafeTensor, writeSafetensors } from "./safetensors.ts";

/** A file of this header, as JSON text or to be made JSON, and so many bytes of data. */
function file(header: unknown, data: ArrayLike<number> = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const entry = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("writeSafetensors", () => {
  const tensors = new Map<string, SafeTensor>([
    ["b", { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 1e-40, 5, 6) }],
    ["raw", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) }],
    ["__proto__", { dtype: "F32", shape: [], data: Float32Array.of(7) }],
    ["empty", { dtype: "F32", shape: [0, 4], data: new Float32Array() }],
  ]);

  it("is read back as it was", () => {
    const metadata = { graph: '{"a":"\\"}', ключ: "значение" };
    const back = readSafetensors(writeSafetensors(tensors, metadata));
    expect(back.tensors).toEqual(tensors);
    expect(back.metadata).toEqual(metadata);
  });

  it("gives equal bytes for equal content in any order", () => {
    const reversed = new Map([...tensors].reverse());
    expect(writeSafetensors(reversed)).toEqual(writeSafetensors(tensors));
  });

  it("aligns the header to 8 bytes and floats to 4", () => {
    const bytes = writeSafetensors(tensors);
    const headerBytes = new DataView(bytes.buffer).getUint32(0, true);
    expect(headerBytes % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
    expect(header.b.data_offsets[0] % 4).toBe(0);
    expect(header.raw.data_offsets).toEqual([28, 31]);
  });

  it("refuses a shape that does not fit the data", () => {
    const wrong = new Map<string, SafeTensor>([["w", { dtype: "F32", shape: [2, 2], data: new Float32Array(3) }]]);
    expect(() => writeSafetensors(wrong)).toThrow('"w" of shape [2,2] has 3 values, expected 4');
  });
});

describe("readSafetensors", () => {
  it("reads from any offset in a buffer, and shares no memory with it", () => {
    const bytes = writeSafetensors(new Map([["w", { dtype: "F32", shape: [1], data: Float32Array.of(2.5) }]]));
    const shifted = Buffer.concat([Buffer.of(9, 9, 9), bytes]).subarray(3);
    const { tensors } = readSafetensors(shifted);
    shifted.fill(0);
    expect(tensors.get("w")?.data).toEqual(Float32Array.of(2.5));
  });

  it("widens half precision to float32", () => {
    const halves = [0x3c00, 0xc000, 0x0001, 0x7bff, 0x3555, 0x7c00, 0x8000];
    const brains = [0x3f80, 0xc000, 0x0080, 0x7f7f];
    const data = [...halves, ...brains].flatMap((half) => [half & 255, half >> 8]);
    const { tensors } = readSafetensors(
      file({ h: entry("F16", [halves.length], 0, 14), b: entry("BF16", [brains.length], 14, 22) }, data),
    );
    expect([...(tensors.get("h")?.data ?? [])]).toEqual([1, -2, 2 ** -24, 65504, 0.333251953125, Infinity, -0]);
    expect([...(tensors.get("b")?.data ?? [])]).toEqual([1, -2, 2 ** -126, 2 ** 127 * (2 - 2 ** -7)]);
    expect(tensors.get("h")?.dtype).toBe("F32");
  });

  const four = [0, 0, 0, 0];
  const huge = file({});
  new DataView(huge.buffer).setBigUint64(0, 2n ** 63n, true);
  const long = file({});
  new DataView(long.buffer).setBigUint64(0, 3n, true);

  it.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(), /has 0 bytes/],
    ["a header length beyond all bounds", huge, /header says 9223372036854776000 bytes, the file has 10/],
    ["a header beyond the end of the file", long, /header says 3 bytes, the file has 10: it is cut short/],
    [
      "an archive",
      new TextEncoder().encode("PK\x03\x04 archive/data.pkl"),
      /another kind, with "PK·· arc" \(50 4b 03 04 20 61 72 63\)/,
    ],
    ["a header that is not JSON", file("{"), /header is not JSON/],
    ["a header that is not UTF-8", file("x").fill(0xff, 8), /header is not JSON/],
    ["a header that is a list", file([]), /not a JSON object/],
    ["a tensor that is no object", file({ w: null }), /"w" has the dtype undefined/],
    ["an unknown dtype", file({ w: entry("F64", [1], 0, 8) }, [...four, ...four]), /"w" has the dtype "F64"; F32/],
    ["a dtype of Object.prototype", file({ w: entry("toString", [1], 0, 4) }, four), /dtype "toString"/],
    ["a negative size", file({ w: entry("F32", [-1, -1], 0, 4) }, four), /"w" has no valid shape/],
    ["a fractional size", file({ w: entry("F32", [0.5, 2], 0, 4) }, four), /"w" has no valid shape/],
    ["no offsets", file({ w: { dtype: "F32", shape: [1] } }, four), /no valid data_offsets/],
    ["a size that is not the shape's", file({ w: entry("F32", [2], 0, 4) }, four), /takes 8 bytes.*0–4/],
    ["a shape whose size overflows", file({ w: entry("F32", [2 ** 52, 2 ** 52], 0, 4) }, four), /takes .* bytes/],
    ["data beyond the end", file({ w: entry("F32", [2], 0, 8) }, four), /offsets are 0–8/],
    ["overlapping tensors", file({ a: entry("F32", [1], 0, 4), b: entry("F32", [1], 0, 4) }, four), /"b" starts at 0/],
    ["a gap", file({ a: entry("F32", [1], 4, 8) }, [...four, ...four]), /"a" starts at 4, expected 0/],
    ["bytes left over", file({ a: entry("F32", [1], 0, 4) }, [...four, 1]), /cover 4 of 5 bytes/],
    ["metadata that are no strings", file({ __metadata__: { a: 1 } }), /__metadata__ is not a map of strings/],
    [
      "a tensor twice",
      file(
        '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0077":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        four,
      ),
      /the key "w" twice/,
    ],
    [
      "a dtype twice",
      file('{"w":{"dtype":"U8","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four),
      /"dtype" twice/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(
      expect.objectContaining({ code: "SAFETENSORS_INVALID", message: expect.stringMatching(message) }),
    );
  });
});

describe("duplicateKey", () => {
  it.each([
    ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}', undefined],
    ['{"a":"a","b":["a","a",{}],"c":"\\"a\\":,{"}', undefined],
    ['{"a":[1,2],"a":2}', "a"],
    ['{"x":{"y":[],"z":1,"y":{}}}', "y"],
    ['[{"k":1},{"k":1,"k":2}]', "k"],
    ['{"\\\\":1,"\\u005c":2}', "\\"],
  ])("of %s is %s", (json, key) => expect(duplicateKey(json)).toBe(key));
});
