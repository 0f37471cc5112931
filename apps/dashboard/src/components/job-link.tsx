import type { JobKind } from "@drc/contracts";
import { Link } from "@tanstack/react-router";

interface Named {
  id: string;
  name?: string | null;
  kind?: JobKind;
}

/** A job by its name, or by its identifier where it has none; long names are cut, with the whole one as a title. */
export function JobLink({ id, name }: Named) {
  return (
    <Link className="record-link" to="/jobs/$jobId" params={{ jobId: id }} title={name ?? id}>
      {name ?? <span className="mono">{id}</span>}
    </Link>
  );
}

export function CompressionLink({ id, name }: Named) {
  return (
    <Link className="record-link" to="/compressions/$compressionId" params={{ compressionId: id }} title={name ?? id}>
      {name ?? <span className="mono">{id}</span>}
    </Link>
  );
}

export function SweepLink({ id, name }: Named) {
  return (
    <Link className="record-link" to="/sweeps/$sweepId" params={{ sweepId: id }} search={{}} title={name ?? id}>
      {name ?? <span className="mono">{id}</span>}
    </Link>
  );
}
