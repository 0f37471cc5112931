import { type CSSProperties, useEffect, useRef } from "react";

interface PictureCanvasProps {
  source: ImageBitmap | ImageData;
  /** What it shows, for those who do not see it. */
  label: string;
  /** A part of it; left out, all. */
  part?: { x: number; y: number; side: number };
  className?: string;
  style?: CSSProperties;
}

/** An image or a square part of it, pixel for pixel. */
export function PictureCanvas({ source, label, part, className, style }: PictureCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { x = 0, y = 0, side } = part ?? {};
  const width = side ?? source.width;
  const height = side ?? source.height;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, width, height);
    if (source instanceof ImageData) context.putImageData(source, -x, -y);
    else context.drawImage(source, -x, -y);
  }, [source, x, y, width, height]);
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      role="img"
      aria-label={label}
      className={className}
      style={style}
    />
  );
}
