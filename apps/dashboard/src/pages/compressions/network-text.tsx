import type { CreateCompressionBody } from "@drc/contracts";
import { ModelText } from "../../components/model-text.tsx";

/** Of a compression's body the network to make smaller: such as "drn-s ×4", or which model. */
export function NetworkText({ body }: { body: Record<string, unknown> }) {
  const { network, model } = body as Partial<CreateCompressionBody>;
  if (model && "modelId" in model) return <ModelText modelId={model.modelId} />;
  if (!network) return <>–</>;
  const name = "preset" in network ? network.preset : `DRN, ${network.blocks} × ${network.features} features`;
  return <>{`${name}, ×${network.scale}`}</>;
}
