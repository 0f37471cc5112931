import { describe, expect, it } from "vitest";
import { compositeOn, isTransparent } from "./alpha.ts";
import { createImage } from "./rgb-image.ts";

describe("alpha (field case 19)", () => {
  it("is transparent where any value is below 255", () => {
    expect(isTransparent(Uint8Array.of(255, 255))).toBe(false);
    expect(isTransparent(Uint8Array.of(255, 254))).toBe(true);
  });

  it("puts an image on a background: opaque pixels stay, clear ones become it, others are rounded between", () => {
    const image = createImage(3, 1, Uint8Array.of(10, 20, 30, 10, 20, 30, 10, 20, 30));
    compositeOn(image, Uint8Array.of(255, 0, 51), [200, 0, 255]);
    // 51/255 = 1/5: (10 + 4·200)/5 = 162, 20/5 = 4, (30 + 4·255)/5 = 210.
    expect(Array.from(image.data)).toEqual([10, 20, 30, 200, 0, 255, 162, 4, 210]);
  });
});
