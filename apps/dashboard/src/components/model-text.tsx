import { Link } from "@tanstack/react-router";
import { useModel } from "./model-picker.tsx";

/** The name of a model, its identifier until that is read and where the model is gone; it leads to the model's page. */
export function ModelText({ modelId }: { modelId: string }) {
  const { data } = useModel(modelId);
  return (
    <Link to="/models/$modelId" params={{ modelId }} title={modelId}>
      {data?.name ?? modelId}
    </Link>
  );
}
