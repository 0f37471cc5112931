import { useCallback, useState } from "react";

/** Which part of an image is to be seen: all views of a comparison share one. */
export interface View {
  /** Screen pixels for one of the image; null shows the whole image. */
  zoom: number | null;
  /** The point of the image that stands in the middle. */
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** What a view is drawn with in a box. */
export interface Placement {
  zoom: number;
  x: number;
  y: number;
}

const LARGEST_ZOOM = 32;
export const ZOOM_STEP = 1.5;
/** From here on single pixels are shown as squares. */
export const SHARP_ZOOM = 2;

export function fitZoom(image: Size, box: Size): number {
  return Math.min(box.width / image.width, box.height / image.height) || 1;
}

/** Where the top left corner of the image stands, and how large its pixels are. The middle stays in the image. */
export function placementOf(view: View, image: Size, box: Size): Placement {
  const fit = fitZoom(image, box);
  const zoom = view.zoom === null ? fit : Math.min(Math.max(view.zoom, Math.min(fit, 1)), LARGEST_ZOOM);
  const along = (middle: number, length: number, space: number) => {
    // An image that has room is in the middle; one that has none leaves none empty.
    if (length * zoom <= space) return (space - length * zoom) / 2;
    return Math.min(0, Math.max(space - length * zoom, space / 2 - middle * zoom));
  };
  return { zoom, x: along(view.x, image.width, box.width), y: along(view.y, image.height, box.height) };
}

export interface ViewControl {
  view: View;
  /** Screen pixels for one of the image, as it is shown. */
  shownZoom: number;
  /** What the windows tell: they all have one size. */
  setBox(box: Size): void;
  /** Times this, about the middle. */
  scaleBy(factor: number): void;
  /** The middle is put there. */
  goTo(point: { x: number; y: number }, zoom?: number): void;
  /** By so many pixels of the screen. */
  move(dx: number, dy: number, box: Size): void;
  /** Times this; the point of the box that is named keeps its place. */
  scale(factor: number, box: Size, at?: { x: number; y: number }): void;
  fit(): void;
}

export function useView(image: Size): ViewControl {
  const { width, height } = image;
  const [view, setView] = useState<View>({ zoom: null, x: width / 2, y: height / 2 });
  const goTo = useCallback(
    (point: { x: number; y: number }, zoom?: number) => setView((old) => ({ zoom: zoom ?? old.zoom, ...point })),
    [],
  );
  const move = useCallback(
    (dx: number, dy: number, box: Size) =>
      setView((old) => {
        const { zoom, x, y } = placementOf(old, { width, height }, box);
        const middle = (corner: number, space: number, by: number) => (space / 2 - corner - by) / zoom;
        return settled({ ...old, x: middle(x, box.width, dx), y: middle(y, box.height, dy) }, { width, height }, box);
      }),
    [width, height],
  );
  const scale = useCallback(
    (factor: number, box: Size, at = { x: box.width / 2, y: box.height / 2 }) =>
      setView((old) => {
        const size = { width, height };
        const before = placementOf(old, size, box);
        const fit = fitZoom(size, box);
        const zoom = Math.min(Math.max(before.zoom * factor, fit), LARGEST_ZOOM);
        if (zoom <= fit) return { zoom: null, x: width / 2, y: height / 2 };
        const point = { x: (at.x - before.x) / before.zoom, y: (at.y - before.y) / before.zoom };
        const middle = { x: point.x + (box.width / 2 - at.x) / zoom, y: point.y + (box.height / 2 - at.y) / zoom };
        return settled({ zoom, ...middle }, size, box);
      }),
    [width, height],
  );
  const fit = useCallback(() => setView({ zoom: null, x: width / 2, y: height / 2 }), [width, height]);
  const [box, setBox] = useState<Size>({ width, height });
  const scaleBy = (factor: number) => scale(factor, box);
  const shownZoom = placementOf(view, { width, height }, box).zoom;
  return { view, shownZoom, setBox, scaleBy, goTo, move, scale, fit };
}

/** The middle as it is shown, so that crops are of what stands there. */
function settled(view: View, image: Size, box: Size): View {
  const { zoom, x, y } = placementOf(view, image, box);
  return { ...view, x: (box.width / 2 - x) / zoom, y: (box.height / 2 - y) / zoom };
}
