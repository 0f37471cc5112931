import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef } from "react";
import { PictureCanvas } from "./picture-canvas.tsx";
import { type Placement, placementOf, SHARP_ZOOM, type Size, type ViewControl, ZOOM_STEP } from "./use-view.ts";

/** Pixels of the screen that an arrow key moves by. */
const KEY_STEP = 40;

/** Where the image goes when the window looks there. */
const ARROWS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["ArrowLeft", [1, 0]],
  ["ArrowRight", [-1, 0]],
  ["ArrowUp", [0, 1]],
  ["ArrowDown", [0, -1]],
]);

interface ViewportProps {
  label: string;
  image: Size;
  control: ViewControl;
  children(placement: Placement, box: Size): ReactNode;
}

/** A window on an image: drag or arrow keys move it, plus and minus and the wheel zoom, 0 shows all of it. */
export function Viewport({ label, image, control, children }: ViewportProps) {
  const { ref: measured, width, height } = useElementSize<HTMLElement>();
  const element = useRef<HTMLElement | null>(null);
  const dragged = useRef<{ x: number; y: number } | null>(null);
  const box = { width, height };
  const { view, move, scale, fit, setBox } = control;

  useEffect(() => {
    if (width > 0) setBox({ width, height });
  }, [setBox, width, height]);

  useEffect(() => {
    const target = element.current;
    if (!target) return;
    // Without focus the wheel goes on scrolling the page.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !target.contains(document.activeElement)) return;
      event.preventDefault();
      const { left, top } = target.getBoundingClientRect();
      const at = { x: event.clientX - left, y: event.clientY - top };
      scale(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, { width, height }, at);
    };
    target.addEventListener("wheel", onWheel, { passive: false });
    return () => target.removeEventListener("wheel", onWheel);
  }, [scale, width, height]);

  const onKeyDown = (event: KeyboardEvent) => {
    // The arrow keys of the slider are its own.
    if (event.target !== event.currentTarget && event.key.startsWith("Arrow")) return;
    const act = keyAction(event.key, control, box);
    if (!act) return;
    event.preventDefault();
    act();
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0 || (event.target as Element).closest('[data-rcs="handle-root"]')) return;
    dragged.current = { x: event.clientX, y: event.clientY };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = ({ clientX, clientY }: PointerEvent) => {
    const from = dragged.current;
    if (!from) return;
    dragged.current = { x: clientX, y: clientY };
    move(clientX - from.x, clientY - from.y, box);
  };
  const onPointerEnd = () => {
    dragged.current = null;
  };

  return (
    <section
      ref={(node) => {
        element.current = node;
        measured(node);
      }}
      className="viewport"
      role="group"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse moves and zooms it with keys
      tabIndex={0}
      data-zoomed={view.zoom !== null}
      style={{ aspectRatio: `${image.width} / ${image.height}` }}
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerEnd}
      onPointerCancel={onPointerEnd}
      onDoubleClick={fit}
    >
      {width > 0 && children(placementOf(view, image, box), box)}
    </section>
  );
}

function keyAction(key: string, { move, scale, fit }: ViewControl, box: Size): (() => void) | undefined {
  const direction = ARROWS.get(key);
  if (direction) return () => move(KEY_STEP * direction[0], KEY_STEP * direction[1], box);
  if (key === "+" || key === "=") return () => scale(ZOOM_STEP, box);
  if (key === "-") return () => scale(1 / ZOOM_STEP, box);
  return key === "0" ? fit : undefined;
}

interface LayerProps {
  source: ImageBitmap | ImageData;
  name: string;
  placement: Placement;
  box: Size;
  /** The side at which its name stands. */
  side?: "left" | "right";
}

/** One image in a viewport, under its name. */
export function Layer({ source, name, placement: { zoom, x, y }, box, side = "left" }: LayerProps) {
  return (
    <div className="viewport-layer" style={{ width: box.width, height: box.height }}>
      <PictureCanvas
        source={source}
        label={name}
        style={{
          transform: `translate(${x}px, ${y}px) scale(${zoom})`,
          imageRendering: zoom >= SHARP_ZOOM ? "pixelated" : undefined,
        }}
      />
      <span className="viewport-name" data-side={side}>
        {name}
      </span>
    </div>
  );
}
