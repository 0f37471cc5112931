import { createImage, lowResolutionImages } from "@drc/imaging";
import { describe, expect, it } from "vitest";
import { splitRows } from "./split-rows.ts";
import { type CalibrationImage, checkTrainingImages, type TrainingImage } from "./training-image.ts";

/** Each row of the HR image has a value of its own. */
function image(name: string, lrWidth: number, lrHeight: number): TrainingImage {
  const hr = createImage(4 * lrWidth, 4 * lrHeight);
  hr.data.forEach((_, i) => {
    hr.data[i] = Math.floor(i / (3 * hr.width)) % 256;
  });
  return { name, hr, lrs: lowResolutionImages(hr, 4) };
}

const heights = ({ lrs, hr }: CalibrationImage) => [...lrs, ...(hr ? [hr] : [])].map(({ height }) => height);

describe("splitRows", () => {
  it("cuts each image at one place of every scale, with nothing lost", () => {
    const whole = image("a.png", 30, 100);
    const { training, validation } = splitRows([whole], () => 20);
    expect(training.map(heights)).toEqual([[80, 160, 320]]);
    expect(validation.map(heights)).toEqual([[20, 40, 80]]);
    checkTrainingImages(training, 4, 24);
    for (const [of, top, bottom] of [
      [whole.hr, training[0].hr, validation[0].hr],
      [whole.lrs[1], training[0].lrs[1], validation[0].lrs[1]],
      [whole.lrs[0], training[0].lrs[0], validation[0].lrs[0]],
    ]) {
      expect(Buffer.concat([top.data, bottom.data]).equals(of.data)).toBe(true);
    }
  });

  it("trains on an image whole where no rows of it are held out", () => {
    const images = [image("a.png", 30, 40), image("b.png", 30, 31)];
    const { training, validation } = splitRows(images, (height) => (height < 32 ? 0 : 8));
    expect(training.map(heights)).toEqual([
      [32, 64, 128],
      [31, 62, 124],
    ]);
    expect(training[1]).toEqual(images[1]);
    expect(validation.map(({ name, lrs }) => [name, lrs[0].height])).toEqual([["a.png", 8]]);
  });

  it("divides an image the same way whatever others there are", () => {
    const [a, b, c] = ["a.png", "b.png", "c.png"].map((name, i) => image(name, 30, 50 + 20 * i));
    const third = (height: number) => Math.round(height / 3);
    const alone = splitRows([b], third);
    const among = splitRows([c, b, a], third);
    expect(among.training[1]).toEqual(alone.training[0]);
    expect(among.validation[1]).toEqual(alone.validation[0]);
  });

  it("divides LR images alone", () => {
    const { name, lrs } = image("a.png", 30, 50);
    const { training, validation } = splitRows([{ name, lrs: [lrs[0]] } as CalibrationImage], () => 8);
    expect([...training, ...validation].map(heights)).toEqual([[42], [8]]);
    expect(training[0]).not.toHaveProperty("hr");
  });
});
