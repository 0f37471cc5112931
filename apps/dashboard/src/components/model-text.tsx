import { Link } from "@tanstack/react-router";
import { MODELS, useRecordName } from "./records.ts";

/** A model by its name, which leads to its page. */
export function ModelText({ modelId }: { modelId: string }) {
  return (
    <Link to="/models/$modelId" params={{ modelId }} title={modelId}>
      {useRecordName(MODELS, modelId)}
    </Link>
  );
}
