import { Button } from "@mantine/core";

interface Props {
  /** How many come before what is shown. */
  after: number;
  /** How many are shown at once. */
  length: number;
  total: number;
  onChange(after: number): void;
}

/** Moves along a list of known length, a window at a time. */
export function WindowButtons({ after, length, total, onChange }: Props) {
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        disabled={after === 0}
        onClick={() => onChange(Math.max(0, after - length))}
      >
        Before
      </Button>
      <Button
        variant="default"
        size="compact-sm"
        disabled={after + length >= total}
        onClick={() => onChange(after + length)}
      >
        Next
      </Button>
    </>
  );
}
