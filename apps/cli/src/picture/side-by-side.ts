import { cropImage, type RgbImage } from "@drc/imaging";
import { Canvas, type Colour } from "./canvas.ts";
import { detailedWindow } from "./detailed-window.ts";

export interface PictureCell {
  label: string;
  image: RgbImage;
}

export interface PictureRow {
  title: string;
  /** Equally large images of the same scene; the last one is the HR image, by which the window is chosen. */
  cells: PictureCell[];
}

const WINDOW = 128;
const ZOOM = 2;
const TEXT_SIZE = 2;
const GAP = 12;
const LINE = 24;
const BACKGROUND: Colour = [250, 250, 250];
const INK: Colour = [30, 30, 30];
const FAINT: Colour = [110, 110, 110];

/** The most detailed window of each scene, as each of its images shows it, side by side with labels below. */
export function sideBySide(rows: readonly PictureRow[]): RgbImage {
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  const cell = WINDOW * ZOOM;
  const rowHeight = LINE + cell + LINE + GAP;
  const canvas = new Canvas(GAP + columns * (cell + GAP), GAP + rows.length * rowHeight, BACKGROUND);
  rows.forEach(({ title, cells }, i) => {
    const top = GAP + i * rowHeight;
    canvas.text(title, GAP, top, TEXT_SIZE, FAINT);
    const hr = cells[cells.length - 1].image;
    const size = Math.min(WINDOW, hr.width, hr.height);
    const { x, y } = detailedWindow(hr, size);
    cells.forEach(({ label, image }, column) => {
      const left = GAP + column * (cell + GAP);
      canvas.paste(cropImage(image, x, y, size, size), left, top + LINE, ZOOM);
      canvas.text(label, left, top + LINE + cell + 6, TEXT_SIZE, INK);
    });
  });
  return canvas.image;
}
