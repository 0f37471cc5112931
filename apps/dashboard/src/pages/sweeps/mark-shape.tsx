/** Marks that are told apart by shape as well as by colour. */

/** Around 0,0, for a radius of 1. */
const SHAPES = [
  "M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z",
  "M-0.88,-0.88H0.88V0.88H-0.88Z",
  "M0,-1.15L1.05,0.75H-1.05Z",
  "M0,-1.3L1.1,0L0,1.3L-1.1,0Z",
  "M0,1.15L1.05,-0.75H-1.05Z",
  "M-0.4,-1.1H0.4V-0.4H1.1V0.4H0.4V1.1H-0.4V0.4H-1.1V-0.4H-0.4Z",
  "M0,-1.2L1.14,-0.37L0.7,0.97H-0.7L-1.14,-0.37Z",
];
const COLOURS = 5;

export interface Look {
  path: string;
  /** Variable in styles.css. */
  colour: string;
}

/** Of the method at this place in the grid: 35 are different. */
export function lookOf(index: number): Look {
  return { path: SHAPES[index % SHAPES.length], colour: `var(--series-${(index % COLOURS) + 1})` };
}

/** A mark in a text. */
export function Swatch({ look: { path, colour } }: { look: Look }) {
  return (
    <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true" className="mark-swatch">
      <path d={path} transform="scale(5)" fill={colour} />
    </svg>
  );
}
