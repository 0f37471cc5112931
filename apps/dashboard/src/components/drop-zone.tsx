import { type DragEvent, type ReactNode, useState } from "react";

interface DropZoneProps {
  onDrop(dropped: DataTransfer): void;
  /** What says so, with buttons that do the same. */
  children: ReactNode;
}

/** Where files are dropped. Without a mouse they are chosen by the buttons inside. */
export function DropZone({ onDrop, children }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onDrop(event.dataTransfer);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside do the same without a mouse
    <div className="drop-zone" data-over={isOver} onDragOver={over} onDragLeave={() => setOver(false)} onDrop={drop}>
      {children}
    </div>
  );
}
